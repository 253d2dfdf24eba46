// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/answer.h"

#include <chrono>
#include <memory>

namespace gatherfuzz {
namespace {

// The one that exploration happened to meet, where no shorter was looked for to the end.
Counterexample AnyOne(const Schedule& programs, const ExploreSettings& settings,
                      const ExploreResult& explored) {
  return {.kind = explored.kind,
          .preemptions = PreemptionsOf(programs, *settings.policy, *settings.arch, explored.path,
                                       settings.ignored),
          .steps = static_cast<int>(explored.path.size()),
          .path = explored.path};
}

}  // namespace

Answer Settle(const Schedule& programs, const ExploreSettings& settings,
              const std::atomic<bool>& stop,
              const std::function<void(const ExploreResult&)>& progress) {
  const auto began = std::chrono::steady_clock::now();
  Answer answer;
  answer.explored = Explore(programs, settings, stop, progress);
  if (!answer.explored.violated()) return answer;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began;
  ExploreLimits left = settings.limits;
  left.seconds -= passed.count();
  const auto graph =
      std::make_unique<Graph>(programs, *settings.policy, *settings.arch, settings.ignored);
  const ShortestResult found =
      FindShortest(*graph, ~settings.ignored, settings.preemptions, left, stop);
  answer.searched = graph->states();
  answer.proven = found.found.has_value();
  answer.shortest = found.found ? *found.found : AnyOne(programs, settings, answer.explored);
  answer.schedule = ScheduleOf(programs, *settings.policy, *settings.arch, answer.shortest->path,
                               settings.ignored);
  return answer;
}

}  // namespace gatherfuzz
