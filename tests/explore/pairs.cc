// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "tests/explore/pairs.h"

namespace gatherfuzz {
namespace {

Op OpOf(OpKind kind, PageRange range, bool none) {
  Op op{.kind = kind, .range = range};
  switch (Info(kind).operands) {
    case Operands::kPage: op.range.end = range.begin + 1; break;
    case Operands::kTwoPages:
      op.range.end = range.begin + 1;
      op.to = static_cast<uint8_t>(range.begin + 1);
      break;
    case Operands::kProtect: op.flags.none = none; break;
    case Operands::kMap: op.flags.write = true; break;
    case Operands::kAll: op.range = {0, kPages}; break;
    case Operands::kRemap: op.to = static_cast<uint8_t>(range.begin + kPages / 2); break;
    case Operands::kMm: op.range = {1, 2}; break;
    case Operands::kNone: op.range = {0, 1}; break;
    case Operands::kRange: break;
  }
  return op;
}

}  // namespace

Schedule Pair(OpKind first, OpKind second, KernelVersion kernel, bool huge) {
  Schedule schedule;
  schedule.kernel = kernel;
  const PageRange pages = huge ? PageRange{4, 8} : PageRange{3, 5};
  schedule.init.push_back({.range = pages, .flags = {.write = true, .huge = huge}});
  schedule.init.push_back({.kind = InitItem::Kind::kPresent, .range = pages, .dirty = true});
  for (int cpu = 0; cpu < 2; ++cpu) {
    schedule.init.push_back({.kind = InitItem::Kind::kCached, .range = pages, .cpu = MakeCpu(cpu)});
  }
  schedule.program.push_back({CpuAgent(MakeCpu(0)), OpOf(first, pages, false)});
  schedule.program.push_back(
      {CpuAgent(MakeCpu(1)), OpOf(second, {pages.begin, pages.begin + 1}, true)});
  Canonicalize(schedule);
  return schedule;
}

}  // namespace gatherfuzz
