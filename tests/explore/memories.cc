// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What scripts/memories measures, as tables of Markdown. Ctrl-C ends it without a table.
//   memories contain COUNT STATES JOBS
//     COUNT small programs, drawn at random, each under a policy and an architecture, whose states
//     are at most STATES under each memory model: what the weaker one reaches has what the stronger
//     one does. Exit status 1, and the program, if not.
//   memories growth BOUNDS EVERY STATES JOBS
//     Of each EVERYth program within BOUNDS, how many more states the weaker memory has.
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "explore/io/long_run.h"
#include "explore/io/strings.h"
#include "explore/program_list.h"
#include "model/machine/memory.h"
#include "tests/explore/containment.h"
#include "tests/small_program.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

uint64_t Number(const char* text) { return std::strtoull(text, nullptr, 10); }

// Calls `work` with each number below `count`, on so many threads; `told` says how far it is.
// False if it was interrupted.
template <typename Work>
bool ForEach(uint64_t count, uint64_t jobs, const std::string& told, Work work) {
  const Interruptible interruptible;
  ProgressLine progress;
  std::atomic<uint64_t> next = 0, done = 0;
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < jobs; ++i) {
    threads.emplace_back([&] {
      for (uint64_t at; (at = next++) < count && !Interruptible::flag(); ++done) work(at);
    });
  }
  while (done < count && !Interruptible::flag()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (progress.Due()) {
      progress.Show(absl::StrFormat("%s: %d of %d programs", told, done.load(), count));
    }
  }
  for (std::thread& thread : threads) thread.join();
  return !Interruptible::flag();
}

// --- What is reached ---

struct Drawn {
  const Policy* policy;
  const Arch* arch;
  Schedule schedule;
};
Drawn Draw(uint64_t seed) {
  Random random(seed);
  const auto policies = Policies();
  return {policies[seed % policies.size()], FindArch(seed / 2 % 2 == 0 ? "arm64" : "x86"),
          SmallProgram(random)};
}

// Sums over programs; ends are final states.
struct Reached {
  uint64_t compared = 0, too_large = 0, no_room = 0;
  std::array<uint64_t, kMemories> violate{}, ends{}, more_kinds{}, more_ends{};
  void Add(const Containment& it) {
    too_large += it.stopped == Stop::kStates;
    no_room += it.stopped == Stop::kStores;
    if (it.stopped != Stop::kNo) return;
    ++compared;
    for (size_t i = 0; i < kMemories; ++i) {
      violate[i] += it.kinds[i] != 0;
      ends[i] += it.ends[i].size();
      more_kinds[i] += i != 0 && it.kinds[i] != it.kinds[i - 1];
      more_ends[i] += i != 0 && it.ends[i].size() > it.ends[i - 1].size();
    }
  }
};

void Print(const Reached& reached, uint64_t states) {
  std::cout << absl::StreamFormat(
      "%d programs compared. %d more were left out for more than %d states, %d for more stores in "
      "flight than the model keeps.\n\n"
      "| memory | programs that violate | kinds that the one above has not | final states | "
      "programs with more of them |\n|---|--:|--:|--:|--:|\n",
      reached.compared, reached.too_large, states, reached.no_room);
  for (size_t i = 0; i < kMemories; ++i) {
    std::cout << absl::StreamFormat("| `%s` | %d | %d | %d | %d |\n",
                                    Absl(NameOf(static_cast<MemoryModel>(i))), reached.violate[i],
                                    reached.more_kinds[i], reached.ends[i], reached.more_ends[i]);
  }
}

// Takes the programs that were not left out of as many as it needs, in order.
int RunContain(uint64_t count, uint64_t states, uint64_t jobs) {
  Reached reached;
  for (uint64_t from = 0; reached.compared < count;) {
    const uint64_t more = count - reached.compared;
    std::vector<Containment> found(more);
    const auto work = [&](uint64_t i) {
      const Drawn drawn = Draw(from + i);
      ExploreSettings settings{.policy = drawn.policy, .arch = drawn.arch};
      settings.limits.states = states;
      found[i] = Contain(drawn.schedule, settings);
    };
    if (!ForEach(more, jobs, "containment", work)) return 130;
    for (uint64_t i = 0; i < more; ++i) {
      reached.Add(found[i]);
      if (found[i].lost.empty()) continue;
      const Drawn drawn = Draw(from + i);
      std::cerr << found[i].lost << "; " << drawn.policy->name() << ", " << drawn.arch->name()
                << "\n"
                << PrintText({.schedule = drawn.schedule});
      return 1;
    }
    from += more;
  }
  Print(reached, states);
  return 0;
}

// --- Growth ---

struct Pair {
  const char* arch;
  MemoryModel memory;
};
constexpr Pair kPairs[] = {{"x86", MemoryModel::kTso},
                           {"arm64", MemoryModel::kWeak},
                           {"arm64", MemoryModel::kLate},
                           {"x86", MemoryModel::kWeak}};

std::optional<uint64_t> StatesOf(Schedule schedule, const ExploreSettings& settings,
                                 MemoryModel memory) {
  schedule.memory = memory;
  const ExploreResult result = Explore(schedule, settings);
  return result.complete() ? std::optional(result.states) : std::nullopt;
}

// Of one program, under sc and the other; 0: not complete.
struct Grown {
  uint64_t sc = 0, other = 0;
};

void PrintRow(const Policy& policy, const Pair& pair, const std::vector<Grown>& grown,
              uint64_t every) {
  uint64_t sc = 0, other = 0, programs = 0;
  size_t worst = 0;
  double logs = 0, most = 0;
  for (size_t i = 0; i < grown.size(); ++i) {
    const Grown& it = grown[i];
    if (it.other == 0) continue;
    ++programs, sc += it.sc, other += it.other;
    const double ratio = static_cast<double>(it.other) / static_cast<double>(it.sc);
    logs += std::log(ratio);
    if (ratio > most) most = ratio, worst = i;
  }
  std::cout << absl::StreamFormat(
      "| `%s` | %s | `%s` | %d | %d | %d | %d | %.2f | %.2f | %.2f (%d) |\n", Absl(policy.name()),
      pair.arch, Absl(NameOf(pair.memory)), programs, grown.size() - programs, sc, other,
      std::exp(logs / static_cast<double>(std::max<uint64_t>(programs, 1))),
      static_cast<double>(other) / static_cast<double>(std::max<uint64_t>(sc, 1)), most,
      worst * every);
}

int RunGrowth(const char* bounds, uint64_t every, uint64_t states, uint64_t jobs) {
  const auto parsed = ProgramList::Parse(bounds);
  if (const auto* wrong = std::get_if<std::string>(&parsed)) {
    std::cerr << "memories: " << *wrong << "\n";
    return 2;
  }
  const auto& programs = std::get<ProgramList>(parsed);
  std::cout << "| policy | arch | memory | programs | left out | states, sc | states | mean | "
               "together | most (program) |\n|---|---|---|--:|--:|--:|--:|--:|--:|--:|\n";
  for (const char* policy : {"full-mm", "sync-finish", "epoch-sync"}) {
    for (const Pair& pair : kPairs) {
      ExploreSettings settings{
          .policy = FindPolicy(policy), .arch = FindArch(pair.arch), .reduce = false};
      settings.limits.states = states;
      std::vector<Grown> grown((programs.size() + every - 1) / every);
      const auto work = [&](uint64_t i) {
        const Schedule schedule = programs.At(i * every);
        const auto sc = StatesOf(schedule, settings, MemoryModel::kSc);
        const auto other = sc ? StatesOf(schedule, settings, pair.memory) : std::nullopt;
        if (other) grown[i] = {*sc, *other};
      };
      const std::string told =
          absl::StrFormat("%s, %s, %s", policy, pair.arch, Absl(NameOf(pair.memory)));
      if (!ForEach(grown.size(), jobs, told, work)) return 130;
      PrintRow(*settings.policy, pair, grown, every);
    }
  }
  return 0;
}

}  // namespace
}  // namespace gatherfuzz

int main(int argc, char** argv) {
  using namespace gatherfuzz;
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "contain" && argc == 5) {
    return RunContain(Number(argv[2]), Number(argv[3]), Number(argv[4]));
  }
  if (what == "growth" && argc == 6) {
    return RunGrowth(argv[2], Number(argv[3]), Number(argv[4]), Number(argv[5]));
  }
  std::cerr << "usage: memories contain COUNT STATES JOBS\n"
               "       memories growth BOUNDS EVERY STATES JOBS\n";
  return 2;
}
