// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What goes with fuzz targets where others run them: which targets there are, seeds, a dictionary,
// options. .clusterfuzzlite/build.sh and scripts/benchmarks run it; it is never shipped.
//
// All of it comes from the policies and the encoder themselves, so nothing here is a list to keep.
// Like a target it needs nothing but model/ and harness/. Errors are one line, and exit status 2.
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "harness/bytes.h"
#include "harness/execution.h"
#include "harness/target.h"
#include "harness/text.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

constexpr int kFailed = 2;
constexpr std::string_view kUsage =
    "usage: fuzz_kit targets safe|broken      a line each: policy, architecture, what it does\n"
    "       fuzz_kit seeds POLICY|differential ARCH FOLDER FILE...\n"
    "                                         text that is clean there, as bytes\n"
    "       fuzz_kit encode FILE OUT          text as bytes, whatever comes of it\n"
    "       fuzz_kit dictionary               tokens for a mutator of bytes\n"
    "       fuzz_kit options                  what ClusterFuzz is told of a target\n";
using Arguments = std::vector<std::string>;

int Fail(const std::string& message) {
  std::cerr << "fuzz_kit: " << message << "\n";
  return kFailed;
}

// Published policies only: a planted defect is no target of anybody else's.
int ListTargets(bool safe) {
  for (const Policy* policy : Policies()) {
    for (const Arch* arch : Archs()) {
      if (policy->foreign() || policy->AlwaysSafeOn(arch->name()) != safe) continue;
      std::cout << policy->name() << '\t' << arch->name() << '\t' << policy->does() << '\n';
    }
  }
  return 0;
}

// Says on stderr what is wrong with the file, if it cannot be read.
bool ReadSchedule(const std::string& file, Schedule& schedule) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    Fail("cannot read " + file + "; name a schedule as text");
    return false;
  }
  const auto parsed = ParseText(text.str());
  if (const auto* error = std::get_if<TextError>(&parsed)) {
    Fail(FormatError(file, *error));
    return false;
  }
  schedule = std::get<ScheduleFile>(parsed).schedule;
  return true;
}

bool Write(const std::string& file, const EncodedBytes& bytes) {
  const std::string part = file + ".part";
  std::ofstream out(part, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.begin()),
            static_cast<std::streamsize>(bytes.size()));
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(part, file, error);
  if (out && !error) return true;
  Fail("cannot write " + file + "; is there room, and the folder?");
  return false;
}

// The same content has the same name, so a schedule that is in the corpus twice is one seed.
GATHERFUZZ_WRAPS std::string NameOf(const EncodedBytes& bytes) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3u;
  char name[17];
  std::snprintf(name, sizeof name, "%016llx", static_cast<unsigned long long>(hash));
  return name;
}

// The policies that run an input of the target.
std::vector<const Policy*> PoliciesOf(std::string_view name, const Arch& arch) {
  std::vector<const Policy*> policies;
  for (const Policy* policy : Policies()) {
    if (name == policy->name() || (name == "differential" && policy->SafeOn(arch.name()))) {
      policies.push_back(policy);
    }
  }
  return policies;
}

// Whether it breaks none of them, and what is made from it counts if it does (harness/target.h):
// whoever runs the targets takes every crash for one that does.
bool IsSeed(const std::vector<const Policy*>& policies, const Arch& arch,
            const Schedule& schedule) {
  static Execution execution;
  execution.Load(schedule);
  for (const Policy* policy : policies) {
    if (Excused(*policy, arch, schedule)) return false;
    if (!execution.RunLoaded(*policy, arch).clean()) return false;
  }
  return true;
}

int WriteSeeds(const Arguments& arguments) {
  const Arch* arch = FindArch(arguments[1]);
  if (arch == nullptr) return Fail("no architecture '" + arguments[1] + "'; see fuzz_kit targets");
  const std::vector<const Policy*> policies = PoliciesOf(arguments[0], *arch);
  if (policies.empty()) return Fail("no policy '" + arguments[0] + "'; see fuzz_kit targets");
  for (size_t i = 3; i < arguments.size(); ++i) {
    Schedule schedule;
    if (!ReadSchedule(arguments[i], schedule)) return kFailed;
    if (!IsSeed(policies, *arch, schedule)) continue;
    const EncodedBytes bytes = EncodeBytes(schedule);
    if (!Write(arguments[2] + "/" + NameOf(bytes), bytes)) return kFailed;
  }
  return 0;
}

int Encode(const Arguments& arguments) {
  Schedule schedule;
  if (!ReadSchedule(arguments[0], schedule)) return kFailed;
  return Write(arguments[1], EncodeBytes(schedule)) ? 0 : kFailed;
}

// One line of a dictionary: the bytes from `begin` on.
void Token(std::string name, const EncodedBytes& bytes, size_t begin) {
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  std::printf("%s=\"", name.c_str());
  for (size_t i = begin; i < bytes.size(); ++i) std::printf("\\x%02X", bytes[i]);
  std::printf("\"\n");
}

// Whole schedules: CPUs that unmap the same populated pages, under each tail.
void ScheduleTokens() {
  for (int cpus = 2; cpus <= 4; ++cpus) {
    for (int tail = 0; tail < kTailKinds; ++tail) {
      Schedule schedule;
      schedule.cpus = cpus;
      schedule.tail = {.kind = static_cast<Tail::Kind>(tail), .seed = tail == 0 ? 0u : 1u};
      const PageRange few{0, kPagesPerPmd};
      schedule.init.push_back({.range = few, .flags = {.write = true}});
      schedule.init.push_back({.kind = InitItem::Kind::kPresent, .range = few});
      for (int cpu = 0; cpu < cpus; ++cpu) {
        schedule.program.push_back(
            {CpuAgent(MakeCpu(cpu)), {.kind = OpKind::kDontneed, .range = few}});
      }
      Token("schedule_" + std::to_string(cpus) + "_cpus_tail_" + std::to_string(tail),
            EncodeBytes(schedule), 0);
    }
  }
}

void InitToken(const std::string& name, const InitItem& item) {
  Schedule schedule;
  schedule.init.push_back(item);
  Token("init_" + name, EncodeBytes(schedule), kHeaderBytes);
}

void InitTokens() {
  const PageRange few{0, kPagesPerPmd};
  InitToken("map", {.range = few});
  InitToken("map_rw", {.range = few, .flags = {.write = true}});
  InitToken("map_rw_huge", {.range = few, .flags = {.write = true, .huge = true}});
  InitToken("present", {.kind = InitItem::Kind::kPresent, .range = few});
  InitToken("present_dirty", {.kind = InitItem::Kind::kPresent, .range = few, .dirty = true});
  InitToken("folio", {.kind = InitItem::Kind::kPresent, .range = few, .folio = true});
  for (int cpu = 0; cpu < 2; ++cpu) {
    InitToken("cached_cpu" + std::to_string(cpu),
              {.kind = InitItem::Kind::kCached, .range = few, .cpu = MakeCpu(cpu)});
  }
}

void OpTokens() {
  for (int kind = 0; kind < kOpCount; ++kind) {
    const OpInfo& info = Info(static_cast<OpKind>(kind));
    for (int cpu = 0; cpu < 2; ++cpu) {
      ProgramLine line;
      line.agent = MakeAgent(info.agent, MakeCpu(cpu));
      line.op.kind = static_cast<OpKind>(kind);
      const bool one = info.has_page() || !info.has_pages();
      line.op.range = {1, one ? 2 : 3};
      if (info.operands == Operands::kAll) line.op.range = {0, kPages};
      if (info.operands == Operands::kTwoPages) line.op.to = 2;
      Schedule schedule;
      schedule.program.push_back(line);
      Token("op_" + AgentName(line.agent) + "_" + info.name, EncodeBytes(schedule), kHeaderBytes);
    }
  }
}

void RunToken(const std::string& name, const Run& run) {
  Schedule schedule;
  schedule.order.push_back(run);
  Token("run_" + AgentName(run.agent) + "_" + name, EncodeBytes(schedule), kHeaderBytes);
}

void RunTokens() {
  for (int cpu = 0; cpu < 2; ++cpu) {
    const AgentId agent = CpuAgent(MakeCpu(cpu));
    RunToken("done", {.kind = Run::Kind::kUntilDone, .agent = agent});
    for (int point = 0; point < kPointCount; ++point) {
      RunToken(
          std::string("until_") + Info(static_cast<Point>(point)).name,
          {.kind = Run::Kind::kUntilPoint, .agent = agent, .point = static_cast<Point>(point)});
    }
    RunToken("step", {.agent = WalkerAgent(MakeCpu(cpu))});
    RunToken("step", {.agent = MakeAgent(AgentKind::kInvalidation, MakeCpu(cpu))});
  }
}

int PrintDictionary() {
  std::printf("# Records of a schedule as bytes: docs/schedule-format.md\n");
  ScheduleTokens();
  InitTokens();
  OpTokens();
  RunTokens();
  return 0;
}

// Fibers and the detection of uses after return do not mix (CMakeLists.txt).
int PrintOptions() {
  std::printf("[libfuzzer]\nmax_len = %zu\n\n[asan]\ndetect_stack_use_after_return = 0\n",
              kMaxEncodedBytes);
  return 0;
}

int Main(const std::string& command, const Arguments& arguments) {
  const size_t count = arguments.size();
  if (command == "targets" && count == 1 && (arguments[0] == "safe" || arguments[0] == "broken")) {
    return ListTargets(arguments[0] == "safe");
  }
  if (command == "seeds" && count >= 3) return WriteSeeds(arguments);
  if (command == "encode" && count == 2) return Encode(arguments);
  if (command == "dictionary" && count == 0) return PrintDictionary();
  if (command == "options" && count == 0) return PrintOptions();
  std::cerr << kUsage;
  return kFailed;
}

}  // namespace
}  // namespace gatherfuzz

int main(int argc, char** argv) {
  return gatherfuzz::Main(argc > 1 ? argv[1] : "", {argv + (argc > 1 ? 2 : argc), argv + argc});
}
