// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/minimize/attempts.h"

#include <utility>

#include "explore/turning.h"
#include "harness/bytes.h"
#include "harness/cause.h"
#include "triage/minimize/passes.h"

namespace gatherfuzz {
namespace {

// Violations of the right kind that a search looks at, at most. Those of one signature come close
// together; most programs have a few dozen.
constexpr int kMostJudged = 1000;

// How many explorations that reach the limit of states are made to find smaller programs.
constexpr uint64_t kExplorations = 10;

// The programs and the initial state, as a key.
std::string KeyOf(Schedule programs) {
  programs.order.clear();
  programs.tail = {};
  const EncodedBytes bytes = EncodeBytes(programs);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

Attempts::Attempts(const Schedule& schedule, const Policy& policy, const Arch& arch,
                   const MinimizeSettings& settings, const std::atomic<bool>& stop,
                   const std::function<void(const Minimized&)>& progress)
    : policy_(policy), arch_(arch), settings_(settings), stop_(stop), progress_(progress) {
  Trace trace = Record(*execution_, schedule, policy, arch, settings.ignored);
  kind_ = trace.result.violation.kind;
  signature_ = Signature(trace);
  best_ = SubjectOf(schedule, std::move(trace));
  preemptions_before_ = best_.weight.preemptions;
  steps_before_ = best_.weight.steps;
}

bool Attempts::Try(const Schedule& candidate) {
  return !stopped() && (Take(candidate) || (any_order_ && TakeInAnyOrder(candidate)));
}

bool Attempts::Adopt(const Subject& candidate) {
  if (best_.weight.Worth() < candidate.weight.Worth()) return false;
  return Improve(candidate);
}

bool Attempts::Take(const Schedule& candidate) {
  if (best_.weight.size < SizeOf(candidate)) return false;
  std::optional<Subject> subject = Run(candidate);
  if (subject && subject->weight < best_.weight) return Improve(*std::move(subject));
  // It may be simpler once its CPUs are numbered as they move in it.
  if (!subject || subject->weight.moves == 0 || best_.weight.Effort() < subject->weight.Effort()) {
    return false;
  }
  subject = Run(WithCpus(candidate, InOrderOfMoves(candidate, subject->path)));
  return subject && subject->weight < best_.weight && Improve(*std::move(subject));
}

bool Attempts::TakeInAnyOrder(const Schedule& candidate) {
  if (explored_ / kExplorations >= settings_.limits.states) return false;
  const Size size = SizeOf(candidate);
  const bool smaller = size < best_.weight.size;
  const bool lower = size == best_.weight.size && HeightOf(candidate) < best_.weight.height;
  if (!smaller && !lower) return false;
  std::string key = KeyOf(candidate);
  if (without_.contains(key)) return false;
  if (TakeAnyOrderOf(candidate)) return true;
  if (!stopped()) without_.insert(std::move(key));
  return false;
}

bool Attempts::TakeAnyOrderOf(const Schedule& programs) {
  // The cheaper question: it leaves out orders of independent steps, and the first way to the
  // violation is good enough.
  const ExploreResult explored = Explore(programs,
                                         {.policy = &policy_,
                                          .arch = &arch_,
                                          .ignored = settings_.ignored,
                                          .limits = settings_.limits},
                                         stop_);
  explored_ += explored.states;
  const bool met = (explored.kinds() & Bit(kind_)) != 0;
  if (explored.kind == kind_ && Take(SpelledOut(programs, explored.path))) return true;
  if (!met) return false;
  // Another may have our signature.
  const ShortestResult result = FindOrder(programs, -1);
  return result.found && Take(ScheduleFor(programs, result.found->path));
}

std::optional<Subject> Attempts::Run(const Schedule& schedule) {
  if (schedule.kswapd) {
    Schedule canonical = schedule;  // kswapd may have lost its program
    Canonicalize(canonical);
    if (!(canonical == schedule)) return Run(canonical);
  }
  Count();
  const RunResult result =
      execution_->Execute(schedule, policy_, arch_, {.ignored = settings_.ignored});
  if (result.violation.kind != kind_) return {};
  Trace trace = Record(*execution_, schedule, policy_, arch_, settings_.ignored);
  if (!DoesAsWell(trace)) return {};
  return SubjectOf(schedule, std::move(trace));
}

ShortestResult Attempts::FindOrder(const Schedule& programs, int most_preemptions) {
  int judged = 0;
  const auto accept = [&](const Path& path) {
    if (++judged > kMostJudged) return true;
    Count();
    const Schedule spelled = SpelledOut(programs, path);
    return DoesAsWell(Record(*execution_, spelled, policy_, arch_, settings_.ignored));
  };
  Graph graph(programs, policy_, arch_, settings_.ignored);
  ShortestResult result =
      FindShortest(graph, Bit(kind_), most_preemptions, settings_.limits, stop_, accept);
  explored_ += graph.states();
  if (judged > kMostJudged) result.found.reset();
  return result;
}

ShortestResult Attempts::FindOrderOfKind(const Schedule& programs, int most_preemptions) {
  Graph graph(programs, policy_, arch_, settings_.ignored);
  return FindShortest(graph, Bit(kind_), most_preemptions, settings_.limits, stop_);
}

Schedule Attempts::ScheduleFor(const Schedule& programs, const Path& path) const {
  return ScheduleOf(programs, policy_, arch_, path, settings_.ignored);
}

Minimized Attempts::Result() const {
  return {.schedule = best_.schedule,
          .kind = kind_,
          .signature = signature_,
          .preemptions = best_.weight.preemptions,
          .steps = best_.weight.steps,
          .preemptions_before = preemptions_before_,
          .steps_before = steps_before_,
          .replays = replays_,
          .interrupted = stopped()};
}

bool Attempts::DoesAsWell(const Trace& trace) const {
  return trace.result.violation.kind == kind_ && Signature(trace) == signature_;
}

Subject Attempts::SubjectOf(const Schedule& schedule, Trace trace) {
  Subject subject{.schedule = schedule, .trace = std::move(trace)};
  subject.path = ActionsOf(subject.trace);
  const int preemptions =
      PreemptionsOf(*stepper_, schedule, policy_, arch_, subject.path, settings_.ignored);
  subject.weight = WeightOf(schedule, subject.path, preemptions);
  return subject;
}

bool Attempts::Improve(Subject subject) {
  best_ = std::move(subject);
  if (progress_) progress_(Result());
  return true;
}

void Attempts::Count() {
  constexpr uint64_t kNowAndThen = 256;
  if (++replays_ % kNowAndThen == 0 && progress_) progress_(Result());
}

}  // namespace gatherfuzz
