// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/explain/explanation.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "explore/graph.h"
#include "explore/turning.h"
#include "triage/tell/explain/old_values.h"
#include "triage/tell/explain/summary.h"
#include "triage/tell/interleaving.h"

namespace gatherfuzz {
namespace {

// What the rescue's steps are: they are made from before the run's step `fatal`.
std::vector<RescueStep> StepsOf(const Schedule& schedule, const Policy& policy, const Arch& arch,
                                uint32_t ignored, const Path& run, const Turning& turning) {
  Stepper stepper;
  stepper.Begin(schedule, policy, arch, ignored);
  for (int i = 0; i + 1 < turning.lost_after; ++i) stepper.Step(run[static_cast<size_t>(i)]);
  std::vector<RescueStep> steps;
  for (const Action action : turning.rescue) {
    const PendingStep next = stepper.Next(action);
    steps.push_back({AgentOf(action), next.point, next.page, schedule.kswapd_cpu()});
    stepper.Step(action);
  }
  return steps;
}

// Deliveries that a thread has waited for by the time it makes a later step go without saying.
bool GoesWithoutSaying(const std::vector<RescueStep>& rescue, size_t at) {
  if (rescue[at].point != Point::deliver) return false;
  const AgentId issuer = CpuAgent(MakeCpu(rescue[at].page));
  return std::any_of(rescue.begin() + static_cast<ptrdiff_t>(at), rescue.end(),
                     [&](const RescueStep& later) { return later.agent == issuer; });
}

// "cpu0 had gone on through tlb_flush(1) and cpu1 had taken the invalidation of cpu0".
std::string SayRescue(const std::vector<RescueStep>& rescue) {
  std::vector<RescueStep> said;
  for (size_t i = 0; i < rescue.size(); ++i) {
    if (GoesWithoutSaying(rescue, i)) continue;
    const bool goes_on =
        !said.empty() && said.back().agent == rescue[i].agent && rescue[i].point != Point::deliver;
    if (goes_on) said.pop_back();
    said.push_back(rescue[i]);
  }
  std::string text;
  for (const RescueStep& step : said) {
    absl::StrAppend(&text, text.empty() ? "" : " and then ");
    if (step.point == Point::deliver) {
      const int taker = Index(CpuOf(step.agent));
      absl::StrAppend(&text, "cpu", taker, " had taken ",
                      taker == step.page
                          ? "its own invalidation"
                          : "the invalidation of " + CpuName(step.page, step.kswapd));
    } else {
      absl::StrAppend(&text, AgentName(step.agent, step.point, step.kswapd),
                      " had gone on through ", StepName(step.point, step.page));
    }
  }
  return text;
}

std::string Say(const Trace& trace, const NoReturn& it) {
  switch (it.known) {
    case NoReturn::Known::kNo:
      return "Not found within the limit of states: --limit states=N raises it.";
    case NoReturn::Known::kAtStart: return "No order of these programs ends well.";
    case NoReturn::Known::kAtStep: break;
  }
  const TraceStep& lost = trace.steps[static_cast<size_t>(it.step)];
  const std::string step =
      absl::StrCat("step ", it.step + 1, ", ", StepName(lost.event.point, lost.event.page), " of ",
                   ActorOf(lost));
  std::string text =
      it.step + 1 == static_cast<int>(trace.steps.size())
          ? absl::StrCat("The run could have ended well up to its last step: ", step, ".")
          : absl::StrCat("After ", step, ", every continuation violates; before it one did not.");
  if (it.rescue.empty()) return text + " Nothing that could come before that step prevents it.";
  return absl::StrCat(text, " It would not have come to that if, before that step, ",
                      SayRescue(it.rescue), ".");
}

// Whether the kind is judged under the policy at all: else it says nothing that the policy
// survives.
bool IsHeldTo(const Policy& policy, ViolationKind kind) {
  return kind != ViolationKind::kIncoherentMapping ||
         policy.protocol().BatchesUnmaps().held_coherent;
}

// Runs, and explores where that is cheap, what the others make of it that are held to `kind`.
std::vector<UnderPolicy> UnderOthers(const Schedule& schedule, ViolationKind kind,
                                     const Policy& policy, const Arch& arch,
                                     const ExplainSettings& settings,
                                     const std::atomic<bool>& stop) {
  std::vector<UnderPolicy> others;
  const auto execution = std::make_unique<Execution>();
  for (const Policy* other : Policies()) {
    if (other == &policy || stop.load() || !IsHeldTo(*other, kind)) continue;
    UnderPolicy under{.policy = other->name()};
    under.result = execution->Execute(schedule, *other, arch, {.ignored = settings.ignored});
    if (under.result.clean()) {
      ExploreSettings explore;
      explore.policy = other;
      explore.arch = &arch;
      explore.ignored = settings.ignored;
      explore.to_first = true;
      explore.limits = settings.limits;
      const ExploreResult explored = Explore(schedule, explore, stop);
      under.explored = explored.complete() || explored.violated();
      under.any_order = explored.kind;
    }
    others.push_back(under);
  }
  return others;
}

// Loads of old values stand in the chain where they were made, and are shown with the stores that
// they missed.
void AddOldValues(const Schedule& schedule, const Trace& trace, const Policy& policy,
                  const Arch& arch, uint32_t ignored, Explanation& it) {
  for (Sentence& sentence : TellOldValues(schedule, trace, policy, arch, ignored)) {
    const TraceStep& step = trace.steps[static_cast<size_t>(sentence.step)];
    it.shown[static_cast<size_t>(sentence.step)] = true;
    if (step.old_since != 0) it.shown[step.old_since - 1] = true;
    const auto later = [](int index, const Sentence& other) { return index < other.step; };
    it.chain.insert(std::upper_bound(it.chain.begin(), it.chain.end(), sentence.step, later),
                    std::move(sentence));
  }
}

}  // namespace

NoReturn FindNoReturn(const Schedule& schedule, const Trace& trace, const Policy& policy,
                      const Arch& arch, const ExplainSettings& settings,
                      const std::atomic<bool>& stop) {
  NoReturn found;
  const auto graph = std::make_unique<Graph>(schedule, policy, arch, settings.ignored);
  const Path run = ActionsOf(trace);
  const Turning turning = FindTurning(*graph, run, settings.limits, stop);
  if (turning.known) {
    found.known = turning.lost_after == 0 ? NoReturn::Known::kAtStart : NoReturn::Known::kAtStep;
    found.step = turning.lost_after - 1;
    found.rescue = StepsOf(schedule, policy, arch, settings.ignored, run, turning);
  }
  found.text = Say(trace, found);
  return found;
}

Explanation Explain(const Schedule& schedule, const Trace& trace, const Policy& policy,
                    const Arch& arch, const ExplainSettings& settings,
                    const std::atomic<bool>& stop) {
  Explanation it;
  it.cause = FindCause(trace);
  it.signature = Signature(trace);
  it.shown = RelevantSteps(trace, it.cause);
  it.chain = ChainOf(trace, it.cause);
  AddOldValues(schedule, trace, policy, arch, settings.ignored, it);
  it.no_return = FindNoReturn(schedule, trace, policy, arch, settings, stop);
  if (it.no_return.step >= 0) it.shown[static_cast<size_t>(it.no_return.step)] = true;
  it.others = UnderOthers(schedule, trace.result.violation.kind, policy, arch, settings, stop);
  return it;
}

}  // namespace gatherfuzz
