// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "tests/support.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "harness/bytes.h"

namespace gatherfuzz {
namespace {

bool ValidRange(PageRange range) {
  return 0 <= range.begin && range.begin < range.end && range.end <= kPages;
}

bool ValidInit(const InitItem& item, int cpus) {
  return ValidRange(item.range) && Index(item.cpu) < cpus &&
         (item.kind == InitItem::Kind::kMap || item.flags == VmaFlags{}) &&
         (item.kind == InitItem::Kind::kPresent || !item.dirty) &&
         (item.kind == InitItem::Kind::kCached || item.cpu == CpuId{});
}

// Only walkers fill, and they do nothing else: the operation names the kind of its agent.
bool ValidLine(const ProgramLine& line, int cpus) {
  const OpInfo& info = Info(line.op.kind);
  const PageRange range = line.op.range;
  return KindOf(line.agent) == info.agent && Index(CpuOf(line.agent)) < cpus && ValidRange(range) &&
         (!info.has_page() || range.end == range.begin + 1) &&
         (info.operands != Operands::kTwoPages ||
          (line.op.to != range.begin && line.op.to < kPages)) &&
         (info.operands == Operands::kMap || info.operands == Operands::kProtect ||
          info.operands == Operands::kRemap || line.op.flags == VmaFlags{});
}

bool ValidRun(const Run& run, int cpus) {
  if (Index(run.agent) >= kMaxAgents || Index(CpuOf(run.agent)) >= cpus || run.count < 1) {
    return false;
  }
  if (run.kind != Run::Kind::kUntilPoint) return run.page == kNoPage && run.point == Point{};
  return static_cast<int>(run.point) < kPointCount && run.count <= 255 &&
         (run.page == kNoPage || (Info(run.point).has_page && 0 <= run.page && run.page < kPages));
}

}  // namespace

ScheduleFile FromText(std::string_view text) {
  std::string whole(text);
  if (whole.find("gatherfuzz 1") == std::string::npos) whole = "gatherfuzz 1\n" + whole;
  auto parsed = ParseText(whole);
  if (const auto* error = std::get_if<TextError>(&parsed)) {
    std::fprintf(stderr, "%s\n", FormatError("schedule of the test", *error).c_str());
    std::abort();
  }
  return std::get<ScheduleFile>(parsed);
}

RunResult Result(const Schedule& schedule, std::string_view policy, std::string_view arch,
                 const RunOptions& options) {
  static Execution execution;
  const Policy* const the_policy = FindPolicy(policy);
  const Arch* const the_arch = FindArch(arch);
  if (the_policy == nullptr || the_arch == nullptr) {
    std::fprintf(stderr, "no such policy or architecture\n");
    std::abort();
  }
  return execution.Execute(schedule, *the_policy, *the_arch, options);
}

std::string Verdict(const Schedule& schedule, std::string_view policy, std::string_view arch,
                    const RunOptions& options) {
  const RunResult result = Result(schedule, policy, arch, options);
  return result.limit ? "limit" : std::string(Info(result.violation.kind).name);
}

std::string Verdict(std::string_view text, std::string_view policy, std::string_view arch,
                    const RunOptions& options) {
  return Verdict(FromText(text).schedule, policy, arch, options);
}

Bytes RandomBytes(Random& random, size_t length) {
  Bytes bytes(length);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next());
  return bytes;
}

Bytes RandomInput(Random& random) {
  Bytes bytes = RandomBytes(random, random.Below(16) == 0 ? random.Below(3000) : random.Below(120));
  if (bytes.size() >= kHeaderBytes && random.Below(2) == 0) {
    const uint8_t header[] = {kBytesVersion,
                              static_cast<uint8_t>(1 + random.Below(kMaxCpus)),
                              static_cast<uint8_t>(1 + random.Below(kMaxBatch)),
                              static_cast<uint8_t>(1 + random.Below(kPages)),
                              static_cast<uint8_t>(random.Below(kMaxInit + 1)),
                              static_cast<uint8_t>(random.Below(kMaxOps + 1)),
                              static_cast<uint8_t>(random.Below(kTailKinds + 2)),
                              static_cast<uint8_t>(random.Below(256))};
    std::copy(std::begin(header), std::end(header), bytes.begin());
  }
  return bytes;
}

Schedule RandomSchedule(Random& random) {
  Schedule schedule;
  DecodeBytes(RandomInput(random), schedule);
  return schedule;
}

std::string WhatIsWrongWith(const Schedule& schedule) {
  const int cpus = schedule.cpus;
  if (cpus < 1 || cpus > kMaxCpus) return "cpus";
  if (schedule.batch < 1 || schedule.batch > kMaxBatch) return "batch";
  for (const InitItem& item : schedule.init) {
    if (!ValidInit(item, cpus)) return "an item of init";
  }
  for (const ProgramLine& line : schedule.program) {
    if (!ValidLine(line, cpus)) return "a line of a program";
  }
  for (const Run& run : schedule.order) {
    if (!ValidRun(run, cpus)) return "a run";
  }
  if (schedule.tail.kind == Tail::Kind::kRest && schedule.tail.seed != 0) return "the tail";
  Schedule sorted = schedule;
  Canonicalize(sorted);
  return sorted == schedule ? "" : "not canonical";
}

void StepNames::OnStep(const StepEvent& event, const World&) {
  std::string step = (event.lent ? "lent " : "") + AgentName(event.agent, event.point, -1) + " ";
  step += Info(event.point).name;
  if (event.page != kNoPage) step += "(" + std::to_string(event.page) + ")";
  steps.push_back(step);
}

}  // namespace gatherfuzz
