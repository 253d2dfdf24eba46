// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// sync-finish: no finish completes until every concurrent gather has. The count is lowered first,
// so two finishers cannot block each other; but the wait is for a count of zero, and newcomers keep
// it up.
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

class SyncFinish final : public GatherProtocol {
 protected:
  void Finishing(const Thread&) const override {}
  void AfterDec(const Thread& t) const override {
    WaitInFinish(t, [](const World& world, int) { return world.mm.tlb_flush_pending == 0; });
  }
};

const SyncFinish kProtocol{};
constexpr PolicyTraits kTraits{
    .waits = true, .recalls = false, .loads = {WhenLoaded::kAfterDec, WhenLoaded::kNever}};
constexpr Policy kPolicy("sync-finish",
                         "flushes its own range, lowers the count, waits for it to be zero",
                         "Peter Zijlstra, 9 and 13 May 2019", kProtocol, kTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
