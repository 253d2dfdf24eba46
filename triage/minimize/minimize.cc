// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/minimize/minimize.h"

#include <memory>
#include <tuple>

#include "triage/minimize/passes.h"

namespace gatherfuzz {
namespace {

// Names and places come first, so that what is dropped does not depend on them.
void ByReplay(Attempts& attempts) {
  for (bool helped = true; helped && !attempts.stopped();) {
    helped = NameTheSwitches(attempts);
    helped |= RenumberCpus(attempts);
    helped |= MovePages(attempts);
    helped |= ShrinkPrograms(attempts);
    helped |= ShrinkOrder(attempts);
  }
}

void InAnyOrder(Attempts& attempts) {
  for (bool helped = true; helped && !attempts.stopped();) {
    attempts.set_any_order(true);
    helped = ShrinkPrograms(attempts);
    helped |= MovePages(attempts);
    attempts.set_any_order(false);
    if (helped) ByReplay(attempts);
  }
}

}  // namespace

Minimized Minimize(const Schedule& schedule, const Policy& policy, const Arch& arch,
                   const MinimizeSettings& settings, const std::atomic<bool>& stop,
                   const std::function<void(const Minimized&)>& progress) {
  const auto attempts =
      std::make_unique<Attempts>(schedule, policy, arch, settings, stop, progress);
  ByReplay(*attempts);
  // Each time round the programs are smaller, or lie lower.
  for (bool again = attempts->may_explore(); again && !attempts->stopped();) {
    InAnyOrder(*attempts);
    TakeShortestOrder(*attempts);
    const Weight before = attempts->best().weight;
    ByReplay(*attempts);
    const Weight& after = attempts->best().weight;
    again = std::tie(after.size, after.height) != std::tie(before.size, before.height);
  }
  Minimized result = attempts->Result();
  if (!attempts->may_explore() || attempts->stopped()) return result;
  const std::strong_ordering order = CompareWithShortest(*attempts);
  result.proven = order == std::strong_ordering::equal;
  result.others_are_shorter = order == std::strong_ordering::greater;
  return result;
}

}  // namespace gatherfuzz
