// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reap-whole: full-mm, and the OOM reaper has one gather for the whole mm. That is a fullmm gather,
// which on arm64 flushes nothing unless tables are freed, since whoever tears down a whole mm is
// alone in it; the reaper is not. Z9 (687cb0884a71).
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ReapWhole final : public GatherProtocol {
 public:
  Protection Protects() const override { return {.reaps_whole = true}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const ReapWhole kProtocol{};
constexpr Policy kPolicy("reap-whole",
                         "as full-mm; the OOM reaper tears all down in one fullmm gather", "Z9",
                         kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
