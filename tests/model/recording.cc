// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "tests/model/recording.h"

#include <algorithm>
#include <cstring>

#include "model/arch/arch.h"

namespace gatherfuzz {
namespace {

class Recorder final : public StepObserver {
 public:
  explicit Recorder(Recording& to) : to_(to) {}

  void OnStep(const StepEvent& event, const World& before) override {
    NoteIssued(before);
    const bool thread = KindOf(event.agent) == AgentKind::kCpu;
    to_.steps.push_back({event, thread ? before.at(CpuOf(event.agent)).gather : MmuGather{}});
    issuing_ = event.point == Point::tlb_flush;
  }
  // The last step is done; `after` is the state now.
  void NoteIssued(const World& after) {
    if (!issuing_) return;
    issuing_ = false;
    Invalidation request = after.at(CpuOf(to_.steps.back().event.agent)).invalidation;
    request.undelivered = 0;
    to_.requests.push_back({to_.steps.size() - 1, request});
  }

 private:
  Recording& to_;
  bool issuing_ = false;
};

template <typename T>
bool SameBytes(const T& a, const T& b) {
  static_assert(std::has_unique_object_representations_v<T>);
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

bool SameEvent(const StepEvent& a, const StepEvent& b) {
  return a.agent == b.agent && a.point == b.point && a.page == b.page && a.op == b.op &&
         a.lent == b.lent && a.turn_of == b.turn_of;
}

bool SameViolation(const Violation& a, const Violation& b) {
  return a.kind == b.kind && a.page == b.page && a.frame == b.frame && a.cpu == b.cpu;
}

bool SameDrops(const Invalidation& a, const Invalidation& b) {
  return a.small == b.small && a.huge == b.huge && a.pte_tables == b.pte_tables &&
         a.pmd_tables == b.pmd_tables && a.whole == b.whole;
}

// A TLBI by address does not say of which stride it is one.
bool OneAddress(const Invalidation& left, const Invalidation& right) {
  return left.start == right.start && left.end == left.start + 1 &&
         right.end == right.start + PagesAt(right.stride) && left.stride == Level::kPte &&
         left.last_level == right.last_level && left.level_hint == right.level_hint;
}

bool SameCost(const Cost& a, const Cost& b) {
  return a.invalidations == b.invalidations && a.whole == b.whole && a.needless == b.needless;
}

std::string Name(const Recording& recording, size_t step) {
  if (step >= recording.steps.size()) return "the end";
  const StepEvent& event = recording.steps[step].event;
  std::string text = AgentName(event.agent, event.point, -1) + " ";
  text += Info(event.point).name;
  if (event.page != kNoPage) text += "(" + std::to_string(event.page) + ")";
  return text;
}

std::string Fields(const MmuGather& g) {
  std::string text = std::to_string(g.start) + ".." + std::to_string(g.end);
  const auto flag = [&](const char* name, unsigned value) {
    if (value != 0) text += std::string(" ") + name;
  };
  flag("live", g.live);
  flag("fullmm", g.fullmm);
  flag("need_flush_all", g.need_flush_all);
  flag("freed_tables", g.freed_tables);
  flag("ptes", g.cleared_ptes);
  flag("pmds", g.cleared_pmds);
  flag("puds", g.cleared_puds);
  return text + ", " + std::to_string(g.page_count) + " pages, " + std::to_string(g.table_count) +
         " tables";
}

std::string Fields(const Invalidation& r) {
  char text[160];
  std::snprintf(text, sizeof text,
                "%d..%d stride %d%s hint %d%s; small %llx huge %x pte tables %x pmd tables %x",
                r.start, r.end, PagesAt(r.stride), r.last_level ? " leaf only" : "", r.level_hint,
                r.whole ? " whole" : "", static_cast<unsigned long long>(r.small), r.huge,
                r.pte_tables, r.pmd_tables);
  return text;
}

std::string At(size_t step, const std::string& left, const std::string& right) {
  return "step " + std::to_string(step + 1) + ": " + left + " | " + right;
}

Found CompareSteps(const Recording& left, const Recording& right) {
  const size_t count = std::max(left.steps.size(), right.steps.size());
  for (size_t i = 0; i < count; ++i) {
    if (i >= left.steps.size() || i >= right.steps.size() ||
        !SameEvent(left.steps[i].event, right.steps[i].event)) {
      return {Difference::kStep, At(i, Name(left, i), Name(right, i))};
    }
  }
  for (size_t i = 0; i < count; ++i) {
    const MmuGather &a = left.steps[i].gather, &b = right.steps[i].gather;
    if (!SameBytes(a, b)) {
      return {Difference::kGather, Name(left, i) + " " + At(i, Fields(a), Fields(b))};
    }
  }
  return {};
}

// Of runs with the same steps.
Found CompareRequests(const Recording& left, const Recording& right) {
  Found mild;
  for (size_t i = 0; i < left.requests.size(); ++i) {
    const Invalidation &a = left.requests[i].request, &b = right.requests[i].request;
    if (SameBytes(a, b)) continue;
    const std::string where = At(left.requests[i].step, Fields(a), Fields(b));
    if (!SameDrops(a, b)) return {Difference::kDrops, where};
    if (!OneAddress(a, b)) {
      if (mild.difference != Difference::kNames) mild = {Difference::kNames, where};
    } else if (mild.difference == Difference::kNone) {
      mild = {Difference::kStride, where};
    }
  }
  return mild;
}

}  // namespace

void Record(Execution& execution, const Schedule& schedule, const Policy& policy, const Arch& arch,
            Recording& recording) {
  recording.steps.clear();
  recording.requests.clear();
  Recorder recorder(recording);
  recording.result = execution.Execute(schedule, policy, arch, {.observer = &recorder});
  recorder.NoteIssued(execution.world());
  CopyState(execution.world(), recording.end);
}

Found Compare(const Recording& left, const Recording& right) {
  if (!SameViolation(left.result.violation, right.result.violation) ||
      left.result.limit != right.result.limit) {
    return {Difference::kVerdict, std::string(Info(left.result.violation.kind).name) + " | " +
                                      std::string(Info(right.result.violation.kind).name)};
  }
  if (Found found = CompareSteps(left, right); found.difference != Difference::kNone) return found;
  Found requests = CompareRequests(left, right);
  if (requests.difference == Difference::kDrops || requests.difference == Difference::kNames) {
    return requests;
  }
  if (left.result.trace_hash != right.result.trace_hash) {
    return {Difference::kEnd, "the state at the end"};
  }
  if (!SameCost(left.result.cost, right.result.cost)) return {Difference::kCost, "cost"};
  return requests;
}

}  // namespace gatherfuzz
