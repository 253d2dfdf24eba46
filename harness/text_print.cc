// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Schedule to text, and the messages about text.
#include <algorithm>

#include "harness/search/strategy.h"
#include "harness/text.h"
#include "model/machine/memory.h"

namespace gatherfuzz {
namespace {

std::string PrintRange(PageRange range) {
  return std::to_string(range.begin) + ".." + std::to_string(range.end);
}

std::string PrintFlags(VmaFlags flags) {
  return std::string(flags.write ? " rw" : " r") + (flags.huge ? " huge" : "");
}

std::string PrintAccess(VmaFlags flags) {
  return flags.write ? " rw" : flags.none ? " none" : " r";
}

std::string PrintInit(const InitItem& item) {
  switch (item.kind) {
    case InitItem::Kind::kMap:
      if (item.flags.pfn) return "pfnmap " + PrintRange(item.range);
      return "map " + PrintRange(item.range) + PrintFlags(item.flags);
    case InitItem::Kind::kPresent:
      return (item.folio ? "folio " : "present ") + PrintRange(item.range) +
             (item.dirty ? " dirty" : "");
    case InitItem::Kind::kCached: break;
  }
  return "cached " + AgentName(CpuAgent(item.cpu)) + " " + PrintRange(item.range);
}

std::string PrintOrders(const OrderChanges& orders) {
  std::string text;
  if (orders.weaker != 0) text += "weaken";
  for (PointMask points = orders.weaker; points != 0; points &= points - 1) {
    text += std::string(" ") + Info(FirstOf(points)).name;
  }
  if (orders.weaker != 0) text += "\n";
  if (orders.strengthened() == 0) return text;
  text += "strengthen";
  for (const std::string& step : PrintStrengthened(orders)) text += " " + step;
  return text + "\n";
}

std::string PrintHead(const ScheduleFile& file) {
  std::string text = "gatherfuzz " + std::to_string(kTextVersion) + "\n";
  for (size_t at = 0; at < file.intent.size();) {
    const size_t end = std::min(file.intent.find('\n', at), file.intent.size());
    text += "intent " + file.intent.substr(at, end - at) + "\n";
    at = end + 1;
  }
  text += "cpus " + std::to_string(file.schedule.cpus - file.schedule.kswapd) + "\n";
  if (!file.policy.empty()) text += "policy " + file.policy + "\n";
  if (!file.arch.empty()) text += "arch " + file.arch + "\n";
  if (file.schedule.batch != kDefaultBatch) {
    text += "batch " + std::to_string(file.schedule.batch) + "\n";
  }
  if (file.schedule.kernel != kDefaultKernel) {
    text += "kernel ";
    text += NameOf(file.schedule.kernel);
    text += "\n";
  }
  if (file.schedule.hardware != HardwareKind::kPlain) {
    text += "hardware ";
    text += NameOf(file.schedule.hardware);
    text += "\n";
  }
  if (file.schedule.memory != MemoryModel::kSc) {
    text += "memory ";
    text += NameOf(file.schedule.memory);
    text += "\n";
  }
  if (file.schedule.asids != kNoAsids) {
    text += "asids " + std::to_string(file.schedule.asids) + "\n";
  }
  if (file.schedule.rcu) text += "rcu\n";
  text += PrintOrders(file.schedule.orders);
  if (file.expect) text += "expect " + std::string(Info(*file.expect).name) + "\n";
  for (const ExpectLine& line : PrintExpectUnder(file.expect_under)) text += line.text + "\n";
  return text;
}

std::string PrintTail(const Tail& tail) {
  if (tail.kind == Tail::Kind::kRest) return "rest";
  std::string text = "rest ";
  text += Info(tail.kind).name;
  text += " " + std::to_string(tail.seed);
  if (tail.steps != 0) text += " steps " + std::to_string(tail.steps);
  if (tail.joined) text += " joined";
  return text;
}

}  // namespace

std::string PrintOp(const Op& op) {
  std::string text = Info(op.kind).name;
  switch (Info(op.kind).operands) {
    case Operands::kPage: return text + " " + std::to_string(op.range.begin);
    case Operands::kRange: return text + " " + PrintRange(op.range);
    case Operands::kTwoPages:
      return text + " " + std::to_string(op.range.begin) + " " + std::to_string(op.to);
    case Operands::kMm: return text + " mm" + std::to_string(op.range.begin);
    case Operands::kNone: return text;
    case Operands::kProtect: return text + " " + PrintRange(op.range) + PrintAccess(op.flags);
    case Operands::kAll: return text;
    case Operands::kRemap:
      return text + " " + PrintRange(op.range) + " to " + std::to_string(op.to) +
             (op.flags.stays ? " dontunmap" : "");
    case Operands::kMap: break;
  }
  return text + " " + PrintRange(op.range) + PrintFlags(op.flags);
}

std::string PrintRun(const Run& run, int kswapd, bool rcu) {
  if (run.kind == Run::Kind::kLate) return rcu ? RcuName(run.agent) : AgentName(run.agent);
  const bool detour = KindOf(run.agent) == AgentKind::kDetour;
  std::string text = AgentName(detour ? CpuAgent(CpuOf(run.agent)) : run.agent, kswapd) + " ";
  if (run.kind == Run::Kind::kOld) {
    return text + "old" + (run.count > 1 ? " " + std::to_string(run.count) : "");
  }
  if (detour) return text + "detour";
  switch (run.kind) {
    case Run::Kind::kCount: return text + std::to_string(run.count);
    case Run::Kind::kUntilDone: return text + "until done";
    case Run::Kind::kOld:
    case Run::Kind::kLate:
    case Run::Kind::kUntilPoint: break;
  }
  text += std::string("until ") + Info(run.point).name;
  if (run.page != kNoPage) text += "(" + std::to_string(run.page) + ")";
  if (run.count > 1) text += " #" + std::to_string(run.count);
  return text;
}

std::vector<ExpectLine> PrintExpectUnder(const ExpectUnder& expect) {
  std::vector<ExpectLine> lines;
  for (int number = 0; number < kViolationCount; ++number) {
    const auto kind = static_cast<ViolationKind>(number);
    std::string names;
    for (const auto& [policy, expected] : expect) {
      if (expected == kind) names += " " + policy;
    }
    if (names.empty()) continue;
    lines.push_back({kind, "expect " + std::string(Info(kind).name) + " under" + names});
  }
  return lines;
}

std::string PrintText(const ScheduleFile& file) {
  const Schedule& schedule = file.schedule;
  std::string text = PrintHead(file);
  if (!schedule.init.empty()) text += "\ninit\n";
  for (const InitItem& item : schedule.init) text += "  " + PrintInit(item) + "\n";
  const ProgramLine* before = nullptr;
  for (const ProgramLine& line : schedule.program) {
    if (before == nullptr || before->agent != line.agent) {
      text += "\n" + AgentName(line.agent, schedule.kswapd_cpu()) + "\n";
    }
    text += "  " + PrintOp(line.op) + "\n";
    before = &line;
  }
  text += "\norder\n";
  for (const Run& run : schedule.order) {
    text += "  " + PrintRun(run, schedule.kswapd_cpu(), schedule.rcu) + "\n";
  }
  text += "  ";
  return text + PrintTail(schedule.tail) + "\n";
}

std::string FormatError(std::string_view file, const TextError& error) {
  std::string text(file);
  text += ":" + std::to_string(error.line) + ":" + std::to_string(error.column) + ": expected " +
          error.expected + (error.meant.empty() ? "" : "; did you mean '" + error.meant + "'?") +
          "\n  " + error.line_text + "\n  ";
  for (int i = 1; i < error.column; ++i) {
    text += static_cast<size_t>(i) <= error.line_text.size() && error.line_text[i - 1] == '\t'
                ? '\t'
                : ' ';
  }
  return text + "^";
}

}  // namespace gatherfuzz
