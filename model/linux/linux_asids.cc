// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The tree's context.c, and what it calls (facade.h): each touch of what CPUs share is a step.
#include "model/linux/linux_asids.h"

#include <algorithm>
#include <mutex>

#include "model/kernel/asids.h"
#include "model/machine/invalidation.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {

static_assert(GF_GENERATION_SHIFT == kGenerationShift);
static_assert((1 << GF_ASID_BITS) >= kMaxCpus + 2,
              "one more than CPUs, and that which nobody gets");

namespace {

class AsidCall;
thread_local constinit AsidCall* current_call = nullptr;

// Of the statics of all trees. What they hold outside of a call is of no use to anybody.
std::mutex statics;

// A call into that code. Between two steps it holds the statics, and these are as World has them.
class AsidCall {
 public:
  AsidCall(const Thread& t, const gf_asid_code& code) : t_(t), code_(code), before_(current_call) {
    Take();
  }
  ~AsidCall() {
    Leave();
    current_call = before_;
  }
  AsidCall(const AsidCall&) = delete;
  AsidCall& operator=(const AsidCall&) = delete;

  const Thread& t() const { return t_; }
  Asids& asids() const { return t_.world().switching.asids; }
  SwitchCpu& self() const { return t_.world().switching.at(t_.cpu); }
  bool HasLock() const { return asids().lock_owner == Index(t_.cpu) + 1; }

  // What is done in the step may be a violation, which ends the run.
  template <typename Act>
  void Step(Point point, int page, Act act) {
    Leave();
    t_.Step(point, page);
    act();
    Take();
  }
  void Step(Point point, int page = kNoPage) {
    Step(point, page, [] {});
  }
  void StepWhenFree() {
    Leave();
    t_.StepWhen(Point::cpu_asid_lock, kNoPage, AsidLockIsFree, Index(t_.cpu));
    Take();
  }
  void Assert(const char* text) {
    Leave();
    ReportAssertion(t_.system, t_.cpu, text);
    Take();
  }

 private:
  void Take() {
    statics.lock();
    current_call = this;
    const gf_asid_state state = StateNow();
    code_.load(&state, asids().count);
  }
  void Leave() {
    gf_asid_state state = StateNow();
    code_.store(&state);
    Asids& to = asids();
    to.generation = state.generation;
    to.map = state.map;
    to.next = state.next;
    to.tlb_flush_pending = state.flush_pending;
    std::copy(std::begin(state.id), std::end(state.id), to.id.begin());
    std::copy(std::begin(state.active), std::end(state.active), to.active_asids.begin());
    std::copy(std::begin(state.reserved), std::end(state.reserved), to.reserved_asids.begin());
    statics.unlock();
  }
  gf_asid_state StateNow() const {
    const Asids& from = asids();
    gf_asid_state state{};
    state.generation = from.generation;
    state.map = from.map;
    state.next = from.next;
    state.flush_pending = from.tlb_flush_pending;
    std::copy(from.id.begin(), from.id.end(), state.id);
    std::copy(from.active_asids.begin(), from.active_asids.end(), state.active);
    std::copy(from.reserved_asids.begin(), from.reserved_asids.end(), state.reserved);
    return state;
  }

  const Thread t_;
  const gf_asid_code& code_;
  AsidCall* before_;
};

void StepOfId(AsidCall& call, gf_asid_touch how, unsigned mm) {
  if (how != GF_READS) return call.Step(Point::asid_set);
  if (call.HasLock()) return;
  call.Step(Point::asid_read);
  InterruptsOff(call.t().world(), call.t().cpu);
  call.self().in_user = 0;
  call.self().read_id = call.asids().id[mm];
}

// Where the lock is held nobody else touches those of this CPU, which are not 0.
void StepOfActive(AsidCall& call, gf_asid_touch how, unsigned cpu) {
  if (how == GF_SWAPS) return call.Step(Point::active_asids_xchg, static_cast<int>(cpu));
  if (call.HasLock()) return;
  call.Step(how == GF_READS ? Point::active_asids_read : Point::active_asids_cmpxchg);
}

void StepOfGeneration(AsidCall& call, gf_asid_touch how) {
  if (how != GF_READS) return call.Step(Point::asid_generation_add);
  if (!call.HasLock()) call.Step(Point::asid_generation_read);
}

}  // namespace

void LinuxAsids::CheckAndSwitchContext(const Thread& t, MmId next) const {
  const AsidCall call(t, *tree_->asid_code);
  const MmId prev = call.self().loaded_mm;
  tree_->asid_code->switch_mm(static_cast<unsigned>(Index(prev)),
                              static_cast<unsigned>(Index(next)));
}

}  // namespace gatherfuzz

using namespace gatherfuzz;  // NOLINT: definitions of C functions

void gf_asid_step(gf_asid_variable variable, gf_asid_touch how, unsigned which) {
  AsidCall& call = *current_call;
  switch (variable) {
    case GF_CONTEXT_ID: return StepOfId(call, how, which);
    case GF_ACTIVE_ASIDS: return StepOfActive(call, how, which);
    case GF_ASID_GENERATION: return StepOfGeneration(call, how);
    case GF_UNKNOWN_VARIABLE: break;
  }
  call.Assert("context.c has a counter that is not modelled");
}

unsigned gf_asid_cpu() { return static_cast<unsigned>(Index(current_call->t().cpu)); }
unsigned gf_asid_cpus() { return current_call->t().world().cpu_count; }
unsigned gf_asid_next() { return current_call->asids().next; }

void gf_asid_lock() {
  AsidCall& call = *current_call;
  call.StepWhenFree();
  call.asids().lock_owner = static_cast<uint8_t>(Index(call.t().cpu) + 1);
  call.self().read_id = 0;
}

void gf_asid_unlock() {
  AsidCall& call = *current_call;
  call.Step(Point::cpu_asid_unlock);
  call.asids().lock_owner = 0;
}

void gf_asid_local_flush() {
  AsidCall& call = *current_call;
  call.Step(Point::local_flush_tlb_all, kNoPage,
            [&] { DropAllCached(call.t().world(), call.t().cpu); });
}

namespace {
constexpr int kAsidShift = 48;  // in TTBR1
}

unsigned long gf_asid_read_ttbr1() {
  const SwitchCpu& self = current_call->self();
  return static_cast<unsigned long>(self.slot_asid[self.slot]) << kAsidShift;
}

void gf_asid_write_ttbr1(unsigned long value) {
  AsidCall& call = *current_call;
  const unsigned long asid = value >> kAsidShift;
  if (asid >= call.asids().count) return call.Assert("TTBR1 gets an ASID that is nobody's");
  call.Step(Point::write_ttbr1, kNoPage, [&] {
    WriteTtbr1(call.t().world(), call.t().cpu, static_cast<uint8_t>(asid));
    call.self().read_id = 0;
    CheckLoaded(call.t().system, call.t().cpu);
  });
}

void gf_asid_write_ttbr0(unsigned long value) {
  AsidCall& call = *current_call;
  const unsigned long number = (value >> GF_PAGE_SHIFT) - 1;
  const bool reserved = number == static_cast<unsigned long>(Index(MmId::kInit));
  if (number >= kMms) return call.Assert("TTBR0 gets what is no root");
  call.Step(reserved ? Point::reserved_ttbr0 : Point::write_cr3, kNoPage, [&] {
    if (!reserved) call.self().loaded_mm = static_cast<MmId>(number);
    WriteTtbr0(call.t().world(), call.t().cpu, static_cast<MmId>(number));
  });
}

namespace {
constexpr int kSatpAsidShift = 44, kSatpModeShift = 60;
}  // namespace

void gf_asid_write_satp(unsigned long value) {
  AsidCall& call = *current_call;
  const unsigned long asid = value >> kSatpAsidShift & 0xffff;
  const unsigned long number = (value & ((1ul << kSatpAsidShift) - 1)) - 1;
  if (value >> kSatpModeShift != GF_SATP_MODE) return call.Assert("SATP gets another mode");
  if (number == 0 || number >= kMms) return call.Assert("SATP gets what is no root");
  if (asid >= call.asids().count) return call.Assert("SATP gets an ASID that is nobody's");
  call.Step(Point::write_cr3, kNoPage, [&] {
    call.self().read_id = 0;
    call.self().loaded_mm = static_cast<MmId>(number);
    WriteTtbr1(call.t().world(), call.t().cpu, static_cast<uint8_t>(asid));
    WriteTtbr0(call.t().world(), call.t().cpu, static_cast<MmId>(number));
    CheckLoaded(call.t().system, call.t().cpu);
  });
}

// It may be the first thing that a switch does, and a violation is one of a step.
void gf_asid_leaves_mask() {
  AsidCall& call = *current_call;
  call.Step(Point::mm_cpumask_clear, kNoPage,
            [&] { ReportAssertion(call.t().system, call.t().cpu, "a CPU leaves mm_cpumask()"); });
}

void gf_asid_failed(const char* text) { current_call->Assert(text); }
