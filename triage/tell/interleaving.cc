// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/interleaving.h"

#include <algorithm>
#include <array>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "explore/io/strings.h"
#include "harness/text.h"
#include "triage/tell/looking.h"

namespace gatherfuzz {
namespace {

constexpr size_t kLeastWidth = 24;

// Steps of the protocol matter in a racing call whatever page they are about.
bool OfProtocol(Point point) { return Info(point).is(role::kProtocol); }

bool NearPage(const StepEvent& event, int page) {
  return event.page != kNoPage && !Info(event.point).is(role::kNamesCpu) && page >= 0 &&
         (event.page == page ||
          (Info(event.point).has_page && event.point != Point::pte_read &&
           event.point != Point::pte_clear && event.page / kPagesPerPmd == page / kPagesPerPmd));
}

// The calls that race, as (agent, line of its program).
using Calls = std::set<std::pair<AgentId, int>>;

Calls RacingCalls(const Trace& trace, const Cause& cause) {
  Calls calls;
  for (const int index : {cause.removed, cause.examined, cause.flushed, cause.judged}) {
    if (index >= 0) calls.insert({trace.steps[index].event.agent, trace.steps[index].event.op});
  }
  return calls;
}

// A violation without a page (deadlock, starvation) is about who was in a gather when: what counts
// is shown from where the oldest call that is still under way began.
std::vector<bool> StepsOfWaiting(const Trace& trace) {
  std::vector<bool> shown(trace.steps.size(), false);
  size_t first = trace.steps.size();
  for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
    if (trace.end.cpus[cpu].call.waiting == 0) continue;
    int last_op = -1;
    for (const TraceStep& step : trace.steps) {
      if (step.event.agent == CpuAgent(MakeCpu(cpu))) last_op = step.event.op;
    }
    for (size_t i = 0; i < first; ++i) {
      const StepEvent& event = trace.steps[i].event;
      if (event.agent == CpuAgent(MakeCpu(cpu)) && event.op == last_op) first = i;
    }
  }
  for (size_t i = first; i < trace.steps.size(); ++i) {
    const Point point = trace.steps[i].event.point;
    shown[i] = BeginsGather(point) || point == Point::pending_inc_done ||
               point == Point::pending_dec || point == Point::finish_wait ||
               point == Point::syscall_return;
  }
  return shown;
}

// The gathers that were live when the judged call asked (or, if it did not, at the end): without
// them a nested finish looks like one that is alone.
void ShowOtherGathers(const Trace& trace, std::vector<bool>& shown) {
  const StepEvent& judged = trace.steps.back().event;
  size_t asked = trace.steps.size();
  for (size_t i = 0; i < trace.steps.size(); ++i) {
    const StepEvent& event = trace.steps[i].event;
    if (event.agent == judged.agent && event.op == judged.op &&
        event.point == Point::pending_read) {
      asked = i;
    }
  }
  std::vector<int> live(kMaxCpus, -1);
  for (size_t i = 0; i < asked; ++i) {
    const StepEvent& event = trace.steps[i].event;
    const int cpu = Index(CpuOf(event.agent));
    if (BeginsGather(event.point)) live[cpu] = static_cast<int>(i);
    if (event.point == Point::pending_dec) live[cpu] = -1;
  }
  for (const int began : live) {
    if (began >= 0) shown[static_cast<size_t>(began)] = true;
  }
}

// Saying that one or two steps are not shown takes as much room as showing them.
void FillShortGaps(const Trace& trace, std::vector<bool>& shown) {
  std::set<CpuId> columns;
  for (size_t i = 0; i < shown.size(); ++i) {
    if (shown[i]) columns.insert(CpuOf(trace.steps[i].event.agent));
  }
  for (size_t begin = 0; begin < shown.size();) {
    size_t end = begin;
    bool has_columns = true;
    for (; end < shown.size() && !shown[end]; ++end) {
      has_columns &= columns.contains(CpuOf(trace.steps[end].event.agent));
    }
    for (size_t i = begin; has_columns && end - begin <= 2 && i < end; ++i) shown[i] = true;
    begin = end + 1;
  }
}

std::string CallHead(const TraceStep& step) {
  return step.op && KindOf(step.event.agent) == AgentKind::kCpu ? PrintOp(*step.op) + ":" : "";
}

}  // namespace

std::string StepCell(const TraceStep& step) {
  const StepEvent& event = step.event;
  std::string text = event.point == Point::rcu_free                    ? "[rcu] "
                     : KindOf(event.agent) == AgentKind::kWalker       ? "[walk] "
                     : KindOf(event.agent) == AgentKind::kInvalidation ? "[inv] "
                     : KindOf(event.agent) == AgentKind::kDetour       ? "[late] "
                                                                       : "";
  absl::StrAppend(&text, Info(event.point).name);
  if (event.page != kNoPage) absl::StrAppend(&text, "(", event.page, ")");
  const std::string details = Describe(step);
  if (!details.empty()) absl::StrAppend(&text, " ", details);
  return text;
}

std::vector<bool> RelevantSteps(const Trace& trace, const Cause& cause) {
  const Violation& violation = trace.result.violation;
  std::vector<bool> shown(trace.steps.size(), violation.kind == ViolationKind::kNone);
  if (violation.kind == ViolationKind::kNone) return shown;
  const ViolationAbout about = Info(violation.kind).about;
  if (about == ViolationAbout::kWait || about == ViolationAbout::kOvertaken) {
    shown = StepsOfWaiting(trace);
    FillShortGaps(trace, shown);
    return shown;
  }
  if (about == ViolationAbout::kLooking) {
    shown = StepsOfLooking(trace);
    FillShortGaps(trace, shown);
    return shown;
  }
  const Calls calls = RacingCalls(trace, cause);
  for (size_t i = 0; i < trace.steps.size(); ++i) {
    const StepEvent& event = trace.steps[i].event;
    if (KindOf(event.agent) == AgentKind::kCpu) {
      shown[i] = calls.contains({event.agent, event.op}) &&
                 (OfProtocol(event.point) || NearPage(event, violation.page));
    } else if (event.point == Point::pending_inc_done || event.point == Point::rcu_free) {
      shown[i] = true;
    } else {
      shown[i] = Index(CpuOf(event.agent)) == violation.holder &&
                 static_cast<int>(i) > std::max(cause.filled, cause.removed) &&
                 (event.point == Point::deliver || event.page == violation.page);
    }
  }
  for (const int index : {cause.filled, cause.removed, cause.examined, cause.judged}) {
    if (index >= 0) shown[static_cast<size_t>(index)] = true;
  }
  ShowOtherGathers(trace, shown);
  FillShortGaps(trace, shown);
  return shown;
}

namespace {

// What stands in each column, and where it begins.
struct Lane {
  size_t longest = 0;  // of its cells; 0: there is no such column
  size_t width = 0;
  size_t begins = 0;  // after the number of the step
};
using Lanes = std::array<Lane, kMaxCpus>;

constexpr size_t kNumber = 7;  // columns of the number of a step, and the blanks after it
constexpr size_t kNarrowest = 5;

// Side by side, or, where that is wider than `columns`, as far left as the names of CPUs allow.
void PlaceLanes(Lanes& lanes, size_t columns) {
  size_t begins = 0, count = 0;
  for (Lane& lane : lanes) {
    if (lane.longest == 0) continue;
    lane.begins = begins;
    begins += lane.width + 2;
    ++count;
  }
  size_t most = columns;  // where a column may begin
  for (auto lane = lanes.rbegin(); lane != lanes.rend(); ++lane) {
    if (lane->longest == 0) continue;
    --count;
    const size_t room = columns > kNumber + lane->longest ? columns - kNumber - lane->longest : 0;
    most = std::max(kNarrowest * count, std::min(most, room));
    lane->begins = std::min(lane->begins, most);
    most = most >= kNarrowest ? most - kNarrowest : 0;
  }
}

std::string HeadingOf(const Lanes& lanes, const Trace& trace) {
  std::string heading = " step";
  for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
    if (lanes[cpu].longest == 0) continue;
    heading.resize(std::max(heading.size(), kNumber + lanes[cpu].begins), ' ');
    heading += CpuName(cpu, trace.end.kswapd_cpu());
  }
  return heading + "\n";
}

// The rows that are shown: their cells, and the calls that begin there.
struct Rows {
  std::vector<std::string> cells, heads;
  Lanes lanes;
};

Rows RowsOf(const Trace& trace, const std::vector<bool>& shown, const StepNotes& notes) {
  Rows rows{.cells = std::vector<std::string>(trace.steps.size()),
            .heads = std::vector<std::string>(trace.steps.size())};
  std::vector<int> last_op(kMaxCpus, -1);
  for (size_t i = 0; i < trace.steps.size(); ++i) {
    if (!shown[i]) continue;
    const StepEvent& event = trace.steps[i].event;
    const int cpu = Index(CpuOf(event.agent));
    rows.cells[i] = StepCell(trace.steps[i]);
    const auto note = notes.find(static_cast<int>(i));
    if (note != notes.end()) absl::StrAppend(&rows.cells[i], "  ", note->second);
    if (KindOf(event.agent) == AgentKind::kCpu && last_op[cpu] != event.op) {
      last_op[cpu] = event.op;
      rows.heads[i] = CallHead(trace.steps[i]);
    }
    Lane& lane = rows.lanes[cpu];
    lane.longest = std::max({lane.longest, rows.cells[i].size() + 1, rows.heads[i].size()});
    lane.width = std::max(lane.longest, kLeastWidth);
  }
  return rows;
}

// What a CPU is left at: blocked, or looking for good.
std::string EndOf(const Trace& trace, int cpu) {
  if (trace.end.cpus[cpu].call.waiting != 0) return " finish_wait, blocked";
  if ((trace.result.looking & CpuBit(MakeCpu(cpu))) == 0) return "";
  return absl::StrCat(" looks at ", trace.result.violation.detail, " for good");
}

// A cell in its lane, behind a number of five columns. What does not fit into `columns` goes on
// below, further right.
void PutCell(const Lane& lane, std::string cell, size_t columns, std::string& text) {
  const size_t begins = kNumber + lane.begins;
  if (begins + cell.size() > columns) {
    const size_t blanks = cell.find_first_not_of(' ');
    cell = cell.substr(0, blanks) + Wrapped(cell.substr(blanks), begins + 3, columns);
  }
  absl::StrAppend(&text, "  ", std::string(lane.begins, ' '), cell, "\n");
}

}  // namespace

std::string PrintInterleaving(const Trace& trace, const std::vector<bool>& shown,
                              const StepNotes& notes, size_t columns) {
  Rows rows = RowsOf(trace, shown, notes);
  for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
    Lane& lane = rows.lanes[cpu];
    if (lane.longest != 0) lane.longest = std::max(lane.longest, EndOf(trace, cpu).size());
  }
  PlaceLanes(rows.lanes, columns);
  std::string text = HeadingOf(rows.lanes, trace);
  const auto put = [&](int cpu, const std::string& cell) {
    PutCell(rows.lanes[cpu], cell, columns, text);
  };
  int left_out = 0;
  const auto count_left_out = [&] {
    if (left_out != 0)
      absl::StrAppendFormat(&text, "       ... %d step%s not shown\n", left_out,
                            left_out == 1 ? "" : "s");
    left_out = 0;
  };
  for (size_t i = 0; i < trace.steps.size(); ++i) {
    if (!shown[i]) {
      ++left_out;
      continue;
    }
    count_left_out();
    const int cpu = Index(CpuOf(trace.steps[i].event.agent));
    if (!rows.heads[i].empty()) {
      text += "     ";
      put(cpu, rows.heads[i]);
    }
    absl::StrAppendFormat(&text, "%5d", i + 1);
    put(cpu, " " + rows.cells[i]);
  }
  count_left_out();
  for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
    if (rows.lanes[cpu].longest == 0 || EndOf(trace, cpu).empty()) continue;
    text += "    -";
    put(cpu, EndOf(trace, cpu));
  }
  return text;
}

}  // namespace gatherfuzz
