// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// protect-not-counted: full-mm, with a count of its own that whoever takes the right to write away
// is not in: it clears under the lock, flushes behind it, and nobody can tell. So did clear_refs
// before b3a81d0841a9 (the caller's half of Z7), under mmap_lock for reading; it holds that for
// writing by now, so userfaultfd shows it here.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

struct Count {
  uint8_t live;
};

class ProtectNotCounted final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    if (!Counts(t)) return;
    UpdatePolicyState<Count>(t, Point::policy_rmw, [](Count& count) { ++count.live; });
  }
  bool AtRest(const World& world) const override { return ReadPolicyState<Count>(world).live == 0; }

 protected:
  void Finishing(const Thread& t) const override {
    if (LoadPolicyState<Count>(t).live > (Counts(t) ? 1 : 0)) MakeFullMm(t.gather());
  }
  void BeforeDec(const Thread& t) const override {
    if (!Counts(t)) return;
    UpdatePolicyState<Count>(t, Point::policy_rmw, [](Count& count) { --count.live; });
  }

 private:
  static bool Counts(const Thread& t) { return t.self().call.kind != CallKind::kProtect; }
};

const ProtectNotCounted kProtocol{};
constexpr Policy kPolicy("protect-not-counted",
                         "as full-mm, with a count that leaves out who takes write access away",
                         "Z7's caller", kProtocol,
                         {.group = PolicyGroup::kVariant, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
