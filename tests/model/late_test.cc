// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Increments that are done later, on a bare model of the race: page-table entries, a count, and
// TLBs that are memory too, with the orders of a table that GenMC has answers to. Under `rc11` no
// load takes what is stored later, as under MemoryModel::kWeak; under `imm` one may, as under
// kLate.
#include "model/kernel/late.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "model/machine/memory.h"

namespace gatherfuzz {
namespace {

using enum MemoryOrder;

constexpr int kCpus = 2, kPagesInAll = 3;  // each CPU has two, the middle one is of both

// What a row of the table says; `full` is acquire and release.
struct Bare {
  bool waits;  // sync: own flush only, then it waits until the count is 0; else full-mm
  MemoryOrder entry, inc, dec, read;
};

// Of one CPU: where it is, and what it knows.
struct Place {
  uint8_t at = 0, cleared = 0, none = 0, nested = 0;
};
constexpr int kAllPages = (1 << kPagesInAll) - 1;
struct Machine {
  World world{};
  std::array<Place, kCpus> places{};
};

// Steps of a CPU, by number; `kExchange` is two steps.
enum : uint8_t { kInc, kExchange, kRead = 3, kFlush, kDec = kFlush + kCpus, kWait, kReturn, kDone };

// Entries of pages, and the TLB of a CPU, which has a bit for each page, in tables that nobody
// walks.
Location EntryOf(int page) { return EntryLocation(MakeFrame(1), page); }
Location TlbOf(int cpu) { return EntryLocation(MakeFrame(2), cpu); }
Mapping& ValueOf(World& world, Location at) {
  return world.at(TableOf(at)).entries[static_cast<size_t>(IndexOf(at))].mapping;
}

class Explorer {
 public:
  Explorer(const Bare& bare, MemoryModel memory) : bare_(bare) {
    World& world = start_.world;
    Reset(world, kCpus, 4);
    world.mm.memory = memory;
    for (int page = 0; page < kPagesInAll; ++page) ValueOf(world, EntryOf(page)) = 1;
    for (int cpu = 0; cpu < kCpus; ++cpu) ValueOf(world, TlbOf(cpu)) = kAllPages;
    if (world.sc()) return;
    for (int cpu = 0; cpu < kCpus; ++cpu) {
      NoteGone(world, WalkerOf(MakeCpu(cpu)));
      NoteLooks(world, ThreadOf(MakeCpu(cpu)), ~uint64_t{0});
      NoteAsks(world, MakeCpu(cpu), true, false);
    }
  }

  // Whether some order violates.
  bool Violates() {
    Visit(start_);
    return violates_;
  }

 private:
  void Visit(const Machine& machine) {
    const auto* bytes = reinterpret_cast<const char*>(&machine);
    if (violates_ || !seen_.emplace(bytes, sizeof machine).second) return;
    for (int i = 0; i < kCpus; ++i) {
      const CpuId cpu = MakeCpu(i);
      if (HasLate(machine.world, cpu)) {
        Machine after = machine;
        NoteStore(after.world, cpu, kCountAt, relaxed, Access::kLate);
        ++after.world.mm.tlb_flush_pending;
        Visit(after);
      }
      Go(machine, i);
    }
  }

  // The step of a CPU, in each way there is.
  void Go(const Machine& machine, int cpu) {
    const uint8_t at = machine.places[static_cast<size_t>(cpu)].at;
    if (HasLate(machine.world, MakeCpu(cpu)) && WaitsForLate(at)) return;
    if (at == kReturn) return Return(machine, cpu);
    if (at == kInc && machine.world.mm.memory == MemoryModel::kLate && bare_.inc == relaxed) {
      Machine later = machine;
      NoteLeftForLater(later.world, MakeCpu(cpu));
      ++later.places[static_cast<size_t>(cpu)].at;
      Visit(later);
    }
    const bool loads = at == kRead || at == kWait;
    const int open = loads && !machine.world.sc() ? OpenValues(machine.world, cpu, kCountAt) : 0;
    for (int old = 0; old <= open; ++old) {
      Machine after = machine;
      if (at < kDone && Step(after, cpu, at, old)) Visit(after);
    }
  }

  bool WaitsForLate(uint8_t at) const {
    if (at == kExchange || at == kExchange + 1) return bare_.entry == full;
    return at != kReturn;  // all others release, or touch the count
  }

  bool Step(Machine& machine, int cpu, uint8_t at, int old) {
    Place& it = machine.places[static_cast<size_t>(cpu)];
    ++it.at;
    if (at == kInc) return Count(machine, cpu, bare_.inc, 1);
    if (at == kExchange || at == kExchange + 1) {
      const int page = cpu + at - kExchange;
      const bool present = ValueOf(machine.world, EntryOf(page)) != 0;
      (present ? it.cleared : it.none) |= static_cast<uint8_t>(1 << page);
      Update(machine, cpu, EntryOf(page), bare_.entry);
      ValueOf(machine.world, EntryOf(page)) = 0;
      return true;
    }
    if (at == kRead) {
      if (!bare_.waits) it.nested = Load(machine, cpu, old) > 1;
      return true;
    }
    if (at < kDec) {
      const int dropped = it.nested ? kAllPages : it.cleared;
      Update(machine, cpu, TlbOf(at - kFlush), full);
      Mapping& tlb = ValueOf(machine.world, TlbOf(at - kFlush));
      tlb = static_cast<Mapping>(tlb & ~dropped);
      return true;
    }
    if (at == kDec) return Count(machine, cpu, bare_.dec, -1);
    return !bare_.waits || Load(machine, cpu, old) == 0;
  }

  // It answers for what it saw empty: no TLB may have it, as far as it can load.
  void Return(const Machine& machine, int cpu) {
    const World& world = machine.world;
    const int none = machine.places[static_cast<size_t>(cpu)].none;
    for (int target = 0; target < kCpus; ++target) {
      const Location at = TlbOf(target);
      const int open = world.sc() ? 0 : OpenValues(world, cpu, at);
      for (int old = 0; old <= open; ++old) {
        violates_ |= (EntryIn(ValueAt(world, at, old).value).mapping & none) != 0;
      }
    }
    Machine after = machine;
    after.places[static_cast<size_t>(cpu)].at = kDone;
    if (!world.sc()) NoteGone(after.world, ThreadOf(MakeCpu(cpu)));
    Visit(after);
  }

  bool Count(Machine& machine, int cpu, MemoryOrder order, int by) {
    World& world = machine.world;
    Update(machine, cpu, kCountAt, order);
    world.mm.tlb_flush_pending = static_cast<uint8_t>(world.mm.tlb_flush_pending + by);
    return true;
  }
  int Load(Machine& machine, int cpu, int old) {
    World& world = machine.world;
    const auto value = static_cast<int>(ValueAt(world, kCountAt, old).value);
    if (!world.sc()) NoteLoad(world, cpu, kCountAt, bare_.read, old);
    return value;
  }
  static void Update(Machine& machine, int cpu, Location at, MemoryOrder order) {
    World& world = machine.world;
    if (world.sc()) return;
    if (order == full) NoteLoad(world, cpu, at, acquire, 0);
    NoteStore(world, MakeCpu(cpu), at, order == full ? release : order, Access::kUpdate);
  }

  const Bare bare_;
  Machine start_{};
  std::set<std::string> seen_;
  bool violates_ = false;
};

// GenMC 0.10.3 on such a model, with oracles that are sequentially consistent.
struct Row {
  const char* what;
  Bare bare;
  bool rc11, imm;  // bug
};
constexpr Row kRows[] = {
    {"full-mm, all relaxed", {false, relaxed, relaxed, relaxed, relaxed}, true, true},
    {"sync, all relaxed", {true, relaxed, relaxed, relaxed, relaxed}, true, true},
    {"full-mm, entry acq-rel", {false, full, relaxed, relaxed, relaxed}, false, false},
    {"full-mm, count ordered", {false, relaxed, full, full, acquire}, true, true},
    {"sync, entry acq-rel", {true, full, relaxed, relaxed, relaxed}, true, true},
    {"sync, entry acq-rel, dec release, wait acquire",
     {true, full, relaxed, release, acquire},
     false,
     false},
    {"sync, entry acq-rel, wait acquire", {true, full, relaxed, relaxed, acquire}, true, true},
    {"sync, entry acq-rel, dec release", {true, full, relaxed, release, relaxed}, true, true},
    {"sync, dec release, wait acquire", {true, relaxed, relaxed, release, acquire}, false, true},
    {"sync, dec acq-rel, wait acquire", {true, relaxed, relaxed, full, acquire}, false, true},
    {"sync, count ordered", {true, relaxed, full, full, acquire}, false, false},
};

TEST(Late, TheTableOfGenMCComesOut) {
  for (const Row& row : kRows) {
    EXPECT_FALSE(Explorer(row.bare, MemoryModel::kSc).Violates()) << row.what;
    EXPECT_FALSE(Explorer(row.bare, MemoryModel::kTso).Violates()) << row.what;
    EXPECT_EQ(Explorer(row.bare, MemoryModel::kWeak).Violates(), row.rc11) << row.what;
    EXPECT_EQ(Explorer(row.bare, MemoryModel::kLate).Violates(), row.imm) << row.what;
  }
}

TEST(Late, OnlyWhatOrdersNothingCanBe) {
  Orders orders = OrdersOn(OrderColumn::kArm64);
  const PointMask waiters = WaitersForLate(orders);
  using enum Point;
  for (const Point point : {pte_unlock, pmd_unlock, mmap_read_unlock, tlb_flush, tlb_flush_done,
                            policy_rmw, pending_inc, pending_read, pending_dec, pte_accessible}) {
    EXPECT_NE(waiters & MaskOf(point), 0u) << Info(point).name;
  }
  for (const Point point : {pte_lock, pmd_read, pte_read, pte_clear, pmd_clear, policy_read,
                            finish_wait, mmap_read_lock, need_resched}) {
    EXPECT_EQ(waiters & MaskOf(point), 0u) << Info(point).name;
  }
  EXPECT_EQ(WaitersForLate(OrdersOn(OrderColumn::kX86)), 0u);
  EXPECT_EQ(WaitersForLate(OrdersOn(OrderColumn::kArm64, {.stronger = MaskOf(pending_inc)})), 0u);
}

// It carries what it would have carried where it stands: not what its thread has come to order
// since (an unlock before it, a lock behind it).
TEST(Late, CarriesWhatItWouldHave) {
  for (const bool late : {false, true}) {
    World world{};
    Reset(world, 2, 4);
    world.mm.memory = MemoryModel::kLate;
    const CpuId cpu = MakeCpu(0), other = MakeCpu(1);
    const Location entry = EntryLocation(kRootFrame, 0);
    for (int i = 0; i < 2; ++i) {
      NoteGone(world, WalkerOf(MakeCpu(i)));
      NoteLooks(world, ThreadOf(MakeCpu(i)), ~uint64_t{0});
      NoteAsks(world, MakeCpu(i), true, false);
    }
    NoteStore(world, cpu, entry, relaxed, Access::kStore);
    NoteUnlock(world, cpu, 1, release);
    if (late) NoteLeftForLater(world, cpu);
    NoteLock(world, cpu, 2, acquire);
    NoteStore(world, cpu, kCountAt, relaxed, late ? Access::kLate : Access::kUpdate);
    EXPECT_FALSE(HasLate(world, cpu));
    NoteLoad(world, ThreadOf(other), kCountAt, acquire, 0);
    EXPECT_EQ(OpenValues(world, ThreadOf(other), entry), late ? 1 : 0);
  }
}

}  // namespace
}  // namespace gatherfuzz
