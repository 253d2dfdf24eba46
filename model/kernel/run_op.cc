// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// One operation of a program, with what every system call has in common: it is counted and judged.
#include "model/kernel/mmu_gather.h"
#include "model/kernel/paths.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

CallKind KindOfCall(OpKind kind) {
  switch (kind) {
    case OpKind::kMunmap:
    case OpKind::kDontneed: return CallKind::kRemove;
    case OpKind::kFree: return CallKind::kClean;
    default: return CallKind::kOther;
  }
}

void Dispatch(const Thread& t, const Op& op) {
  switch (op.kind) {
    case OpKind::kMap: return MapPath(t, op.range, op.flags);
    case OpKind::kMunmap: return MunmapPath(t, op.range);
    case OpKind::kDontneed: return DontneedPath(t, op.range);
    case OpKind::kFree: return FreePath(t, op.range);
    case OpKind::kRead:
    case OpKind::kWrite: return AccessPath(t, op.range.begin, op.kind == OpKind::kWrite);
    case OpKind::kFill: return;  // of a walker, which has no thread
  }
}

}  // namespace

void RunOp(const Thread& t, const Op& op) {
  if (Info(op.kind).operands == Operands::kPage) return Dispatch(t, op);
  Call& call = t.self().call;
  call.kind = KindOfCall(op.kind);
  t.system.protocol->Run(t, op, Dispatch);
  t.Step(Point::syscall_return, op.range.begin);
  CheckReturn(t.system, t.cpu);
  const uint16_t number = call.number;
  call = Call{};
  if (number != 0) CheckStarvation(t.system, number);
}

}  // namespace gatherfuzz
