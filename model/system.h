// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What runs: the state, who schedules it, the architecture and the protocol under test; and the
// two views of it that model code works through, a whole system and one thread of it.
#ifndef GATHERFUZZ_MODEL_SYSTEM_H_
#define GATHERFUZZ_MODEL_SYSTEM_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/kernel/version.h"
#include "model/machine/hardware.h"
#include "model/machine/world.h"
#include "model/orders.h"
#include "model/steps.h"
#include "model/violation.h"

namespace gatherfuzz {

class Arch;
class GatherProtocol;

// What a policy costs. Not part of the state: it decides nothing.
struct Cost {
  uint32_t invalidations = 0;  // issued
  uint32_t whole = 0;          // of those, of the whole address space
  uint32_t needless = 0;       // TLB entries dropped that still matched their PTE
  uint32_t steps_waited = 0;   // steps others made while a finish waited for them
};

enum class FinishPart : uint8_t {
  kNone,
  kFlushes,    // works out what to flush, flushes it and frees what is queued
  kCompletes,  // lowers the count; may wait for others
};

// Where a policy's code loads what it and others change: for the memory model, under which a thread
// that loads nothing need not be told apart.
enum class WhenLoaded : uint8_t {
  kAnytime,
  kNever,
  kInFinish,  // once, before its flush, and it has changed it as the gather began
  kInWait,    // as it waits in finish, and it has changed it last as the gather began
  kAfterDec,  // as it waits in finish, and it has changed it after its flush
};
struct PolicyLoads {
  WhenLoaded count = WhenLoaded::kAnytime, policy = WhenLoaded::kAnytime;
};

struct System;
struct Thread;

// Judges what walks do. The machine is handed it by who builds the system, and so knows no
// statement of the oracle (kOracle in model/oracle/oracle.h).
struct WalkJudge {
  void (*walk_read)(System& system, CpuId cpu, const Walk& walk);  // it is about to read an entry
  void (*filled)(System& system, CpuId cpu, const Walk& walk, Pte leaf);  // the TLB, from that leaf
};

// The kernel's side of flushes where CPUs switch and sleep, which the machine is handed as well.
struct CpuSide {
  // flush_tlb_mm_range(); true if it is to be awaited.
  bool (*flush)(const Thread& thread, const Invalidation& request);
  void (*take)(System& system, CpuId target, CpuId issuer);  // what it does where it arrives
  void (*names)(const Thread& thread);  // before one that is broadcast: what it names
};

struct System {
  World world{};
  Steps* steps = nullptr;
  WalkJudge judge{};
  CpuSide cpu_side{};
  Hardware hardware{};  // as `arch` answers
  const Arch* arch = nullptr;
  const GatherProtocol* protocol = nullptr;
  KernelVersion kernel = kDefaultKernel;  // whose paths the operations follow
  uint32_t ignored = 0;                   // Bit(kind) of kinds that do not end the run
  Orders orders{};                        // of steps; read where World::sc() is false only
  OrderChanges order_changes{};           // ... as is this: those that `orders` has
  AskedOrders asked{};                    // not part of the state
  PolicyLoads loads{};                    // ... as is this
  PointMask waits_for_late = 0;           // ... and this: steps as late.h has them
  Cost cost;
  // What each CPU's finish waits for, while it does (Call::waiting); the argument is the CPU.
  std::array<Ready, kMaxCpus> finish_wait{};
  // How far each CPU is in its finish. Decides nothing either, but tells exploration where a thread
  // stands.
  std::array<FinishPart, kMaxCpus> finish_part{};

  MemoryOrder order(Point point) const { return orders[static_cast<size_t>(point)]; }
  // ... of a step whose code says itself what it asks for.
  MemoryOrder AskedOrder(Point point, MemoryOrder order) {
    asked.Note(point, order);
    return Changed(order_changes, point, order);
  }

  // The oracle's last word: ends the run, unless the kind is ignored.
  void Report(const Violation& violation) {
    if ((ignored & Bit(violation.kind)) == 0) steps->Violate(violation);
  }
};

// A thread of the address space, on its CPU.
struct Thread {
  System& system;
  CpuId cpu;
  void* room = nullptr;  // on its stack, of a protocol that has some (GatherProtocol::Run)

  World& world() const { return system.world; }
  CpuState& self() const { return system.world.at(cpu); }
  MmuGather& gather() const { return self().gather; }
  void Step(Point point, int page = kNoPage) const {
    system.steps->Step(CpuAgent(cpu), point, page);
  }
  bool StepOr(Point point, Point detour, int page) const {
    return system.steps->StepOr(CpuAgent(cpu), point, detour, page);
  }
  void StepWhen(Point point, int page, Ready ready, int arg) const {
    system.steps->StepWhen(CpuAgent(cpu), point, page, ready, arg);
  }
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_SYSTEM_H_
