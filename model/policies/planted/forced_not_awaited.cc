// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// forced-not-awaited: a forced flush issues its invalidation and does not wait for it. The next one
// waits, and so does finish.
//
// Base: full-mm. Published: Z18 (TLBI without DSB), Z19 (pages freed before the flush). To be seen:
// one CPU, and a program that fills a batch; one constraint: a page of the batch is freed before
// the delivery to a CPU that has it cached.
#include "model/arch/arch.h"
#include "model/machine/invalidation.h"
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ForcedNotAwaited final : public GatherProtocol {
 public:
  bool RemovePage(const Thread& t, FrameId frame, int page, Level level) const override {
    const bool full = GatherProtocol::RemovePage(t, frame, page, level);
    if (full) OwnNote(t) = kFull;
    return full;
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
  void ArchFlush(const Thread& t, const MmuGather& gather) const override {
    if (OwnNote(t) != kFull) return GatherProtocol::ArchFlush(t, gather);
    Invalidation request{};
    if (ArchRequest(t, gather, request)) IssueInvalidation(t, request);
    OwnNote(t) = kIssued;
  }
  void BeforeDec(const Thread& t) const override {
    if (OwnNote(t) == kIssued) AwaitInvalidation(t);
    OwnNote(t) = 0;
  }

 private:
  enum Forced : uint8_t { kNotYet, kFull, kIssued };
};

const ForcedNotAwaited kProtocol{};
constexpr Policy kPolicy("forced-not-awaited",
                         "as full-mm, but a forced flush does not wait for delivery", "Z18, Z19",
                         kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
