// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Who may clash with a step, by brute force: in every reachable state of small programs, every step
// that can be made against every other one, and against what was said before it.
#include "explore/clash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "explore/explore.h"
#include "explore/independence.h"
#include "explore/key.h"
#include "tests/small_program.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

using enum Point;

bool Within(const Actions& a, const Actions& b) {
  return (a.agents & ~b.agents) == 0 && (a.deliveries & ~b.deliveries) == 0 &&
         (a.late & ~b.late) == 0;
}

bool Within(const Future& a, const Future& b) {
  return ((a.accesses & ~b.accesses) | (a.fills & ~b.fills) | (a.zaps & ~b.zaps) |
          (a.unmaps & ~b.unmaps) | (a.does & ~b.does)) == 0 &&
         (a.pte_locks & ~b.pte_locks) == 0;
}

#pragma GCC diagnostic ignored "-Wswitch-enum"  // below: of most steps nothing has to be said

// Whether a thread in `op` that makes the step has said so.
bool Says(const Future& future, const Op& op, PendingStep step) {
  const Operands operands = Info(op.kind).operands;
  const bool call = operands != Operands::kPage && operands != Operands::kMap;
  const uint64_t page = step.page < 0 ? 0 : PageBit(step.page);
  const uint64_t block = step.page < 0 ? 0 : MaskOf({step.page & ~3, (step.page & ~3) + 4});
  const auto does = [&](unsigned what) { return (future.does & what) == what; };
  switch (step.point) {
    case mmap_read_lock: return does(Future::kLocksMmap);
    case mmap_write_lock: return does(Future::kLocksMmap | Future::kWritesMmap);
    case pte_lock: return (future.pte_locks >> step.page / kPagesPerPmd & 1) != 0;
    case pending_inc:
    case pending_inc_later: return does(Future::kGathers | Future::kBegins);
    case pending_read:
    case finish_wait: return does(Future::kGathers | Future::kAsks);
    case pending_dec:
    case policy_read:
    case policy_write:
    case policy_rmw: return does(Future::kGathers);
    case tlb_flush: return does(Future::kFlushes);
    case free_page: return does(call ? Future::kFlushes : Future::kTakesFrames);
    case pte_table_unlink:
    case pmd_table_unlink:
    case free_table: return does(Future::kFlushes) && future.unmaps != 0;
    case alloc_page:
    case pud_populate:
    case pmd_populate: return does(Future::kTakesFrames);
    case access:
    case walk_pud:
    case walk_pmd:
    case walk_pte: return (future.accesses & page) != 0;
    case pte_read:
    case pte_clear:
    case pte_marker:
    case pte_set: return ((call ? future.zaps : future.accesses) & page) != 0;
    case pmd_set:
    case pmd_invalidate:
    case pmd_clear: return ((call ? future.zaps : future.accesses) & block) != 0;
    case rmap_lock:
    case start_io: return (future.zaps & page) != 0;
    case rmap_unlink: return future.unmaps != 0;
    case pmd_move: return ((future.zaps & future.unmaps) & block) != 0;
    case pte_accessible: return does(Future::kAsks);
    case batched_inc:
    case batched_read:
    case batched_cmpxchg: return future.pte_locks != 0;
    case syscall_return: return !call || (future.zaps & MaskOf(op.range)) == MaskOf(op.range);
    default: return true;
  }
}

// What was tried, over all programs.
struct Tried {
  std::map<std::pair<Rule, Point>, uint64_t> steps;  // for which a rule speaks
  std::map<Rule, uint64_t> pairs;                    // of such a step and one that cannot clash
  std::map<Point, uint64_t> blocked;                 // threads whose blockers are known, by step
  uint64_t states = 0, programs = 0, whole = 0;
  uint64_t waited_for_late = 0;  // threads, by states
};

// Every state of one program.
class EveryPair {
 public:
  EveryPair(const Schedule& schedule, const Policy& policy, const Arch& arch, Tried& tried)
      : independence_(schedule, policy, 0, kAllRules), tried_(tried) {
    stepper_.Begin(schedule, policy, arch);
    name_ = std::string(policy.name()) + " " + std::string(arch.name()) + "\n" +
            PrintText({.schedule = schedule});
  }

  void Try(uint64_t most) {
    most_ = most;
    Visit();
    ++tried_.programs;
    tried_.states += seen_.size();
    tried_.whole += seen_.size() < most;
  }

 private:
  struct Mark {
    size_t steps;
    Stepper::Snapshot snapshot;
  };

  std::unique_ptr<Mark> Here() const {
    auto mark = std::make_unique<Mark>();
    mark->steps = path_.size();
    if (kFibersCanGoBack) stepper_.Save(mark->snapshot);
    return mark;
  }
  void GoBackTo(const Mark& mark) {
    path_.resize(mark.steps);
    if (kFibersCanGoBack) return stepper_.GoBackTo(mark.snapshot);
    stepper_.Restart();
    for (const Action action : path_) stepper_.Step(action);
  }
  bool Step(Action action) {
    path_.push_back(action);
    return stepper_.Step(action);
  }

  void Visit() {
    if (seen_.size() >= most_ || testing::Test::HasFailure()) return;
    if (!seen_.insert(writer_->KeyOf(stepper_)).second) return;
    const std::unique_ptr<Mark> here = Here();
    const Actions able = stepper_.Able();
    for (Actions rest = able; !rest.empty();) TryStep(*here, able, rest.TakeFirst());
    if (testing::Test::HasFailure()) return;
    for (int i = 0; i < stepper_.world().cpu_count; ++i) TryBlocked(*here, able, MakeCpu(i));
    if (testing::Test::HasFailure()) return;
    for (Actions rest = able; !rest.empty();) {
      const Action action = rest.TakeFirst();
      const bool clean = TryFutures(action);
      if (clean) Visit();
      GoBackTo(*here);
    }
  }

  Clashers With(Action action) const { return independence_.ClashesIn(stepper_).With(action); }

  // A step that a rule speaks for, with everybody who cannot clash with it.
  void TryStep(const Mark& here, const Actions& able, Action action) {
    const Clashers with = With(action);
    if (!with.known) return;
    ++tried_.steps[{with.rule, stepper_.Next(action).point}];
    for (Actions rest = able; !rest.empty();) {
      const Action other = rest.TakeFirst();
      const bool said = with.agents.contains(other) || with.agents.contains(MoverOf(other));
      const bool same = MoverOf(other) == MoverOf(action) && (IsOld(other) || IsOld(action));
      if (IsOld(other) && !able.contains(MoverOf(other))) return;  // no rule is asked then
      if (other == action || said || same || testing::Test::HasFailure()) continue;
      ++tried_.pairs[with.rule];
      TryPair(here, action, with, other);
    }
  }

  // What comes of two steps.
  struct Outcome {
    ViolationKind kind = ViolationKind::kNone;  // of the one that may end in one
    std::vector<uint64_t> words;
  };

  void TryPair(const Mark& here, Action action, const Clashers& with, Action other) {
    const std::string pair = NameOf(with.rule) + std::string(": ") + Name(action) + ", " +
                             Name(other) + ", after " + std::to_string(path_.size());
    Outcome first, last;
    ASSERT_TRUE(Step(action)) << pair << ": it violates\n" << name_;
    ASSERT_TRUE(stepper_.Able(other)) << pair << ": the other cannot move any more\n" << name_;
    if (Step(other)) {
      first.words = Words();
    } else {
      first.kind = stepper_.violation().kind;
    }
    GoBackTo(here);
    const PendingStep step = stepper_.Next(action);
    if (Step(other)) {
      ASSERT_TRUE(stepper_.Able(action)) << pair << ": it cannot move any more\n" << name_;
      const PendingStep now = stepper_.Next(action);
      ASSERT_TRUE(now.point == step.point && now.page == step.page) << pair << "\n" << name_;
      const Clashers still = With(action);
      ASSERT_TRUE(still.known) << pair << ": no rule any more\n" << name_;
      ASSERT_TRUE(Within(still.agents, with.agents)) << pair << ": more may clash\n" << name_;
      ASSERT_TRUE(Step(action)) << pair << ": it violates afterwards\n" << name_;
      last.words = Words();
    } else {
      last.kind = stepper_.violation().kind;
    }
    GoBackTo(here);
    ASSERT_EQ(first.kind, last.kind) << pair << "\n" << name_;
    ASSERT_TRUE(first.words == last.words) << pair << ": other states\n" << name_;
  }

  // A blocked thread stays so, and for the same reason, until one of those moves.
  void TryBlocked(const Mark& here, const Actions& able, CpuId cpu) {
    const Action thread = ActionOf(CpuAgent(cpu));
    if (!stepper_.ThreadLeft(cpu) || able.contains(thread) || testing::Test::HasFailure()) return;
    const Actions blockers = independence_.ClashesIn(stepper_).Blockers(cpu);
    if (blockers.empty()) return;
    const Point point = stepper_.Next(thread).point;
    ++tried_.blocked[point];
    tried_.waited_for_late += stepper_.WaitsForLate(cpu);
    for (Actions rest = able; !rest.empty();) {
      const Action other = rest.TakeFirst();
      if (blockers.contains(other) || MoverOf(other) == thread) continue;
      const std::string pair = Name(thread) + ", " + Name(other);
      if (Step(other)) {
        ASSERT_FALSE(stepper_.Able(thread)) << pair << ": it can move\n" << name_;
        // Of the readers that keep a writer out, any one is enough.
        const uint8_t readers = stepper_.world().mm.mmap_readers;
        const bool lock = point == mmap_write_wait || point == mmap_read_lock;
        const Actions still = lock && (blockers.agents & readers) != 0
                                  ? blockers
                                  : independence_.ClashesIn(stepper_).Blockers(cpu);
        ASSERT_TRUE(!still.empty() && Within(still, blockers)) << pair << "\n" << name_;
      }
      GoBackTo(here);
    }
  }

  // Makes the step: it was said to come, and nothing comes to be that was not.
  bool TryFutures(Action action) {
    const int cpus = stepper_.world().cpu_count;
    const bool thread = Index(MoverOf(action)) < kMaxCpus;
    const uint8_t readers = stepper_.world().mm.mmap_readers;
    const auto held = [&](int cpu) {  // by somebody else who does not move
      return (readers & ~(1u << cpu) & ~(thread ? 1u << Index(MoverOf(action)) : 0u)) != 0;
    };
    const Futures& futures = independence_.futures();
    std::array<Future, kMaxCpus> all, while_read, fills;
    for (int i = 0; i < cpus; ++i) {
      all[i] = futures.OfThread(stepper_, MakeCpu(i));
      while_read[i] = futures.OfThreadWhileRead(stepper_, MakeCpu(i));
      fills[i] = futures.OfWalker(stepper_, MakeCpu(i));
    }
    const std::string name = Name(action) + ", after " + std::to_string(path_.size());
    if (thread) {
      const int i = Index(MoverOf(action));
      const Op& op = stepper_.OpInProgress(MakeCpu(i));
      const PendingStep step = stepper_.Next(action);
      EXPECT_TRUE(Says(all[i], op, step)) << name << "\n" << name_;
      EXPECT_TRUE(!held(i) || Says(while_read[i], op, step)) << name << "\n" << name_;
    } else if (!IsDelivery(action) && !IsLate(action)) {
      const CpuId cpu = CpuOf(AgentOf(action));
      EXPECT_NE(fills[Index(cpu)].fills & PageBit(stepper_.FillPage(cpu)), 0u) << name_;
    }
    if (!Step(action)) return false;
    for (int i = 0; i < cpus; ++i) {
      const CpuId cpu = MakeCpu(i);
      EXPECT_TRUE(Within(futures.OfThread(stepper_, cpu), all[i])) << name << "\n" << name_;
      EXPECT_TRUE(Within(futures.OfWalker(stepper_, cpu), fills[i])) << name << "\n" << name_;
      if (held(i)) {
        EXPECT_TRUE(Within(futures.OfThreadWhileRead(stepper_, cpu), while_read[i])) << name << "\n"
                                                                                     << name_;
      }
    }
    return true;
  }

  std::vector<uint64_t> Words() {
    const auto words = writer_->Words(stepper_);
    return {words.begin(), words.end()};
  }
  std::string Name(Action action) const {
    const PendingStep step = stepper_.Next(action);
    return AgentName(AgentOf(action)) + " " + Info(step.point).name + "(" +
           std::to_string(step.page) + ")";
  }

  const Independence independence_;
  Tried& tried_;
  Stepper stepper_;
  const std::unique_ptr<StateWriter> writer_ = std::make_unique<StateWriter>();
  std::string name_;
  Path path_;
  absl::flat_hash_set<Key> seen_;
  uint64_t most_ = 0;
};

// What random programs seldom do, and the policies under which it tells. Lines end at semicolons.
struct Program {
  const char* lines;
  std::initializer_list<const char*> policies;
};
const Program kPrograms[] = {
    // Faults on what others take away, and on what nobody has.
    {"cpus 3; init; map 0..2 rw; present 0..2 dirty; cached cpu0 0..2;"
     "cpu0; write 1; cpu1; dontneed 0..2; walk0; fill 1",
     {"full-mm", "own-range", "overlap-list"}},
    {"cpus 2; init; map 0..3 rw; map 16..18 r; cpu0; read 1; cpu1; read 16; walk1; fill 1",
     {"full-mm"}},
    // Huge pages that are split, cleaned and taken away, beside each other and alone.
    {"cpus 2; batch 2; init; map 0..8 rw huge; present 0..8 dirty; cached cpu1 0..8;"
     "cpu0; free 0..4; cpu1; dontneed 2..8",
     {"full-mm", "sync-finish", "overlap-list"}},
    {"cpus 2; init; map 0..4 rw huge; present 0..4; cached cpu1 0..4;"
     "cpu0; munmap 0..2; cpu1; write 3",
     {"full-mm"}},
    {"cpus 2; init; map 0..24 rw huge; present 0..4 dirty; present 16..20 dirty; cached cpu0 0..20;"
     "cpu0; free 0..4; dontneed 0..4; cpu1; free 16..20; dontneed 16..20",
     {"own-range", "full-mm"}},
    // Page tables that go, beside walks, and before the flush.
    {"cpus 2; init; map 0..4 rw; map 16..17 rw; present 0..4; present 16..17; cached cpu1 0..2;"
     "cpu0; munmap 0..4; map 0..1 rw; cpu1; dontneed 16..17; walk1; fill 1; fill 16",
     {"full-mm", "reset-range"}},
    {"cpus 2; init; map 0..1 rw; map 4..6 rw; present 0..1; present 4..5; cached cpu1 5..6;"
     "cpu0; dontneed 0..1; cpu1; munmap 4..6",
     {"table-before-flush"}},
    {"cpus 3; init; map 0..4 rw; present 0..4;"
     "cpu0; munmap 0..2; cpu1; munmap 2..4; cpu2; map 20..22 rw; read 20",
     {"full-mm", "overlap-sync"}},
    // Guard markers, beside zaps, faults, walks and each other.
    {"cpus 3; kernel 6.17; init; map 0..2 rw; present 0..2; cached cpu2 0..2;"
     "cpu0; dontneed 0..2; cpu1; guard 0..1; cpu2; read 0; walk2; fill 1",
     {"full-mm", "overlap-list", "sync-finish", "guard-asks", "guard-gathers"}},
    {"cpus 2; kernel 6.17; init; map 3..5 rw; map 16..17 rw; cached cpu1 3..5;"
     "cpu0; guard 3..17; unguard 3..4; cpu1; read 3; munmap 4..5; walk1; fill 3",
     {"full-mm", "own-range"}},
    {"cpus 2; kernel 6.17; init; map 0..8 rw huge; present 0..4 dirty; cached cpu1 0..4;"
     "cpu0; guard 1..2; cpu1; write 4; guard 4..5",
     {"full-mm"}},
    // Reclaim, beside calls that pay for it, faults, walks, tables that go, and itself.
    {"cpus 2; init; map 0..2 rw; present 0..2; cached cpu0 0..2; cached cpu1 0..2;"
     "cpu0; dontneed 0..2; cpu1; write 1; kswapd; reclaim 0..2",
     {"full-mm", "own-range", "sync-finish", "reclaim-not-asked", "reclaim-one-flag"}},
    {"cpus 2; init; map 3..5 rw; present 3..5; cached cpu1 3..5;"
     "cpu0; munmap 3..4; cpu1; read 4; walk1; fill 3; kswapd; reclaim 3..5",
     {"full-mm", "overlap-list", "reclaim-frees-first"}},
    {"cpus 2; batch 1; init; map 0..5 rw; present 0..1; present 4..5; cached cpu0 0..5;"
     "cpu0; free 0..1; cpu1; write 0; munmap 0..5; kswapd; reclaim 0..5",
     {"full-mm", "reclaim-barrier-only"}},
    {"cpus 2; init; map 0..2 rw; present 0..2; cached cpu0 0..2; cached cpu1 0..2;"
     "cpu0; reclaim 0..2; munmap 0..1; cpu1; reclaim 1..2; write 0",
     {"full-mm"}},
    {"cpus 2; init; map 0..3 rw; present 0..3 dirty; cached cpu0 0..3; cached cpu1 1..3;"
     "cpu0; free 0..3; cpu1; write 2; kswapd; swapout 1..3",
     {"full-mm", "reclaim-asked-once", "reclaim-writes-first"}},
    {"cpus 2; init; map 0..4 rw huge; present 0..4; cached cpu1 0..4;"
     "cpu0; dontneed 0..2; cpu1; read 3; kswapd; reclaim 2..4",
     {"full-mm"}},
    // Access that is taken away and given back, beside zaps, faults, walks, reclaim and itself.
    {"cpus 3; init; map 0..2 rw; present 0..2 dirty; cached cpu1 0..2; cached cpu2 0..2;"
     "cpu0; uffdwp 0..2; cpu1; uffdwp 0..1; cpu2; write 0; walk2; fill 1",
     {"full-mm", "own-range", "overlap-list", "sync-finish"}},
    {"cpus 2; init; map 0..2 rw; present 0..2 dirty; cached cpu1 0..2;"
     "cpu0; protect 0..2 none; protect 0..1 rw; cpu1; write 0; dontneed 1..2; walk1; fill 0",
     {"full-mm", "own-range", "reset-range"}},
    {"cpus 2; kernel 6.17; init; map 3..5 rw; present 3..5 dirty; cached cpu1 3..5;"
     "cpu0; protect 3..5 r; cpu1; dontneed 3..5; write 3",
     {"full-mm", "own-range", "epoch-sync"}},
    {"cpus 2; init; map 0..2 rw; present 0..2; cached cpu0 0..2; cached cpu1 0..2;"
     "cpu0; numa 0..2; cpu1; read 0; free 1..2; kswapd; swapout 0..2",
     {"full-mm", "own-range", "prot-none-trusted"}},
    {"cpus 2; init; map 0..4 rw huge; present 0..4 dirty; cached cpu1 0..4;"
     "cpu0; numa 0..4; uffdwp 1..2; cpu1; write 3; free 0..4",
     {"full-mm", "own-range"}},
    {"cpus 2; init; map 0..2 rw; present 0..2 dirty; cached cpu1 0..2;"
     "cpu0; cleardirty 0..2; reap; cpu1; write 0; munmap 1..2",
     {"full-mm", "soft-dirty-gathers", "reap-whole"}},
    // Pages and page tables that move.
    {"cpus 2; init; map 0..2 rw; map 16..17 rw; present 0..2; cached cpu1 0..2;"
     "cpu0; remap 0..1 to 5; cpu1; write 0; dontneed 1..2; walk1; fill 0",
     {"full-mm", "own-range"}},
    {"cpus 2; kernel 6.17; init; map 0..4 rw; present 0..2 dirty; cached cpu1 0..2;"
     "cpu0; remap 0..4 to 8 dontunmap; cpu1; dontneed 0..1; read 8; walk1; fill 1",
     {"full-mm", "move-asks"}},
    {"cpus 2; init; map 0..4 rw huge; present 0..4; cached cpu1 0..4;"
     "cpu0; remap 0..4 to 8; cpu1; write 3; munmap 8..9",
     {"full-mm"}},
    {"cpus 2; init; map 0..2 rw; present 0..2; cached cpu1 0..2;"
     "cpu0; remap 0..2 to 6; cpu1; read 6; kswapd; swapout 0..8",
     {"full-mm", "move-flushes-late"}},
    {"cpus 2; init; map 0..1 rw; present 0..1 dirty; cached cpu0 0..1; cached cpu1 0..1;"
     "cpu0; remap 0..1 to 5; kswapd; swapout 5..6",
     {"full-mm", "move-flushes-late"}},
    {"cpus 2; kernel 6.17; init; map 0..4 rw; present 0..1 dirty; cached cpu1 0..1;"
     "cpu0; remap 0..4 to 8; cpu1; dontneed 8..9; walk1; fill 0",
     {"full-mm", "own-range", "move-flushes-late"}},
    // Waits that newcomers overtake, and that begin behind steps of every kind.
    {"cpus 3; init; map 0..3 rw;"
     "cpu0; dontneed 0..1; cpu1; dontneed 1..2; dontneed 1..2; cpu2; dontneed 2..3; dontneed 2..3",
     {"sync-finish", "sync-before-dec", "epoch-sync"}},
    {"cpus 2; init; map 0..4 rw; present 0..2 dirty;"
     "cpu0; free 0..1; cpu1; dontneed 1..4",
     {"sync-finish", "sync-before-dec", "hoards"}},
    {"cpus 2; init; map 0..8 rw huge; present 0..4 dirty;"
     "cpu0; free 0..4; munmap 0..8; cpu1; dontneed 4..8",
     {"hoards"}},
    {"cpus 2; init; map 0..1 rw; map 16..17 rw; present 0..1;"
     "cpu0; dontneed 0..1; munmap 0..1; cpu1; dontneed 16..17; dontneed 16..17",
     {"hoards"}},
    // More than a batch holds, and pages that are freed twice.
    {"cpus 2; batch 8; init; map 0..10 rw; present 0..9; cpu0; dontneed 0..9; cpu1; read 10",
     {"hoards"}},
    {"cpus 2; batch 8; init; map 0..36 rw huge; present 0..36; cpu0; dontneed 0..36; cpu1; read 40",
     {"hoards"}},
    {"cpus 2; init; map 0..2 rw; present 0..1; cpu0; dontneed 0..1; cpu1; dontneed 1..2",
     {"frees-twice"}},
};

// Never flushes, and does not free before finish, nor tables at all. Waits.
class Hoards final : public GatherProtocol {
 public:
  bool RemovePage(const Thread& t, FrameId frame, int page, Level level) const override {
    GatherProtocol::RemovePage(t, frame, page, level);
    return false;
  }
  void RemoveTable(const Thread&, FrameId, int, Level) const override {}

 protected:
  void Finishing(const Thread&) const override {}
  bool NothingToFlush(const MmuGather&) const override { return true; }
  void BeforeDec(const Thread& t) const override {
    WaitInFinish(t, [](const World& world, int) { return world.mm.tlb_flush_pending == 1; });
  }
};

class FreesTwice final : public GatherProtocol {
 public:
  bool RemovePage(const Thread& t, FrameId frame, int page, Level level) const override {
    GatherProtocol::RemovePage(t, frame, page, level);
    return GatherProtocol::RemovePage(t, frame, page, level);
  }

 protected:
  void Finishing(const Thread&) const override {}
};

constexpr PolicyTraits kPlanted{.group = PolicyGroup::kPlanted};
constexpr PolicyTraits kPlantedAndWaits{.group = PolicyGroup::kPlanted, .waits = true};
const Hoards kHoards{};
const FreesTwice kFreesTwice{};
constexpr Policy kHoardsPolicy("hoards", "", "", kHoards, kPlantedAndWaits);
constexpr Policy kFreesTwicePolicy("frees-twice", "", "", kFreesTwice, kPlanted);
const RegisterPolicy kHoardsRegistered(&kHoardsPolicy);
const RegisterPolicy kFreesTwiceRegistered(&kFreesTwicePolicy);

// Accesses that fault for ever, since tables are not freed, and pointers to them not flushed.
const char* const kStall =
    "cpus 3; init; map 0..1 rw; map 16..17 rw; present 0..1; cached cpu1 0..1;"
    "cpu0; munmap 0..1; map 0..1 rw; read 0; cpu1; read 0; cpu2; dontneed 16..17";

class LosesTables final : public GatherProtocol {
 public:
  void RemoveTable(const Thread&, FrameId, int, Level) const override {}

 protected:
  void Finishing(const Thread&) const override {}
};

Schedule FromLines(std::string text) {
  std::replace(text.begin(), text.end(), ';', '\n');
  return FromText(text + "\norder\n rest\n").schedule;
}

class Clash : public testing::Test {
 protected:
  static constexpr uint64_t kMost = kFibersCanGoBack ? 1500 : 40;  // states; else it is by replay

  void Try(const Schedule& schedule, const Policy& policy, const Arch& arch,
           uint64_t most = kMost) {
    if (policy.peeks() || HasFailure()) return;
    std::make_unique<EveryPair>(schedule, policy, arch, tried_)->Try(most);
  }

  Tried tried_;
};

TEST_F(Clash, IsKnownOfEveryPairInEveryState) {
  uint64_t seed = 0;
  for (const PolicyGroup group : {PolicyGroup::kPublished, PolicyGroup::kPlanted}) {
    for (const Policy* policy : Policies(group)) {
      for (const Arch* arch : Archs()) {
        for (int i = group == PolicyGroup::kPublished ? 6 : 2; i > 0; --i) {
          Random random(++seed);
          Try(SmallProgram(random), *policy, *arch);
        }
      }
    }
  }
  for (const auto& [lines, policies] : kPrograms) {
    for (const char* policy : policies) {
      for (const Arch* arch : Archs()) Try(FromLines(lines), *FindPolicy(policy), *arch, 3 * kMost);
    }
  }
  if (HasFailure() || !kFibersCanGoBack) return;
  EXPECT_GT(tried_.whole, 60u) << "of " << tried_.programs;
  for (int i = 0; i < kRules; ++i) {
    const auto rule = static_cast<Rule>(i);
    if (rule != Rule::kTogether) EXPECT_GT(tried_.pairs[rule], 1000u) << NameOf(rule);
  }
  std::map<Point, uint64_t> steps;
  for (const auto& [key, count] : tried_.steps) steps[key.second] += count;
  for (int i = 0; i < kPointCount; ++i) {
    const auto point = static_cast<Point>(i);
    // No rule speaks where CPUs switch, VMAs have locks, or such as are sc only: all orders are
    // tried.
    constexpr PointMask kNoRule = kSwitchPoints | kExitPoints | kContentPoints | kVmaLockPoints |
                                  kSplitPoints | kLatePoints | kRcuPoints | kPfnPoints |
                                  MaskOf(tlbi_local) | kSharedPoints;
    if (point == fault_retry || (kNoRule & MaskOf(point)) != 0) continue;
    EXPECT_GT(steps[point], 20u) << kPoints[i].name;
  }
  for (const Point point : {mmap_read_lock, mmap_write_wait, pte_lock, pmd_lock, tlb_flush_done,
                            finish_wait, rmap_unlink}) {
    EXPECT_GT(tried_.blocked[point], 100u) << Info(point).name;
  }
}

class ClashUnderWeakMemory : public Clash, public testing::WithParamInterface<MemoryModel> {};

TEST_P(ClashUnderWeakMemory, IsKnownOfEveryPairInEveryState) {
  uint64_t seed = 1000;
  const Arch& arm64 = *FindArch("arm64");
  for (const PolicyGroup group : {PolicyGroup::kPublished, PolicyGroup::kPlanted}) {
    for (const Policy* policy : Policies(group)) {
      for (int i = group == PolicyGroup::kPublished ? 8 : 2; i > 0; --i) {
        Random random(++seed);
        Schedule schedule = SmallProgram(random);
        schedule.memory = GetParam();
        Try(schedule, *policy, arm64);
      }
    }
  }
  for (const auto& [lines, policies] : kPrograms) {
    for (const char* policy : policies) {
      Schedule schedule = FromLines(lines);
      if (schedule.kernel >= KernelVersion::k6_17) continue;  // there are no rules
      schedule.memory = GetParam();
      Try(schedule, *FindPolicy(policy), arm64, 3 * kMost);
    }
  }
  if (HasFailure() || !kFibersCanGoBack) return;
  EXPECT_GT(tried_.whole, 10u) << "of " << tried_.programs;
  for (const Rule rule : {Rule::kIdle, Rule::kRelease, Rule::kFlush, Rule::kTable, Rule::kPte,
                          Rule::kLock, Rule::kFree, Rule::kReturn, Rule::kCount, Rule::kWalk}) {
    EXPECT_GT(tried_.pairs[rule], 500u) << NameOf(rule);
  }
  if (GetParam() != MemoryModel::kLate) return;
  EXPECT_GT(tried_.steps.at({Rule::kCount, pending_inc_later}), 500u);
  EXPECT_GT(tried_.steps.at({Rule::kCount, pending_inc_done}), 500u);
  EXPECT_GT(tried_.waited_for_late, 500u);
}
INSTANTIATE_TEST_SUITE_P(, ClashUnderWeakMemory,
                         testing::Values(MemoryModel::kWeak, MemoryModel::kLate));

TEST_F(Clash, OfAFaultThatIsTriedAgainIsKnownToo) {
  const LosesTables protocol;
  const Policy policy("loses-tables", "", "", protocol);
  const Schedule schedule = FromLines(kStall);
  Try(schedule, policy, *FindArch("arm64"), kFibersCanGoBack ? 60000 : kMost);
  if (!kFibersCanGoBack) return;
  ExploreSettings settings{.policy = &policy, .arch = FindArch("arm64"), .reduce = false};
  const ExploreResult all = Explore(schedule, settings);
  settings.reduce = true;
  const ExploreResult reduced = Explore(schedule, settings);
  EXPECT_TRUE(all.kinds() & Bit(ViolationKind::kEndlessFault));
  EXPECT_EQ(all.kinds(), reduced.kinds());
  EXPECT_LT(reduced.states, all.states);
}

}  // namespace
}  // namespace gatherfuzz
