// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/bounds.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <iterator>
#include <optional>
#include <vector>

#include "harness/nearest.h"
#include "harness/schedule.h"
#include "model/machine/memory.h"

namespace gatherfuzz {
namespace {

struct NumberKey {
  std::string_view name;
  int Bounds::* member;
  int least, most;
};

constexpr NumberKey kNumberKeys[] = {
    {"cpus", &Bounds::cpus, 1, kMaxBoundCpus},
    {"ops", &Bounds::ops, 1, kMaxBoundOps},
    {"walkers", &Bounds::walkers, 0, kMaxBoundFills},
    {"pages", &Bounds::pages, 1, kMaxBoundPages},
    {"at", &Bounds::at, 0, kPages - 1},
    {"vmas", &Bounds::vmas, 1, 2},
    {"huge", &Bounds::huge, 0, 1},
    {"batch", &Bounds::batch, 1, kMaxBatch},
    {"symmetry", &Bounds::symmetry, 0, 1},
    {"asids", &Bounds::asids, kNoAsids, kMaxFreeAsids},
    {"rcu", &Bounds::rcu, 0, 1},
    {"pfn", &Bounds::pfn, 0, 1},
};

// A key whose value is a set of names, separated by commas.
struct SetKey {
  std::string_view name;
  uint32_t Bounds::* member;
  uint32_t allowed;
  std::string_view (*name_of)(int bit);
};

std::string_view InitName(int bit) { return kInitStates[bit]; }
std::string_view KindName(int bit) { return kOps[bit].name; }
std::string_view KernelName(int bit) { return kKernelVersions[bit]; }
std::string_view HardwareName(int bit) { return kHardwareKinds[bit]; }
std::string_view MemoryName(int bit) { return kMemoryModels[bit]; }

constexpr uint32_t kSwitchKinds =
    OpsThat([](const OpInfo& op) { return op.is(effect::kSwitches); });

constexpr uint32_t kRevokeKinds = OpsThat([](const OpInfo& op) { return op.is(effect::kRevokes); });

constexpr SetKey kSetKeys[] = {
    {"init", &Bounds::init, (1u << std::size(kInitStates)) - 1, InitName},
    {"kinds", &Bounds::kinds, ((1u << kOpCount) - 1) & ~kWalkerKinds, KindName},
    {"kernel", &Bounds::kernel, (1u << kKernelVersionCount) - 1, KernelName},
    {"memory", &Bounds::memory, (1u << std::size(kMemoryModels)) - 1, MemoryName},
    {"hardware", &Bounds::hardware, (1u << kHardwareKindCount) - 1, HardwareName},
};

std::string PrintSet(const SetKey& key, uint32_t set) {
  std::string text;
  for (int bit = 0; bit < 32; ++bit) {
    if ((set >> bit & 1) == 0) continue;
    text += text.empty() ? "" : ",";
    text += (key.allowed >> bit & 1) != 0 ? key.name_of(bit) : "?";
  }
  return text;
}

std::string Given(std::string_view key, std::string_view value) {
  return std::string(key) + "=" + std::string(value) + ": ";
}
std::string Given(std::string_view key, int value) { return Given(key, std::to_string(value)); }

std::string WrongNumber(const NumberKey& key, std::string_view value) {
  return Given(key.name, value) + "expected a number from " + std::to_string(key.least) + " to " +
         std::to_string(key.most);
}

std::string WrongSet(const SetKey& key, std::string_view value) {
  return Given(key.name, value) + "expected one or more of " + PrintSet(key, key.allowed) +
         ", separated by commas";
}

// Whether a VMA of the window holds a block that a huge leaf can map. Of two VMAs, the second does
// if the first does: it is as large or larger, and only a window of two blocks fits the first.
bool HasHugeBlock(const Bounds& bounds) {
  const int begin = bounds.vmas == 1 ? bounds.at : bounds.split();
  return RoundUp(begin, kPagesPerPmd) + kPagesPerPmd <= bounds.window().end;
}

// Of bounds whose keys are right by themselves.
std::string Contradiction(const Bounds& bounds) {
  const int last_at = kPages - bounds.pages;
  if (bounds.at > last_at) {
    return Given("at", bounds.at) + "expected a number from 0 to " + std::to_string(last_at) +
           " with pages=" + std::to_string(bounds.pages);
  }
  if (bounds.vmas > bounds.pages) {
    return Given("vmas", bounds.vmas) + "expected 1 with pages=" + std::to_string(bounds.pages);
  }
  if (bounds.huge != 0 && !HasHugeBlock(bounds)) {
    return Given("huge", bounds.huge) + "expected 0, as no VMA of the window holds an aligned " +
           "block of " + std::to_string(kPagesPerPmd) + " pages";
  }
  if (!std::has_single_bit(bounds.kernel)) {
    return Given("kernel", PrintSet(kSetKeys[2], bounds.kernel)) + "expected one version";
  }
  if (!std::has_single_bit(bounds.memory)) {
    return Given("memory", PrintSet(kSetKeys[3], bounds.memory)) + "expected one model";
  }
  if (!std::has_single_bit(bounds.hardware)) {
    return Given("hardware", PrintSet(kSetKeys[4], bounds.hardware)) + "expected one machine";
  }
  const bool only_sc =
      bounds.machine() == HardwareKind::kFaults || bounds.machine() == HardwareKind::kInvlpgb;
  if (only_sc && bounds.memory_model() != MemoryModel::kSc) {
    return Given("hardware", PrintSet(kSetKeys[4], bounds.hardware)) +
           "expected another, as that is modelled with memory=sc only";
  }
  const uint32_t switching = bounds.kinds & kSwitchKinds;
  if (switching != 0 && bounds.memory_model() != MemoryModel::kSc) {
    return Given("kinds", PrintSet(kSetKeys[1], bounds.kinds)) + "expected none of " +
           PrintSet(kSetKeys[1], switching) +
           ", as CPUs that switch or sleep are modelled with memory=sc only";
  }
  if (bounds.asids != kNoAsids && switching == 0) {
    return Given("asids", bounds.asids) +
           "expected kinds with switch, without which no CPU takes one";
  }
  if (HasVmaLocks(bounds.version()) && bounds.memory_model() != MemoryModel::kSc) {
    return Given("kernel", PrintSet(kSetKeys[2], bounds.kernel)) + "expected " +
           std::string(NameOf(WithoutVmaLocks(bounds.version()))) +
           ", as the locks of VMAs are modelled with memory=sc only";
  }
  if (bounds.rcu != 0 && bounds.memory_model() != MemoryModel::kSc) {
    return Given("rcu", bounds.rcu) +
           "expected 0, as RCU frees page tables in steps of its own with memory=sc only";
  }
  if (bounds.pfn != 0 && bounds.memory_model() != MemoryModel::kSc) {
    return Given("pfn", bounds.pfn) + "expected 0, as PFN maps are modelled with memory=sc only";
  }
  if (bounds.pfn == 0 && (bounds.kinds & kRevokeKinds) != 0) {
    return Given("pfn", 0) + "expected 1 with kinds=" + PrintSet(kSetKeys[1], bounds.kinds) +
           ", as there is no PFN map to revoke without";
  }
  const uint32_t missing = bounds.kinds & ~KindsIn(bounds.version());
  if (missing != 0) {
    const int first = std::countr_zero(missing);
    return Given("kinds", PrintSet(kSetKeys[1], bounds.kinds)) + "expected none of " +
           PrintSet(kSetKeys[1], missing) +
           " with kernel=" + std::string(NameOf(bounds.version())) +
           "; kernel=" + std::string(NameOf(kOps[first].since)) + " has " + kOps[first].name;
  }
  if ((bounds.kinds & kGatherKinds) == 0) {
    return Given("kinds", PrintSet(kSetKeys[1], bounds.kinds)) + "expected at least one of " +
           PrintSet(kSetKeys[1], kGatherKinds & KindsIn(bounds.version())) +
           ", as no other opens a gather";
  }
  if (bounds.walkers == 0 && (bounds.cpus < 2 || bounds.ops < 2)) {
    return Given("walkers", 0) + "expected 1 or more, or two cpus and two ops, as a race takes " +
           "two agents with a program";
  }
  return "";
}

std::optional<int> Number(std::string_view word) {
  int value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

// The set that `words` names; nothing if a word is none of the key's.
std::optional<uint32_t> Set(const SetKey& key, std::string_view words) {
  uint32_t set = 0;
  for (size_t at = 0; at <= words.size();) {
    const size_t end = std::min(words.find(',', at), words.size());
    const std::string_view word = words.substr(at, end - at);
    int bit = 0;
    while ((key.allowed >> bit) != 0 &&
           ((key.allowed >> bit & 1) == 0 || key.name_of(bit) != word)) {
      ++bit;
    }
    if ((key.allowed >> bit) == 0) return std::nullopt;
    set |= 1u << bit;
    at = end + 1;
  }
  return set;
}

// Sets the key; returns what is wrong.
std::string SetKeyTo(Bounds& bounds, std::string_view key, std::string_view value) {
  for (const NumberKey& known : kNumberKeys) {
    if (known.name != key) continue;
    const std::optional<int> number = Number(value);
    if (!number || *number < known.least || *number > known.most) return WrongNumber(known, value);
    bounds.*known.member = *number;
    return "";
  }
  for (const SetKey& known : kSetKeys) {
    if (known.name != key) continue;
    const std::optional<uint32_t> set = Set(known, value);
    if (!set) return WrongSet(known, value);
    bounds.*known.member = *set;
    return "";
  }
  std::string keys;
  std::vector<std::string_view> names;
  for (const NumberKey& known : kNumberKeys) {
    keys += std::string(known.name) + ", ";
    names.push_back(known.name);
  }
  for (const SetKey& known : kSetKeys) names.push_back(known.name);
  return Given(key, value) + "expected one of the keys " + keys +
         "init, kinds, kernel, memory, hardware" + DidYouMean(key, names);
}

}  // namespace

int DefaultAt(int pages, bool huge) {
  const int upper = huge ? kPagesPerPmd : pages - pages / 2;
  return kPagesPerPmd - std::max(pages - upper, pages == 1 ? 1 : 0);
}

std::string WhatIsWrong(const Bounds& bounds) {
  for (const NumberKey& key : kNumberKeys) {
    const int value = bounds.*key.member;
    if (value < key.least || value > key.most) return WrongNumber(key, std::to_string(value));
  }
  for (const SetKey& key : kSetKeys) {
    const uint32_t set = bounds.*key.member;
    if (set == 0 || (set & ~key.allowed) != 0) return WrongSet(key, PrintSet(key, set));
  }
  return Contradiction(bounds);
}

std::variant<Bounds, std::string> ParseBounds(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  Bounds bounds;
  std::vector<std::string_view> seen;
  for (size_t at = 0; (at = text.find_first_not_of(kBlanks, at)) != text.npos;) {
    const std::string_view word = text.substr(at, text.find_first_of(kBlanks, at) - at);
    at += word.size();
    const size_t equals = word.find('=');
    if (equals == word.npos) return std::string(word) + ": expected KEY=VALUE";
    const std::string_view key = word.substr(0, equals), value = word.substr(equals + 1);
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
      return Given(key, value) + "expected each key once, and this is its second";
    }
    seen.push_back(key);
    const std::string wrong = SetKeyTo(bounds, key, value);
    if (!wrong.empty()) return wrong;
  }
  if (std::find(seen.begin(), seen.end(), "at") == seen.end()) {
    bounds.at = DefaultAt(bounds.pages, bounds.huge != 0);
  }
  const std::string wrong = Contradiction(bounds);
  if (!wrong.empty()) return wrong;
  return bounds;
}

std::string PrintBounds(const Bounds& bounds) {
  std::string text;
  for (const NumberKey& key : kNumberKeys) {
    if (key.member == &Bounds::asids && bounds.asids == kNoAsids) continue;
    if (key.member == &Bounds::rcu && bounds.rcu == 0) continue;
    if (key.member == &Bounds::pfn && bounds.pfn == 0) continue;
    text += std::string(key.name) + "=" + std::to_string(bounds.*key.member) + " ";
  }
  for (const SetKey& key : kSetKeys) {
    if (key.member == &Bounds::kernel && bounds.version() == kDefaultKernel) continue;
    if (key.member == &Bounds::hardware && bounds.hardware == Bounds{}.hardware) continue;
    if (key.member == &Bounds::memory && bounds.memory == Bounds{}.memory) continue;
    text += std::string(key.name) + "=" + PrintSet(key, bounds.*key.member) + " ";
  }
  text.pop_back();
  return text;
}

}  // namespace gatherfuzz
