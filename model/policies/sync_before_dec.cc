// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// sync-before-dec: waits until its own count is the only one left. Two finishers wait for each
// other.
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

class SyncBeforeDec final : public GatherProtocol {
 protected:
  void Finishing(const Thread&) const override {}
  void BeforeDec(const Thread& t) const override {
    WaitInFinish(t, [](const World& world, int) { return world.mm.tlb_flush_pending == 1; });
  }
};

const SyncBeforeDec kProtocol{};
constexpr PolicyTraits kTraits{
    .waits = true, .recalls = false, .loads = {WhenLoaded::kInWait, WhenLoaded::kNever}};
constexpr Policy kPolicy("sync-before-dec",
                         "as sync-finish, but waits before lowering its own count",
                         "the easy way to get sync-finish wrong", kProtocol, kTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
