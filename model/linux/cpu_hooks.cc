// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a tree's tlb.c calls (facade.h): each touch of what CPUs share is a step, unless it is an
// interrupt that does it.
#include <algorithm>
#include <bit>

#include "model/arch/drops.h"
#include "model/kernel/broadcast.h"
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
  // What the model does, with its steps.
  template <typename Do>
  void Model(Do act) {
    room_.rides = false;
    if (room_.quiet) return Assert("an interrupt does what a flush does");
    room_.Store();
    act(t());
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
constexpr unsigned kNoSlot = ~0u;
// The slot of an ASID; where there is no INVLPGB, none is global.
unsigned SlotOf(const World& world, unsigned asid) {
  if (asid < kSlots) return asid;
  return world.invlpgb != 0 && asid == GF_GLOBAL_ASID ? kGlobalSlot : kNoSlot;
}
Cr3 Decode(const World& world, unsigned long value) {
  return {.mm = static_cast<unsigned>((value & ~kNoFlush) >> GF_PAGE_SHIFT) - 1,
          .slot = SlotOf(world, static_cast<unsigned>(value & 0xfff) - 1),
          .flushes = (value & kNoFlush) == 0};
}

// INVLPGB (AMD64 manual, volume 3): EAX has an address and flags, ECX the stride and how many more
// there are, EDX the PCID.
constexpr unsigned kByAddress = 1, kByPcid = 2, kFinalOnly = 16;
Invalidation DecodeInvlpgb(unsigned long rax, unsigned ecx, unsigned edx) {
  const unsigned long start = rax & ~0xffful;
  const unsigned shift = GF_PAGE_SHIFT + ((ecx >> 31) != 0 ? GF_LEVEL_SHIFT : 0);
  const unsigned long count = (ecx & 0xffff) + 1;
  Invalidation request = (rax & kByAddress) != 0
                             ? RequestFor(start, start + (count << shift), shift)
                             : WholeInvalidation();
  if ((rax & kByPcid) == 0) request.of_all = 1;
  if ((rax & kFinalOnly) != 0) request.pte_tables = request.pmd_tables = 0;
  if (request.of_all == 0 && edx >> 16 != GF_GLOBAL_ASID + 1) request.undelivered = 1;
  return request;
}

}  // namespace
}  // namespace gatherfuzz

using namespace gatherfuzz;  // NOLINT: definitions of C functions

void* gf_own_cpu() { return current_cpu_room->area.data(); }
unsigned gf_cpu_number() { return static_cast<unsigned>(Index(current_cpu_room->cpu)); }

const void* gf_other_cpu(unsigned cpu, gf_of_cpu variable) {
  static thread_local constinit std::array<std::byte, GF_CPU_BYTES> area{};
  CpuHook hook;
  CpuRoom& room = hook.room();
  if (variable == GF_OF_loaded_mm) room.looks_at = static_cast<int>(cpu);
  const Point loaded = room.asks ? Point::should_flush_tlb : Point::loaded_mm_read;
  hook.Step(variable == GF_OF_is_lazy       ? Point::is_lazy_read
            : variable == GF_OF_loaded_asid ? Point::loaded_asid_read
                                            : loaded,
            static_cast<int>(cpu));
  const gf_cpu_code& code = room.code;
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
      return;
    case GF_WRITES_loaded_asid:
      if (hook.world().invlpgb != 0) hook.Step(Point::loaded_asid_set);
  }
}

int gf_has_invlpgb() { return current_cpu_room->system.world.invlpgb; }

void gf_relax() {
  CpuHook hook;
  const int cpu = hook.room().looks_at;
  hook.Model([cpu](const Thread& t) { t.StepWhen(Point::loaded_mm_wait, cpu, HasSwitched, cpu); });
}

// global_asid of mm0 never goes. A switch reads it in one step with tlb_gen, as in the model.
unsigned gf_global_asid_read(unsigned mm) {
  CpuHook hook;
  if (mm != static_cast<unsigned>(Index(MmId::kMm0))) return 0;
  if (!hook.room().knows_global) hook.Step(Point::global_asid_read);
  const bool has = hook.world().broadcast.global_asid != 0;
  hook.room().knows_global |= has;
  return has ? GF_GLOBAL_ASID : 0;
}

int gf_transition_read(unsigned mm) {
  CpuHook hook;
  if (mm != static_cast<unsigned>(Index(MmId::kMm0))) return 0;
  hook.Step(Point::asid_transition_read);
  return hook.world().broadcast.asid_transition;
}

void gf_transition_write(unsigned mm, int value) {
  CpuHook hook;
  if (mm != static_cast<unsigned>(Index(MmId::kMm0))) return;
  hook.Step(Point::asid_transition_clear);
  hook.world().broadcast.asid_transition = static_cast<uint8_t>(value);
}

void gf_invlpgb(unsigned long rax, unsigned ecx, unsigned edx) {
  CpuHook hook;
  Invalidation request = DecodeInvlpgb(rax, ecx, edx);
  if (request.undelivered != 0) return hook.Assert("INVLPGB names the PCID of no global ASID");
  hook.room().broadcasts = true;
  hook.t().self().invalidation = request;
  hook.Model([&](const Thread& t) { IssueInvlpgb(t, request); });
}

void gf_tlbsync() {
  CpuHook hook;
  hook.Model([](const Thread& t) { Tlbsync(t); });
  hook.t().self().invalidation = {};
}

unsigned long gf_generation_read(unsigned mm) {
  CpuHook hook;
  hook.Step(Point::tlb_gen_read);
  hook.room().knows_global = true;
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
  const unsigned asid = self.slot == kGlobalSlot ? GF_GLOBAL_ASID : self.slot;
  return (static_cast<unsigned long>(Index(self.root)) + 1) << GF_PAGE_SHIFT | (asid + 1u);
}

void gf_write_cr3(unsigned long value) {
  CpuHook hook;
  hook.Step(Point::write_cr3);
  const Cr3 cr3 = Decode(hook.world(), value);
  if (cr3.mm >= kMms || cr3.slot == kNoSlot)
    return hook.Assert("CR3 is no root, or no PCID in use");
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
  const int tags = hook.world().invlpgb != 0 ? kTags : kSlots;
  for (int slot = 0; slot < tags; ++slot) {
    DropNamedUnder(hook.room().system, hook.room().cpu, slot, WholeInvalidation());
  }
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
  hook.room().knows_global = true;
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
    room.asks = true;
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
    room.asks = false;
  }
  if (wait != 0) hook.Await();
}

void gf_assertion(const char* text) { CpuHook().Assert(text); }
