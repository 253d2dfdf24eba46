// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Interleaving features: what tells that an order is new, to a fuzzing engine (fuzz/feature_map.h)
// or to who compares corpora.
//
// Code coverage of a model this small goes flat in seconds. Each cell of this map stands for
// something telling that a run did:
//  - a pair: a step of one agent followed by a conflicting step of another at the same page-table
//    entry, lock, counter, TLB or queue, and whether the page was then cleared by somebody else and
//    not yet flushed; and a window: the same with the step before these two at that place;
//  - a state, when a gather counts, flushes or ends, when a table is freed and when a call returns:
//    if others have cleared something in its range and not flushed it, what (pages, huge pages,
//    tables), whether a TLB still holds it, how many gathers are live, what this one has recorded,
//    queued and flushed, and whether deliveries are pending;
//  - a shape, when a gather begins: what its range holds (huge leaves, tables, holes), who is live;
//  - a wait, when a call returns: how far those that wait in finish have been overtaken;
//  - an old value: the step that loaded it, and how old it was.
// CPUs and pages are not told apart, so CPUs can be renamed and pages shifted by whole tables
// without a change. A cell is 1 or 0. Only telling steps are looked at, since each cell that is set
// costs an engine some 25 ns an execution. docs/fuzzing.md says what the features are worth.
// Faithfulness: what is owed is this file's own reckoning and may err after odd turns (a page that
// is cleared by a call which holds no gather); no verdict rests on it.
#ifndef GATHERFUZZ_HARNESS_FEATURES_H_
#define GATHERFUZZ_HARNESS_FEATURES_H_

#include <array>

#include "harness/execution.h"

namespace gatherfuzz {

inline constexpr size_t kFeatureCells = 4096;

// Watches runs and sets cells of a map of kFeatureCells bytes, which the caller clears. One run
// after another: BeginRun() before each.
class Features final : public StepObserver {
 public:
  void BeginRun(uint8_t* map);
  // A step at one of points(). RunOptions::features has runs call it without a virtual call.
  void See(AgentId agent, Point point, int page, const World& before, int old = 0);
  void OnStep(const StepEvent& event, const World& before) override {
    See(event.agent, event.point, event.page, before, event.old);
  }
  PointMask points() const override { return kTellingPoints; }

 private:
  struct Made {
    AgentId agent{};
    Point point{};
    int page = kNoPage;
  };
  // What a CPU has cleared since its last completed flush.
  struct Debt {
    uint64_t small = 0;   // pages
    uint16_t huge = 0;    // blocks
    uint16_t tables = 0;  // blocks whose PTE table was unlinked
  };
  struct Toucher {
    AgentId agent{};
    Point point = kNoPoint;
    Point previous = kNoPoint;  // the step before that, at the same place
    bool writes = false;
  };
  static constexpr int kPlaces = kPages + 2 * kPmds + 2 * kPuds + kThings;

  [[gnu::always_inline]] void Pair(const Made& step);
  void Clear(const Made& step, const World& before);
  void State(const Made& step, const World& before);
  void Shape(const Made& step, const World& before);
  void Waits(const World& before);
  void Pays(const Made& step, const World& before);
  Debt ForeignDebt(CpuId cpu) const;
  void Pay(CpuId cpu);
  void Set(size_t region, uint32_t value);

  uint8_t* map_ = nullptr;
  std::array<Toucher, kPlaces> touched_{};
  std::array<Debt, kMaxCpus> debts_{};
  Debt all_;              // of all CPUs together
  uint32_t flushed_ = 0;  // bit mask of CPUs that have flushed since their gather began
  std::array<uint8_t, kMaxCpus> last_bits_{};  // of each CPU's last gather
  std::array<uint16_t, kMaxCpus> looked_{};    // what each has read of tlb_flush_batched last
  std::array<uint8_t, kMaxCpus> raised_{};     // how often it was raised since
  uint32_t paying_ = 0;                        // bit mask of CPUs that flush for reclaim
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_FEATURES_H_
