// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "tests/explore/side_by_side.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string_view>

namespace gatherfuzz {
namespace {

// Takes the flag and its value; false if there is no such flag, or no such value.
bool TakeFlag(std::string_view flag, const char* value, SideBySide& settings) {
  if (value == nullptr) return false;
  if (flag == "--runs") {
    settings.runs = std::strtoull(value, nullptr, 10);
  } else if (flag == "--seed") {
    settings.seed = std::strtoull(value, nullptr, 10);
  } else if (flag == "--arch") {
    settings.arch = FindArch(value);
    return settings.arch != nullptr;
  } else if (flag == "--hardware") {
    settings.invlpgb = std::string_view(value) == "invlpgb";
    return settings.invlpgb;
  } else {
    settings.trees.push_back(FindPolicy(value));
    return flag == "--policy" && settings.trees.back() != nullptr;
  }
  return true;
}

}  // namespace

bool ReadSideBySide(int argc, char** argv, const char* name, SideBySide& settings) {
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "--", 2) != 0) {
      settings.files.push_back(argv[i]);
    } else if (!TakeFlag(argv[i], i + 1 < argc ? argv[i + 1] : nullptr, settings)) {
      std::fprintf(stderr, "%s: '%s' and what follows\n", name, argv[i]);
      return false;
    } else {
      ++i;
    }
  }
  if (!settings.trees.empty()) return true;
  std::copy_if(Policies().begin(), Policies().end(), std::back_inserter(settings.trees),
               [](const Policy* policy) { return policy->foreign(); });
  if (settings.trees.empty()) {
    std::fprintf(stderr, "%s: built without a tree (GATHERFUZZ_KERNEL)\n", name);
  }
  return !settings.trees.empty();
}

ProgramLine DrawLine(Random& random, const Schedule& schedule, std::span<const OpKind> kinds,
                     int pages) {
  ProgramLine line;
  line.op.kind = kinds[random.Below(static_cast<uint32_t>(kinds.size()))];
  const OpInfo& info = Info(line.op.kind);
  const auto cpu = static_cast<int>(random.Below(static_cast<uint32_t>(schedule.cpus)));
  line.agent = MakeAgent(info.agent, MakeCpu(cpu));
  const int begin = static_cast<int>(random.Below(static_cast<uint32_t>(pages)));
  line.op.range = {begin, info.operands == Operands::kPage ? begin + 1 : pages};
  if (info.operands == Operands::kMm) {
    const int mm = static_cast<int>(random.Below(kUserMms));
    line.op.range = {mm, mm + 1};
  }
  if (info.operands == Operands::kNone) line.op.range = {0, 1};
  return line;
}

}  // namespace gatherfuzz
