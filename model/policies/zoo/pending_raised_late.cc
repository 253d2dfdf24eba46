// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// pending-raised-late: full-mm, and that a flush is owed is to be seen only when the locks of the
// page tables have been dropped. Z3 (0a2c40487f3e), which was about the order of two stores in
// memory: that of the flag was kept in its place by a compiler barrier. Here the two change places.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class PendingRaisedLate final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    MmuGather& gather = t.gather();
    gather = MmuGather{};
    gather.caller_start = static_cast<uint8_t>(range.begin);
    gather.caller_end = static_cast<uint8_t>(range.end);
    ResetRange(gather);
  }
  void EndVma(const Thread& t) const override {
    Raise(t);
    GatherProtocol::EndVma(t);
  }
  void Finish(const Thread& t) const override {
    Raise(t);
    GatherProtocol::Finish(t);
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }

 private:
  static void Raise(const Thread& t) {
    if (t.gather().live == 0) RaisePending(t);
  }
};

const PendingRaisedLate kProtocol{};
constexpr Policy kPolicy("pending-raised-late",
                         "as full-mm; the count is raised behind the locks of the page tables",
                         "Z3", kProtocol,
                         {.group = PolicyGroup::kVariant, .base = "full-mm", .peeks = true});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
