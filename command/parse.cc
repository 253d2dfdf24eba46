// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "command/parse.h"

#include <algorithm>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "command/flags.h"
#include "explore/io/strings.h"
#include "harness/nearest.h"
#include "harness/search/strategy.h"
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

// What the names are, in a message.
const char* WhatOf(Values values) {
  switch (values) {
    case Values::kPolicies: return "policy";
    case Values::kArchs: return "arch";
    case Values::kStrategies: return "strategy";
    case Values::kKinds: return "kind of violation";
    case Values::kVerdicts: return "verdict";
    case Values::kKernels: return "kernel version";
    case Values::kMemories: return "memory model";
    case Values::kHardware: return "hardware";
    case Values::kNone:
    case Values::kText:
    case Values::kNumber:
    case Values::kFile:
    case Values::kFiles:
    case Values::kFolder:
    case Values::kVariants:
    case Values::kSteps:
    case Values::kLimits: break;
  }
  return "value";
}

// "; one of a, b, c": those that are meant to be chosen from.
std::string OneOf(const FlagInfo& flag, std::vector<std::string> names) {
  if (flag.values == Values::kPolicies) {
    names.clear();
    for (const Policy* policy : Policies()) names.emplace_back(policy->name());
  }
  return absl::StrCat("; one of ", absl::StrJoin(names, ", "));
}

bool IsOne(const FlagInfo& flag, const std::vector<std::string>& names, const std::string& name) {
  if (flag.values == Values::kStrategies) return FindStrategy(name) != nullptr;  // an old name, too
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Parser {
 public:
  Parser(const Command& command, std::span<const std::string> words)
      : command_(command), flags_(FlagsOf(command)), words_(words) {}

  absl::StatusOr<CommandLine> Parse() {
    bool flags = true;  // until "--"
    for (; next_ < words_.size(); ++next_) {
      const std::string& word = words_[next_];
      if (flags && (word == "--help" || word == "-h")) {
        line_.help = true;
        return line_;
      }
      if (flags && word == "--") {
        flags = false;
      } else if (flags && word.size() > 1 && word[0] == '-') {
        const absl::Status status = TakeFlag(word);
        if (!status.ok()) return status;
      } else {
        line_.arguments.push_back(word);
      }
    }
    return line_;
  }

 private:
  // Takes the flag, and its value, which may be the next word.
  absl::Status TakeFlag(const std::string& word) {
    std::string name = word.substr(word[1] == '-' ? 2 : 1);
    std::optional<std::string> value;
    if (const size_t equals = name.find('='); equals != name.npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    std::replace(name.begin(), name.end(), '_', '-');
    if (name == "o") name = "output";
    const auto taken = std::find_if(flags_.begin(), flags_.end(), [&](const TakenFlag& flag) {
      return NameOf(*flag.info) == name;
    });
    if (taken == flags_.end()) return Unknown(word, name);
    if (!value && taken->info->value.empty()) value = "true";
    if (!value) {
      if (++next_ == words_.size()) return Error("--", name, " needs a value");
      value = words_[next_];
    }
    if (!taken->info->value.empty() && !given_.insert(name).second) {
      return Error("--", name, " is given twice",
                   taken->several ? "; it takes several values, separated by ','" : "");
    }
    return SetFlag(*taken, name, *value);
  }

  absl::Status SetFlag(const TakenFlag& taken, const std::string& name, const std::string& value) {
    const FlagInfo& flag = *taken.info;
    if (!flag.set(line_.options, value)) {
      return Error(
          "--", name, ": '", value, "' is ",
          flag.values == Values::kNone ? "neither true nor false" : "not a number that it takes");
    }
    if (!HeldToNames(flag.values)) return absl::OkStatus();
    const std::vector<std::string> names = NamesFor(flag);
    if (value.empty()) return Error("--", name, " needs a value");
    const std::vector<std::string> given = absl::StrSplit(value, ',');
    for (const std::string& each : given) {
      if (IsOne(flag, names, each)) continue;
      return Error("--", name, ": unknown ", WhatOf(flag.values), " '", each, "'",
                   flag.values == Values::kKernels  // none is a misspelt other one
                       ? ""
                       : DidYouMean(each, {names.begin(), names.end()}),
                   OneOf(flag, names));
    }
    const bool group = flag.values == Values::kPolicies &&
                       std::find(std::begin(kPolicyGroups), std::end(kPolicyGroups), value) !=
                           std::end(kPolicyGroups);
    if (taken.several || (given.size() == 1 && !group)) return absl::OkStatus();
    return Error("--", name, " ", value, ": ", Absl(command_.called), " takes one ",
                 WhatOf(flag.values));
  }

  absl::Status Unknown(const std::string& word, const std::string& name) const {
    std::vector<std::string> own;
    own.reserve(flags_.size());
    for (const TakenFlag& flag : flags_) own.push_back(NameOf(*flag.info));
    const std::string others = OthersWith(name);
    if (!others.empty()) {
      return Error("unknown flag '", word, "', which is one of ", others, "; 'gatherfuzz help ",
                   Absl(command_.called), "' lists those it takes");
    }
    const std::string_view near = Nearest(name, {own.begin(), own.end()});
    const std::string hint =
        near.empty() ? "" : absl::StrCat("; did you mean '--", Absl(near), "'?");
    return Error("unknown flag '", word, "'", hint, "; 'gatherfuzz help ", Absl(command_.called),
                 "' lists those it takes");
  }

  // "explain, search": the commands that take a flag of that name; empty if none does.
  static std::string OthersWith(const std::string& name) {
    std::vector<std::string> others;
    for (const Command* command : Commands()) {
      for (const TakenFlag& flag : FlagsOf(*command)) {
        if (NameOf(*flag.info) == name) others.emplace_back(command->called);
      }
    }
    constexpr size_t kMostNamed = 4;
    return others.size() > kMostNamed ? "other commands" : absl::StrJoin(others, ", ");
  }

  template <typename... Parts>
  static absl::Status Error(const Parts&... parts) {
    return absl::InvalidArgumentError(absl::StrCat(parts...));
  }

  const Command& command_;
  const std::vector<TakenFlag> flags_;
  const std::span<const std::string> words_;
  size_t next_ = 0;
  std::set<std::string> given_;
  CommandLine line_;
};

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(const Command& command,
                                             std::span<const std::string> words) {
  return Parser(command, words).Parse();
}

}  // namespace gatherfuzz
