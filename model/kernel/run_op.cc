// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// One operation of a program, with what every system call has in common: it is counted and judged.
#include "model/check.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/paths.h"
#include "model/kernel/shared.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

// Whether what the CPU runs can do it: a thread of mm0 everything but wake up, another nothing but
// switch and sleep. What cannot is passed over.
bool MayRun(const Thread& t, const OpInfo& info) {
  const SwitchCpu& self = t.world().switching.at(t.cpu);
  if (info.is(effect::kSwitches)) return true;  // the paths see to it
  if (info.is(effect::kOfOther)) return true;   // a thread of the other mm does it
  return Index(t.cpu) == t.world().kswapd_cpu() ||
         (self.in_user != 0 && self.task_mm == MmId::kMm0);
}

}  // namespace

void RunOp(const Thread& t, const Op& op) {
  const OpInfo& info = Info(op.kind);
  GATHERFUZZ_CHECK(0 <= op.range.begin && op.range.begin < op.range.end && op.range.end <= kPages);
  GATHERFUZZ_CHECK(info.operands != Operands::kPage || op.range.end == op.range.begin + 1);
  if (t.world().switches != 0 && !MayRun(t, info)) return;
  if ((t.world().exited & CpuBit(t.cpu)) != 0) return;  // the thread is gone
  if (!info.calls()) return info.path(t, op);
  Call& call = t.self().call;
  call.kind = CallKindOf(op);
  t.system.protocol->Run(t, op, info.path);
  if (!info.is(effect::kExits)) {
    t.Step(Point::syscall_return, op.range.begin);
    CheckReturn(t.system, t.cpu);
  }
  const uint16_t number = call.number;
  call = Call{};
  LeavesCall(t);
  if (number != 0) CheckStarvation(t.system, number);
}

// Of a walker, which has no thread.
void FillPath(const Thread&, const Op&) { GATHERFUZZ_CHECK(!"a thread has no fill"); }

}  // namespace gatherfuzz
