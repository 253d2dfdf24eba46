// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// upper-table-at-once: full-mm, but PMD tables do not go through the gather: they are freed as they
// are unlinked. Z31, the free functions of riscv for upper levels. Faithful in shape; made up is
// that all else goes the way of x86 or arm64.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class UpperTableAtOnce final : public GatherProtocol {
 public:
  void RemoveTable(const Thread& t, FrameId table, int page, Level level) const override {
    if (level == Level::kPte) return GatherProtocol::RemoveTable(t, table, page, level);
    FreeTable(t, {table, static_cast<uint8_t>(page), level});
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const UpperTableAtOnce kProtocol{};
constexpr Policy kPolicy("upper-table-at-once", "as full-mm, but frees PMD tables past the gather",
                         "Z31", kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
