// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/explain/old_values.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "explore/shortest.h"
#include "explore/weakest_orders.h"
#include "model/kernel/late.h"
#include "triage/tell/explain/summary.h"
#include "triage/tell/interleaving.h"

namespace gatherfuzz {
namespace {

const char* NameOf(MemoryOrder order) {
  switch (order) {
    case MemoryOrder::relaxed: return "relaxed";
    case MemoryOrder::acquire: return "an acquire";
    case MemoryOrder::release: return "a release";
    case MemoryOrder::full: break;
  }
  return "a full barrier";
}

class OldValues {
 public:
  OldValues(const Schedule& schedule, const Trace& trace, const Policy& policy, const Arch& arch,
            uint32_t ignored)
      : schedule_(schedule), trace_(trace), policy_(policy), arch_(arch), ignored_(ignored) {}

  Sentence Tell(int index) {
    const TraceStep& step = At(index);
    const std::string who = AgentName(step.event.agent);
    std::string text = absl::StrCat(who, " does not load the newest value at ",
                                    StepName(step.event.point, step.event.page));
    const int since = static_cast<int>(step.old_since) - 1;
    if (since >= 0) {
      absl::StrAppend(&text, ": ", step.newer.empty() ? "another" : step.newer, " is there since ",
                      StepName(At(since).event.point, At(since).event.page), " of ",
                      AgentName(step.old_writer), " (step ", since + 1, ")");
      absl::StrAppend(&text, ". ", CarriedBy(index, since));
    } else {
      absl::StrAppend(&text, ".");
    }
    absl::StrAppend(&text, " ", ForbiddenBy(index, kNoPoint));
    return {std::move(text), index};
  }

  // Of an increment that is left for later at that step.
  Sentence TellLate(int index) {
    const StepEvent& event = At(index).event;
    const std::string who = AgentName(event.agent);
    std::string text =
        absl::StrCat(who, " raises tlb_flush_pending at ", StepName(event.point, event.page),
                     ", which orders nothing and of which it takes no value, so the increment may "
                     "be done later");
    const int end = static_cast<int>(trace_.steps.size());
    int done = index;
    while (done < end && static_cast<int>(At(done).left_at) != index + 1) ++done;
    if (done == end) {
      absl::StrAppend(&text, ": up to the end, others do not count this gather.");
    } else {
      absl::StrAppend(&text, ": others do not count this gather before step ", done + 1, ". ",
                      DoneFor(done));
    }
    left_ = DetourAgent(CpuOf(event.agent));
    absl::StrAppend(&text, " ", ForbiddenBy(std::min(done, end - 1), event.point));
    return {std::move(text), index};
  }

 private:
  const TraceStep& At(int index) const { return trace_.steps[static_cast<size_t>(index)]; }

  MemoryOrder OrderAt(Point point) const {
    const OrderInfo* const info = MemoryOrderOf(point);
    if (info == nullptr) return MemoryOrder::relaxed;
    const MemoryOrder asked = trace_.asked.Of(point, info->on(arch_.orders()));
    return Changed(schedule_.orders, point, asked);
  }

  // The first step of who stored it that hands on what it has seen.
  std::string CarriedBy(int index, int since) const {
    const AgentId writer = At(index).old_writer;
    for (int i = since; i < index; ++i) {
      const StepEvent& event = At(i).event;
      const MemoryOrder order = OrderAt(event.point);
      const bool releases = order == MemoryOrder::release || order == MemoryOrder::full;
      if (event.agent != writer || !releases) continue;
      return absl::StrCat(AgentName(writer), " hands it on with ",
                          StepName(event.point, event.page), " (step ", i + 1, "), of which ",
                          AgentName(At(index).event.agent), " has taken nothing by then.");
    }
    return absl::StrCat(AgentName(writer), " has handed it on to nobody by then.");
  }

  // What an increment was done for, at that step: its thread waited, or else it came by itself.
  std::string DoneFor(int done) const {
    const AgentId thread = CpuAgent(CpuOf(At(done).event.agent));
    const PointMask waiters = WaitersForLate(OrdersOn(arch_.orders(), schedule_.orders));
    for (int i = done + 1; i < static_cast<int>(trace_.steps.size()); ++i) {
      const StepEvent& event = At(i).event;
      if (event.agent != thread) continue;
      if ((waiters & MaskOf(event.point)) == 0) break;
      return absl::StrCat(StepName(event.point, event.page), " (step ", i + 1, ") waits for it.");
    }
    return "Nothing that it does before waits for it.";
  }

  // The steps up to that one, with orders that are stronger: whether it cannot be made so. Of an
  // increment that is left for later: whether it is done before.
  bool Forbidden(int index, const OrderChanges& stronger, Point what) {
    const bool late = what == Point::pending_inc_later;
    Path path;
    for (int i = 0; i <= index; ++i) {
      const StepEvent& event = At(i).event;
      if (event.point == Point::pending_inc_done && late && i == index) break;
      path.push_back(ActionOf(event.agent, event.point, event.page, event.old));
    }
    Schedule schedule = SpelledOut(schedule_, path);
    // It is still to be done.
    if (late) schedule.order.push_back({.kind = Run::Kind::kLate, .agent = left_});
    schedule.orders.stronger |= stronger.stronger;
    schedule.orders.acquires |= stronger.acquires;
    schedule.orders.releases |= stronger.releases;
    return execution_->Execute(schedule, policy_, arch_, {.ignored = ignored_}).unreached_run >= 0;
  }

  // The weakest orders of these steps that forbid it, as text.
  void AddForbidding(int index, PointMask steps, Point what, std::vector<std::string>& found) {
    if (!Forbidden(index, {.stronger = steps}, what)) return;
    for (const OrderChanges& orders :
         WeakestOrders(steps, [&](const OrderChanges& it) { return Forbidden(index, it, what); })) {
      found.push_back(TextOf(orders));
    }
  }

  static std::string TextOf(const OrderChanges& orders) {
    std::vector<std::string> texts;
    for (PointMask rest = orders.strengthened(); rest != 0; rest &= rest - 1) {
      const Point point = FirstOf(rest);
      texts.push_back(absl::StrCat(Info(point).name, " ",
                                   NameOf(Changed(orders, point, MemoryOrder::relaxed))));
    }
    return absl::StrJoin(texts, " and ");
  }

  std::string ForbiddenBy(int index, Point what) {
    std::vector<PointMask> candidates;
    for (const OrderInfo& info : kOrders) {
      const MemoryOrder order = OrderAt(info.point);
      const bool hardware =
          info.access == MemoryAccess::kInterrupt || Info(info.point).is(role::kWalk);
      if (hardware || order == MemoryOrder::full || order == StrongestOf(info.access)) continue;
      for (int i = 0; i <= index; ++i) {
        if (At(i).event.point != info.point) continue;
        candidates.push_back(MaskOf(info.point));
        break;
      }
    }
    std::vector<std::string> found;
    for (const PointMask one : candidates) AddForbidding(index, one, what, found);
    if (!found.empty()) {
      return absl::StrCat(
          "One stronger order would have forbidden that: ", absl::StrJoin(found, ", or "), ".");
    }
    for (size_t i = 0; i < candidates.size(); ++i) {
      for (size_t j = i + 1; j < candidates.size(); ++j) {
        AddForbidding(index, candidates[i] | candidates[j], what, found);
      }
    }
    if (found.empty()) return "No two stronger orders would have forbidden that.";
    return absl::StrCat("No single order would have forbidden that; two would: ",
                        absl::StrJoin(found, ", or "), ".");
  }

  const Schedule& schedule_;
  const Trace& trace_;
  const Policy& policy_;
  const Arch& arch_;
  const uint32_t ignored_;
  AgentId left_{};  // whose increment is told of
  const std::unique_ptr<Execution> execution_ = std::make_unique<Execution>();
};

}  // namespace

std::vector<Sentence> TellOldValues(const Schedule& schedule, const Trace& trace,
                                    const Policy& policy, const Arch& arch, uint32_t ignored) {
  std::vector<Sentence> sentences;
  OldValues values(schedule, trace, policy, arch, ignored);
  for (size_t i = 0; i < trace.steps.size(); ++i) {
    const StepEvent& event = trace.steps[i].event;
    if (event.old != 0) sentences.push_back(values.Tell(static_cast<int>(i)));
    if (event.point != Point::pending_inc_later) continue;
    sentences.push_back(values.TellLate(static_cast<int>(i)));
  }
  return sentences;
}

}  // namespace gatherfuzz
