// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a tree's tlb.c calls (facade.h): each touch of what CPUs share is a step, unless it is an
// interrupt that does it.
#include <algorithm>
#include <bit>

#include "model/arch/drops.h"
#include "model/linux/cpu_room.h"
#include "model/machine/invalidation.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {

thread_local constinit CpuRoom* current_cpu_room = nullptr;

namespace {

// The room of the caller, which is the current one again behind each step.
class CpuHook {
 public:
  CpuHook() : room_(*current_cpu_room) {}
  CpuHook(const CpuHook&) = delete;
  CpuHook& operator=(const CpuHook&) = delete;

  CpuRoom& room() { return room_; }
  Thread t() const { return room_.thread(); }
  World& world() const { return room_.system.world; }
  SwitchCpu& self() const { return room_.self(); }

  // Before a touch of something shared.
  void Step(Point point, int page = kNoPage) {
    room_.rides = false;
    if (room_.quiet) return;
    room_.Store();
    t().Step(point, page);
    GoOn();
  }
  void Await() {
    room_.Store();
    AwaitInvalidation(t());
    self().flush_info = {};
    GoOn();
  }
  void Assert(const char* text) { ReportAssertion(room_.system, room_.cpu, text); }

 private:
  void GoOn() {
    current_cpu_room = &room_;
    room_.Load();
  }

  CpuRoom& room_;
};

uint8_t& MaskOfMm(World& world, unsigned mm) { return world.switching.cpumask[mm]; }

int PageOf(unsigned long address) {
  return static_cast<int>(std::min<unsigned long>(address >> GF_PAGE_SHIFT, kPages));
}

// What is told of a flush under way; the code that takes it has `flush_info`.
Invalidation RequestOf(const System& system, const gf_info& info) {
  Invalidation request =
      AsHardwareDoes(system, RequestFor(info.start, info.end, info.stride_shift));
  request.freed_tables = info.freed_tables;
  request.of_all = info.of_all;
  request.new_generation = static_cast<uint16_t>(info.new_generation);
  return request;
}

// CR3: the page of the root, and the PCID, which is one more than the slot.
constexpr uint64_t kNoFlush = uint64_t{1} << 63;
struct Cr3 {
  unsigned mm, slot;
  bool flushes;
};
Cr3 Decode(unsigned long value) {
  return {.mm = static_cast<unsigned>((value & ~kNoFlush) >> GF_PAGE_SHIFT) - 1,
          .slot = static_cast<unsigned>(value & 0xfff) - 1,
          .flushes = (value & kNoFlush) == 0};
}

}  // namespace
}  // namespace gatherfuzz

using namespace gatherfuzz;  // NOLINT: definitions of C functions

void* gf_own_cpu() { return current_cpu_room->area.data(); }
unsigned gf_cpu_number() { return static_cast<unsigned>(Index(current_cpu_room->cpu)); }

const void* gf_other_cpu(unsigned cpu, int is_lazy) {
  static thread_local constinit std::array<std::byte, GF_CPU_BYTES> area{};
  CpuHook hook;
  hook.Step(is_lazy != 0 ? Point::is_lazy_read : Point::should_flush_tlb, static_cast<int>(cpu));
  const gf_cpu_code& code = hook.room().code;
  const gf_cpu_state state = StateOf(hook.world().switching.at(MakeCpu(static_cast<int>(cpu))));
  code.begin(area.data());
  code.load(area.data(), &state);
  return area.data();
}

void gf_cpu_step(gf_cpu_variable variable) {
  CpuHook hook;
  switch (variable) {
    case GF_WRITES_loaded_mm_switching: return hook.Step(Point::loaded_mm_switching);
    case GF_WRITES_loaded_mm_set: return hook.Step(Point::loaded_mm_set);
    case GF_WRITES_is_lazy:
      if (!hook.room().rides) hook.Step(Point::is_lazy_write);
      hook.room().rides = false;
  }
}

unsigned long gf_generation_read(unsigned mm) {
  CpuHook hook;
  hook.Step(Point::tlb_gen_read);
  return hook.world().switching.tlb_gen[mm];
}

unsigned long gf_generation_inc(unsigned mm) {
  CpuHook hook;
  hook.Step(Point::tlb_gen_inc, hook.room().page);
  return ++hook.world().switching.tlb_gen[mm];
}

unsigned long gf_mask_read(unsigned mm) {
  CpuHook hook;
  hook.Step(Point::mm_cpumask_read);
  return MaskOfMm(hook.world(), mm);
}

int gf_mask_test(unsigned mm, unsigned cpu) {
  CpuHook hook;
  if (cpu != gf_cpu_number()) hook.Step(Point::mm_cpumask_read);
  return MaskOfMm(hook.world(), mm) >> cpu & 1;
}

void gf_mask_set(unsigned mm, unsigned cpu) {
  CpuHook hook;
  hook.Step(Point::mm_cpumask_set);
  MaskOfMm(hook.world(), mm) |= CpuBit(MakeCpu(static_cast<int>(cpu)));
}

void gf_mask_clear(unsigned mm, unsigned cpu) {
  CpuHook hook;
  hook.Step(Point::mm_cpumask_clear);
  MaskOfMm(hook.world(), mm) &= static_cast<uint8_t>(~CpuBit(MakeCpu(static_cast<int>(cpu))));
}

unsigned long gf_read_cr3() {
  const SwitchCpu& self = current_cpu_room->self();
  return (static_cast<unsigned long>(Index(self.root)) + 1) << GF_PAGE_SHIFT | (self.slot + 1u);
}

void gf_write_cr3(unsigned long value) {
  CpuHook hook;
  hook.Step(Point::write_cr3);
  const Cr3 cr3 = Decode(value);
  if (cr3.mm >= kMms || cr3.slot >= kSlots) return hook.Assert("CR3 is no root, or no PCID in use");
  hook.room().Store();
  LoadRoot(hook.world(), hook.room().cpu, static_cast<MmId>(cr3.mm), static_cast<uint8_t>(cr3.slot),
           cr3.flushes);
  CheckLoaded(hook.room().system, hook.room().cpu);
}

void gf_flush_by_cr3(unsigned long value) {
  CpuHook hook;
  hook.Step(Point::write_cr3);
  if (value != gf_read_cr3()) return hook.Assert("CR3 is written for a flush, and is another");
  if (!hook.room().quiet) ++hook.room().system.cost.whole;
  DropNamed(hook.room().system, hook.room().cpu, WholeInvalidation());
}

void gf_invlpg(unsigned long address) {
  CpuHook hook;
  const int page = PageOf(address);
  if (page == kPages) return;
  hook.Step(Point::invlpg, page);
  System& system = hook.room().system;
  DropNamed(system, hook.room().cpu,
            AsHardwareDoes(system, InvlpgRange(page, page + 1, Level::kPte)));
}

void gf_invpcid_all() {
  CpuHook hook;
  hook.Step(Point::write_cr3);
  DropNamed(hook.room().system, hook.room().cpu, WholeInvalidation());
  DropNamedParked(hook.room().system, hook.room().cpu, WholeInvalidation());
}

// They go off where the CPU flushes for itself alone.
void gf_irqs(int on) {
  CpuHook hook;
  const CpuRoom& room = hook.room();
  if (room.quiet) return;
  Invalidation& issued = hook.t().self().invalidation;
  if (on != 0) {
    issued = {};
    return InterruptsOn(hook.world(), room.cpu);
  }
  hook.Step(Point::tlb_flush, room.page);
  InterruptsOff(hook.world(), room.cpu);
  issued = room.asked;
}

int gf_irqs_off() {
  return static_cast<int>(current_cpu_room->quiet || current_cpu_room->self().irqs_off != 0);
}

void gf_call_cpus(int mm, unsigned long mask, const gf_info* info,
                  int (*should)(unsigned cpu, void* info), void* argument, int wait) {
  CpuHook hook;
  CpuRoom& room = hook.room();
  if (room.quiet) return hook.Assert("an interrupt interrupts others, and would wait for good");
  World& world = hook.world();
  if (!InvalidationCompleted(world, Index(room.cpu))) hook.Await();
  hook.Step(Point::tlb_flush, room.page);
  const auto cpus = static_cast<uint8_t>(mm >= 0 ? MaskOfMm(world, static_cast<unsigned>(mm))
                                                 : mask & ((1u << world.cpu_count) - 1));
  Invalidation& issued = hook.t().self().invalidation;
  issued = RequestOf(room.system, *info);
  room.system.cost.whole += issued.whole;
  std::copy(std::begin(info->words), std::end(info->words), hook.self().flush_info.begin());
  const auto own = CpuBit(room.cpu);
  if (should == nullptr) {
    SendInvalidation(world, room.cpu, cpus);
  } else {
    room.quiet = true;
    const bool tells_itself = (cpus & own) != 0 && should(gf_cpu_number(), argument) != 0;
    room.quiet = false;
    if (tells_itself) SendInvalidation(world, room.cpu, own);
    hook.self().flush_mask = static_cast<uint8_t>(cpus & ~own);
    while (hook.self().flush_mask != 0) {
      const CpuId cpu = MakeCpu(std::countr_zero(hook.self().flush_mask));
      const bool told = should(static_cast<unsigned>(Index(cpu)), argument) != 0;
      hook.self().flush_mask &= static_cast<uint8_t>(~CpuBit(cpu));
      if (told) SendInvalidation(world, room.cpu, CpuBit(cpu));
    }
  }
  if (wait != 0) hook.Await();
}

void gf_assertion(const char* text) { CpuHook().Assert(text); }
