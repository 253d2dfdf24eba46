// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// TEMPORARY: the interfaces of minimize.h and triage/page/page.h by what is there, until they have
// implementations of their own. To be dropped then.
#include <memory>

#include "harness/cause.h"
#include "triage/minimize.h"
#include "triage/minimize/minimize.h"
#include "triage/page/page.h"

namespace gatherfuzz {

Minimized Minimize(const Schedule& schedule, const Policy& policy, const Arch& arch,
                   const MinimizeSettings& settings, const std::atomic<bool>& stop,
                   const std::function<void(const Minimized&)>&) {
  const auto execution = std::make_unique<Execution>();
  const Trace found = Record(*execution, schedule, policy, arch, settings.ignored);
  Minimized minimized{.schedule = Minimize(*execution, schedule, policy, arch),
                      .kind = found.result.violation.kind,
                      .signature = Signature(schedule, found),
                      .interrupted = stop.load()};
  Trace trace = Record(*execution, minimized.schedule, policy, arch, settings.ignored);
  if (Signature(minimized.schedule, trace) != minimized.signature) {
    minimized.schedule = schedule;
    trace = found;
  }
  minimized.preemptions = static_cast<int>(minimized.schedule.order.size());
  minimized.steps = static_cast<int>(trace.steps.size());
  return minimized;
}

std::string PageOf(const PageInput& input) {
  return "<!doctype html><title>page</title><p>" + std::to_string(input.trace.steps.size()) +
         " steps\n";
}

}  // namespace gatherfuzz
