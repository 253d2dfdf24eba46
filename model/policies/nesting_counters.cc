// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// nesting-counters: the mm counts, for each of the gather's bits, the live gathers that have set
// it.
//
// A gather raises a counter the first time it sets the bit, which is under the page-table lock, and
// lowers it when it completes, after its flush. A finish that finds others live flushes the
// caller's range with the bits whose counters are up, in place of its own.
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

enum Bits : size_t { kFreedTables, kPtes, kPmds, kPuds, kBitCount };

struct Counters {
  std::array<uint8_t, kBitCount> live;           // gathers that have set the bit
  std::array<uint8_t, kMaxCpus> counted_by_cpu;  // which bits a live gather has counted, as a mask
};

class NestingCounters final : public Protocol51 {
 public:
  void RemoveTlbEntry(const Thread& t, int page, Level level) const override {
    GatherProtocol::RemoveTlbEntry(t, page, level);
    CountOnce(t, 1u << (level == Level::kPte ? kPtes : kPmds));
  }
  void RemoveTable(const Thread& t, FrameId table, int page, Level level) const override {
    GatherProtocol::RemoveTable(t, table, page, level);
    CountOnce(t, 1u << kFreedTables | 1u << (level == Level::kPte ? kPmds : kPuds));
  }
  bool AtRest(const World& world) const override {
    const auto counters = ReadPolicyState<Counters>(world);
    return counters.live == Counters{}.live && counters.counted_by_cpu == Counters{}.counted_by_cpu;
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (!FlushNested(t)) return;
    const auto counters = LoadPolicyState<Counters>(t);
    MmuGather& gather = t.gather();
    AdjustRange(gather, CallerRange(gather));
    gather.freed_tables = counters.live[kFreedTables] != 0;
    gather.cleared_ptes = counters.live[kPtes] != 0;
    gather.cleared_pmds = counters.live[kPmds] != 0;
    gather.cleared_puds = counters.live[kPuds] != 0;
  }
  void BeforeDec(const Thread& t) const override {
    if (CountedBy(t) == 0) return;
    UpdatePolicyState<Counters>(t, Point::policy_rmw, [&](Counters& counters) {
      Add(counters, CountedBy(t), -1);
      counters.counted_by_cpu[Index(t.cpu)] = 0;
    });
  }

 private:
  static unsigned CountedBy(const Thread& t) {
    return ReadPolicyState<Counters>(t.world()).counted_by_cpu[Index(t.cpu)];
  }
  static void Add(Counters& counters, unsigned bits, int change) {
    for (size_t bit = 0; bit < kBitCount; ++bit) {
      if ((bits >> bit & 1) == 0) continue;
      counters.live[bit] = static_cast<uint8_t>(counters.live[bit] + change);
    }
  }
  static void CountOnce(const Thread& t, unsigned bits) {
    const unsigned fresh = bits & ~CountedBy(t);
    if (fresh == 0) return;
    UpdatePolicyState<Counters>(t, Point::policy_rmw, [&](Counters& counters) {
      Add(counters, fresh, 1);
      counters.counted_by_cpu[Index(t.cpu)] |= static_cast<uint8_t>(fresh);
    });
  }
};

const NestingCounters kProtocol{};
constexpr Policy kPolicy("nesting-counters",
                         "the caller's range, with per-mm counters of each bit in place of its own",
                         "Nadav Amit in the mail, 9 May 2019", kProtocol,
                         {.recalls = false,
                          .loads = {WhenLoaded::kInFinish, WhenLoaded::kAnytime}});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
