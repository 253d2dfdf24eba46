// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// move-asks: full-mm, and mremap with MREMAP_DONTUNMAP, having moved what there is, looks whether a
// gather is live, and flushes the old range if so. A repair of S3 (docs/suspicions.md).
#include "model/policies/zoo/guard.h"

namespace gatherfuzz {
namespace {

class MoveAsks final : public FullMmGuard {
 public:
  void MovedWithoutUnmap(const Thread& t, PageRange range) const override {
    if (AnyPending(t)) FlushRange(t, range);
  }
};

const MoveAsks kProtocol{};
constexpr Policy kPolicy(
    "move-asks", "as full-mm; mremap that does not unmap flushes the range if any gather is live",
    "a repair of S3", kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
