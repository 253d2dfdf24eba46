// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the code of a tree's tlb.c keeps from step to step (linux_cpu.h): the variables of its CPU,
// on the stack of the call, as Room (room.h) is for the gather.
#ifndef GATHERFUZZ_MODEL_LINUX_CPU_ROOM_H_
#define GATHERFUZZ_MODEL_LINUX_CPU_ROOM_H_

#include <array>
#include <cstddef>

#include "model/linux/facade.h"
#include "model/system.h"

namespace gatherfuzz {

struct CpuRoom {
  System& system;
  CpuId cpu;
  const gf_cpu_code& code;
  bool quiet;            // makes no steps: an interrupt, or a question between two steps
  bool rides = false;    // the step that began it is that of the first write of is_lazy, too
  int page = kNoPage;    // that its steps name
  Invalidation asked{};  // of a flush: for what, for reports
  // Where there is INVLPGB. A read of the global ASID is no step where mm0 is known to have one, or
  // where it is the first thing behind another step.
  bool knows_global = false;
  bool broadcasts = false;  // it has issued an INVLPGB
  bool asks = false;        // it answers whether a CPU is to be told
  int looks_at = 0;         // the CPU whose loaded_mm it has read last
  alignas(16) std::array<std::byte, GF_CPU_BYTES> area{};

  Thread thread() const { return {system, cpu}; }
  SwitchCpu& self() const { return system.world.switching.at(cpu); }
  // From World, and there.
  void Load();
  void Store() const;
};

// A call into that code, in a room of its own.
class CpuCall {
 public:
  CpuCall(System& system, CpuId cpu, const gf_cpu_code& code, bool quiet);
  ~CpuCall();
  CpuCall(const CpuCall&) = delete;
  CpuCall& operator=(const CpuCall&) = delete;

  CpuRoom& room() { return room_; }

 private:
  CpuRoom room_;
  CpuRoom* before_;
};

// The room of who runs such code on this OS thread. Set anew behind each step.
extern thread_local constinit CpuRoom* current_cpu_room;

// What flush_tlb_mm_range() is asked for, as x86 drops it.
Invalidation RequestFor(unsigned long start, unsigned long end, unsigned stride_shift);

// The variables of a CPU that World has.
gf_cpu_state StateOf(const SwitchCpu& cpu);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_LINUX_CPU_ROOM_H_
