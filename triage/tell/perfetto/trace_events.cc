// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/perfetto/trace_events.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "explore/io/strings.h"
#include "harness/cause.h"
#include "triage/tell/perfetto/lane.h"

namespace gatherfuzz {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kPid = 1;  // the mm
constexpr char kOp[] = "op", kGather[] = "gather", kFlush[] = "flush", kWait[] = "wait",
               kWalk[] = "walk", kDelivery[] = "delivery", kLate[] = "late", kRcu[] = "rcu",
               kStep[] = "step";

// Not 0, which is the idle thread to a viewer, nor kPid, which is the main one. Tracks stand in the
// order of their numbers, also where thread_sort_index is not known.
int TidOf(AgentId agent) {
  return 10 * (1 + Index(CpuOf(agent))) + static_cast<int>(KindOf(agent));
}

bool IsWalk(Point point) { return Info(point).is(role::kWalk); }

std::string StepName(const StepEvent& event) {
  std::string name = Info(event.point).name;
  if (event.page != kNoPage) absl::StrAppend(&name, "(", event.page, ")");
  return name;
}

// "1..3 cleared_ptes", or nothing for a gather that has nothing to flush.
std::string Recorded(const MmuGather& gather) {
  std::string text;
  const auto add = [&](uint8_t bit, const char* name) {
    if (bit != 0) absl::StrAppend(&text, " ", name);
  };
  add(gather.fullmm, "fullmm");
  add(gather.need_flush_all, "need_flush_all");
  add(gather.freed_tables, "freed_tables");
  add(gather.cleared_ptes, "cleared_ptes");
  add(gather.cleared_pmds, "cleared_pmds");
  add(gather.cleared_puds, "cleared_puds");
  add(gather.unshared_tables, "unshared_tables");
  if (gather.start == MmuGather::kWholeMm) return "whole mm" + text;
  if (gather.start < gather.end) return absl::StrCat(gather.start, "..", gather.end, text);
  return text.empty() ? "" : "empty range" + text;
}

// One thread or walker: its slices, from its steps in their order. Times are numbers of steps.
class Agent {
 public:
  void Step(const TraceStep& step, int time) {
    const StepEvent& event = step.event;
    if (op_ != event.op) BeginOp(step, time);
    if (KindOf(event.agent) == AgentKind::kCpu) StepThread(step, time);
    last_ = time;
    last_point_ = event.point;
  }

  // `end` is the state at `time`, after the last step of all.
  void End(AgentId agent, const World& end, int time) {
    if (op_ < 0) return;
    if (UnderWay(agent, end)) {
      if (KindOf(agent) == AgentKind::kCpu && end.at(CpuOf(agent)).call.waiting != 0) {
        lane_.Open(kWait, "finish_wait", last_ + 1);
      }
      lane_.MarkOpen("unfinished");
      lane_.CloseAll(time);
    }
    lane_.CloseAll(last_ + 1);
  }

  const std::vector<Slice>& slices() const { return lane_.closed(); }

 private:
  void BeginOp(const TraceStep& step, int time) {
    lane_.CloseAll(last_ + 1);
    op_ = step.event.op;
    reclaims_ = step.op && Info(step.op->kind).is(effect::kReclaims);
    is_call_ = step.op && Info(step.op->kind).calls();
    switches_ = step.op && Info(step.op->kind).is(effect::kSwitches);
    lane_.Open(KindOf(step.event.agent) == AgentKind::kCpu ? kOp : kWalk,
               step.op ? PrintOp(*step.op) : "?", time);
  }

  void StepThread(const TraceStep& step, int time) {
    const StepEvent& event = step.event;
    if (IsWalk(event.point)) {
      if (!lane_.IsOpen(kWalk)) lane_.Open(kWalk, absl::StrCat("walk ", event.page), time);
    } else {
      lane_.Close(kWalk, last_ + 1);
    }
    if (lane_.IsOpen(kGather)) {
      const std::string recorded = Recorded(step.gather);
      if (!recorded.empty()) lane_.ArgsOf(kGather)["recorded"] = recorded;
    }
    if (BeginsGather(event.point)) {
      const std::string range =
          absl::StrCat(step.gather.caller_start, "..", step.gather.caller_end);
      lane_.Close(kGather, time);
      lane_.Open(kGather, "gather " + range, time, {{"range", range}, {"recorded", "nothing"}});
    } else if (event.point == Point::pending_dec) {
      lane_.Close(kGather, time + 1);
    } else if (event.point == Point::tlb_flush) {
      lane_.Close(kFlush, time);
      lane_.Open(kFlush, "flush " + Describe(step), time,
                 {{"request", Describe(step)}, {"gather", Recorded(step.gather)}});
    } else if (event.point == Point::tlb_flush_done) {
      lane_.Close(kFlush, time + 1);
    } else if (event.point == Point::finish_wait) {
      lane_.Open(kWait, "finish_wait", last_ + 1);
      lane_.Close(kWait, time + 1);
    }
  }

  // Whether its last operation is not over.
  bool UnderWay(AgentId agent, const World& end) const {
    if (KindOf(agent) == AgentKind::kWalker) {
      return end.at(CpuOf(agent)).walks[kWalkerWalk].active();
    }
    if (reclaims_) {
      return end.at(CpuOf(agent)).gather.page_count != 0 ||
             (end.mm.rmap_readers & CpuBit(CpuOf(agent))) != 0;
    }
    if (is_call_) return last_point_ != Point::syscall_return;
    if (switches_) {
      return last_point_ != Point::resume_user && last_point_ != Point::enter_lazy_tlb;
    }
    return last_point_ != Point::access && last_point_ != Point::mmap_read_unlock;
  }

  Lane lane_;
  int op_ = -1;
  bool is_call_ = false, reclaims_ = false, switches_ = false;
  int last_ = -1;  // its last step
  Point last_point_{};
};

class TraceEvents {
 public:
  TraceEvents(const ScheduleFile& file, const Trace& trace)
      : file_(file), trace_(trace), end_(static_cast<int>(trace.steps.size()) + 1) {}

  std::string Print() {
    Count(0, 0);
    for (int i = 0; i < static_cast<int>(trace_.steps.size()); ++i) Step(i, i + 1);
    for (int i = 0; i < kMaxAgents; ++i) EndAgent(static_cast<AgentId>(i));
    Verdict();
    const auto place = [](const Event& event) {
      return std::tuple(event.time, event.rank, event.number);
    };
    std::sort(events_.begin(), events_.end(),
              [&](const Event& a, const Event& b) { return place(a) < place(b); });
    return Document();
  }

 private:
  // What stands first among the events of one time: a viewer binds a flow to the innermost slice
  // that it has read, which is not to be a step.
  enum Rank : size_t { kMetadata, kSlices, kFlow = 1000, kCounter, kSteps, kVerdict };
  struct Event {
    int time;
    size_t rank, number;  // number: in the order in which they were added
    Json json;
  };

  // An event with the fields that all have.
  static Json Make(const char* phase, const std::string& name, int time, AgentId agent) {
    return {{"ph", phase}, {"name", name}, {"ts", time}, {"pid", kPid}, {"tid", TidOf(agent)}};
  }
  void Add(size_t rank, Json json) {
    const int time = json["ts"];
    events_.push_back({time, rank, events_.size(), std::move(json)});
  }

  void Step(int index, int time) {
    const TraceStep& step = trace_.steps[static_cast<size_t>(index)];
    const StepEvent& event = step.event;
    used_[Index(event.agent)] = true;
    Json args = {{"step", time}};
    if (event.page != kNoPage) {
      const bool names_cpu = Info(event.point).is(role::kNamesCpu);
      args[event.point == Point::deliver ? "issuer" : names_cpu ? "cpu" : "page"] = event.page;
    }
    const std::string details = Describe(step);
    if (!details.empty()) args["details"] = details;
    if (event.point == Point::tlb_flush) issued_[Index(CpuOf(event.agent))] = time;
    if (event.point == Point::deliver) {
      Deliver(event, time, std::move(args));
    } else if (event.point == Point::pending_inc_done || event.point == Point::rcu_free) {
      const char* kind = event.point == Point::rcu_free ? kRcu : kLate;
      AddSlice(event.agent, {kind, StepName(event), time, time + 1, 0, std::move(args)});
    } else {
      agents_[Index(event.agent)].Step(step, time);
      AddSlice(event.agent, {kStep, StepName(event), time, time + 1, 0, std::move(args)}, kSteps);
    }
    if (step.pending_after != pending_) Count(time, step.pending_after);
    if (step.loaded.known) CountLoaded(step, time);
  }

  void Deliver(const StepEvent& event, int time, Json args) {
    AddSlice(event.agent, {kDelivery, StepName(event), time, time + 1, 0, std::move(args)});
    const CpuId issuer = MakeCpu(event.page);
    Flow("s", issued_[Index(issuer)], CpuAgent(issuer));
    Flow("f", time, event.agent);
    ++flows_;
  }

  // Both ends are within slices: the flush, and the delivery.
  void Flow(const char* phase, int time, AgentId agent) {
    Json flow = Make(phase, "invalidation", time, agent);
    flow["cat"] = "invalidation";
    flow["id"] = flows_;
    if (*phase == 'f') flow["bp"] = "e";
    Add(kFlow, std::move(flow));
  }

  void AddSlice(AgentId agent, const Slice& slice, size_t rank = kSlices) {
    Json json = Make("X", slice.name, slice.begin, agent);
    json["dur"] = slice.end - slice.begin;
    json["cat"] = slice.category;
    json["args"] = slice.args.is_null() ? Json::object() : slice.args;
    Add(rank + slice.depth, std::move(json));
  }

  void Count(int time, int pending) {
    pending_ = pending;
    Add(kCounter, {{"ph", "C"},
                   {"name", "tlb_flush_pending"},
                   {"ts", time},
                   {"pid", kPid},
                   {"args", {{"gathers", pending}}}});
  }

  // Where CPUs switch: a track of each CPU that does, of the mm that it has loaded (0: init_mm, 1:
  // mm0; -1 while it changes), and whether it is lazy.
  void CountLoaded(const TraceStep& step, int time) {
    const bool asks = step.event.point == Point::should_flush_tlb;
    const auto cpu = static_cast<size_t>(Index(CpuOf(step.event.agent)));
    const bool switching = step.loaded.mm == MmId::kSwitching;
    const std::pair now{switching ? -1 : static_cast<int>(step.loaded.mm), step.loaded.is_lazy};
    if (asks || now == loaded_[cpu]) return;
    loaded_[cpu] = now;
    Add(kCounter, {{"ph", "C"},
                   {"name", absl::StrCat("cpu", cpu, " loaded_mm")},
                   {"ts", time},
                   {"pid", kPid},
                   {"args", {{"mm", now.first}, {"lazy", static_cast<int>(now.second)}}}});
  }

  void EndAgent(AgentId agent) {
    if (!used_[Index(agent)]) return;
    agents_[Index(agent)].End(agent, trace_.end, end_);
    for (const Slice& slice : agents_[Index(agent)].slices()) AddSlice(agent, slice);
    Describes("thread_name", agent, {{"name", TrackName(agent)}});
    Describes("thread_sort_index", agent, {{"sort_index", TidOf(agent)}});
  }

  std::string TrackName(AgentId agent) const {
    const std::string cpu = CpuName(Index(CpuOf(agent)), trace_.end.kswapd_cpu());
    switch (KindOf(agent)) {
      case AgentKind::kCpu: return cpu;
      case AgentKind::kDetour: return cpu + (trace_.end.rcu != 0 ? " rcu" : " late");
      case AgentKind::kWalker: return cpu + " walker";
      case AgentKind::kInvalidation: break;
    }
    return cpu + " deliveries";
  }

  void Describes(const char* what, AgentId agent, Json args) {
    Json json = Make("M", what, 0, agent);
    json["args"] = std::move(args);
    Add(kMetadata, std::move(json));
  }

  void Verdict() {
    const Violation& violation = trace_.result.violation;
    if (trace_.result.clean()) return;
    Json args = {{"step", trace_.result.limit ? trace_.result.steps : violation.step}};
    const auto add = [&](const char* key, int value) {
      if (value >= 0) args[key] = value;
    };
    add("page", violation.page);
    add("frame", violation.frame);
    add("cpu", violation.cpu);
    add("holder", violation.holder);
    if (violation.mapping != 0) args["mapping"] = violation.mapping;
    if (*violation.detail != '\0') args["detail"] = violation.detail;
    if (!trace_.result.limit) args["signature"] = Signature(trace_);
    Json json = {{"ph", "i"},   {"name", Name()},     {"ts", args["step"]},
                 {"pid", kPid}, {"cat", "violation"}, {"s", "g"}};
    if (!trace_.steps.empty()) json["tid"] = TidOf(trace_.steps.back().event.agent);
    json["args"] = std::move(args);
    Add(kVerdict, std::move(json));
  }

  std::string Name() const {
    return trace_.result.limit ? "limit" : std::string(Info(trace_.result.violation.kind).name);
  }

  std::string Document() const {
    const auto dump = [](const Json& json) {
      return json.dump(-1, ' ', false, Json::error_handler_t::replace);
    };
    const Json process = {
        {"ph", "M"},
        {"name", "process_name"},
        {"ts", 0},
        {"pid", kPid},
        {"args", {{"name", absl::StrCat("mm (", file_.policy, ", ", file_.arch, ")")}}}};
    // The events come first: some readers stop at a key that they do not know.
    std::string text = "{\"traceEvents\":[\n" + dump(process);
    for (const Event& event : events_) absl::StrAppend(&text, ",\n", dump(event.json));
    const Json other = {{"producer", "gatherfuzz"},
                        {"intent", file_.intent},
                        {"policy", file_.policy},
                        {"arch", file_.arch},
                        {"verdict", Name()},
                        {"steps", trace_.result.steps},
                        {"trace_hash", absl::StrFormat("%016x", trace_.result.trace_hash)},
                        {"time", "one step is one microsecond; step N is at N"}};
    absl::StrAppend(&text, "\n],\n\"displayTimeUnit\":\"ns\",\n\"otherData\":", dump(other), "}\n");
    return text;
  }

  const ScheduleFile& file_;
  const Trace& trace_;
  const int end_;
  std::array<Agent, kMaxAgents> agents_;
  std::array<bool, kMaxAgents> used_{};
  std::array<int, kMaxCpus> issued_{};  // when each CPU last issued an invalidation
  std::array<std::pair<int, bool>, kMaxCpus> loaded_{};  // as was counted last
  int flows_ = 1, pending_ = 0;
  std::vector<Event> events_;
};

}  // namespace

std::string TraceEventsOf(const ScheduleFile& file, const Trace& trace) {
  return TraceEvents(file, trace).Print();
}

}  // namespace gatherfuzz
