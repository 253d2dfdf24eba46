// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Passes over the order, by replay: fewer preemptions, then fewer steps, then fewer runs to say it.
#include "triage/minimize/passes.h"

namespace gatherfuzz {
namespace {

bool DropRuns(Attempts& attempts) {
  return DropParts([&] { return attempts.schedule().order.size(); },
                   [&](size_t begin, size_t end) {
                     Schedule candidate = attempts.schedule();
                     for (size_t i = end; i-- > begin;) candidate.order.erase(i);
                     return attempts.Try(candidate);
                   });
}

Schedule WithRunMoved(const Schedule& schedule, size_t from, size_t to) {
  Schedule moved = schedule;
  moved.order.erase(from);
  moved.order.insert(to, schedule.order[from]);
  return moved;
}

// The next run of the same agent; as many as there are if there is none.
size_t NextOfAgent(const Schedule& schedule, size_t i) {
  const auto& order = schedule.order;
  size_t next = i + 1;
  while (next < order.size() && order[next].agent != order[i].agent) ++next;
  return next;
}

// A run moves to the next one of its agent, or that one to it: a switch there and back less.
bool MergeRuns(Attempts& attempts) {
  bool helped = false;
  for (size_t i = 0; i + 2 < attempts.schedule().order.size(); ++i) {
    const size_t next = NextOfAgent(attempts.schedule(), i);
    if (next == i + 1 || next == attempts.schedule().order.size()) continue;
    helped |= attempts.Try(WithRunMoved(attempts.schedule(), i, next - 1)) ||
              attempts.Try(WithRunMoved(attempts.schedule(), next, i + 1));
  }
  return helped;
}

bool SwapRuns(Attempts& attempts) {
  bool helped = false;
  for (size_t i = 0; i + 1 < attempts.schedule().order.size(); ++i) {
    helped |= attempts.Try(WithRunMoved(attempts.schedule(), i, i + 1));
  }
  return helped;
}

// The same steps; runs that are few are worth it.
bool SayItShorter(Attempts& attempts) {
  constexpr size_t kFew = 32;
  const Subject& best = attempts.best();
  return best.schedule.order.size() <= kFew &&
         attempts.Try(attempts.ScheduleFor(best.schedule, best.path));
}

}  // namespace

bool NameTheSwitches(Attempts& attempts) {
  return attempts.Try(NameSwitches(attempts.schedule(), attempts.best().trace));
}

bool ShrinkOrder(Attempts& attempts) {
  bool helped = DropRuns(attempts);
  helped |= MergeRuns(attempts);
  helped |= SwapRuns(attempts);
  helped |= NameTheSwitches(attempts);
  helped |= SayItShorter(attempts);
  return helped;
}

}  // namespace gatherfuzz
