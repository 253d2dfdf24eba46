// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/step/view.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "explore/io/strings.h"
#include "triage/tell/explain/print.h"
#include "triage/tell/explain/roles.h"
#include "triage/tell/explain/summary.h"
#include "triage/tell/interleaving.h"
#include "triage/tell/step/layout.h"

namespace gatherfuzz {
namespace {

constexpr int kJump = 10;  // steps, of PageUp and PageDown

constexpr char kHelp[] = R"(Keys
  n  j  right  down     the next step           p  k  left  up  the one before
  >                     the next of this CPU    <               the one before
  PageDown  PageUp      ten steps               Home g  End G   first and last
  12 Enter              to step 12
  v                     to the violation
  t                     to the point of no return
  / text Enter          search in the steps     m  M            next, previous
  a                     all steps, or only those that matter
  space  b              scroll the state        w               why it happened
  s                     the schedule            ?  h            this
  q                     quit, or back to the steps

The state after the step. What it changed is marked *, with what was before.
  2->f4 wad     mapping 2 of frame 4: w writable (r: not), a accessed, d dirty
  absent        the TLB remembers that there is no PTE
  stale         no PTE stands behind it any more; STALE: what violates
  gather        range of the call: range recorded, what it cleared
  inval         an invalidation on its way, and the CPUs it is pending on
  walk          walk caches, by the pages they cover, and walks under way
  frame         frames of which the use is not as before the first step
In a list of steps * is the CPU that moves, | one that is in a call. Above the
steps stands what each CPU is in; in parentheses, once that has returned.)";

std::vector<int> CpusThatMove(const Trace& trace) {
  std::vector<bool> moves(kMaxCpus, false);
  for (const TraceStep& step : trace.steps) moves[Index(CpuOf(step.event.agent))] = true;
  std::vector<int> cpus;
  for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
    if (moves[cpu]) cpus.push_back(cpu);
  }
  return cpus;
}

bool ByHardware(const StepEvent& event) {
  return KindOf(event.agent) != AgentKind::kCpu || Info(event.point).is(role::kWalk);
}

}  // namespace

StepView::StepView(const ViewInput& input)
    : in_(input),
      cause_(violates() ? FindCause(in_.trace) : Cause{}),
      facts_(in_.states, in_.trace),
      matters_(RelevantSteps(in_.trace, cause_)),
      roles_(RolesOf(in_.trace, cause_, -1)),
      cpus_(CpusThatMove(in_.trace)),
      all_(!violates()) {
  if (!matters_.empty()) matters_.back() = true;  // after it, the violation shows
}

const TraceStep& StepView::StepAt(int position) const {
  return in_.trace.steps[static_cast<size_t>(position) - 1];
}
int StepView::CpuAt(int position) const { return Index(CpuOf(StepAt(position).event.agent)); }
bool StepView::Shown(int position) const {
  return position == 0 || all_ || matters_[static_cast<size_t>(position) - 1];
}

// --- Keys ---

bool StepView::Press(int key) {
  message_.clear();
  const std::string number = std::exchange(number_, "");
  if (key == kNoKey || key == kResized) return true;
  if (searching_) {
    PressSearch(key);
  } else if (over_ != Over::kNothing) {
    return PressOver(key);
  } else if (key == 'q') {
    return false;
  } else if (key >= '0' && key <= '9') {
    number_ = number + static_cast<char>(key);
  } else if (key == kEnter) {
    int step = 0;
    if (!number.empty()) GoTo(absl::SimpleAtoi(number, &step) ? std::min(step, last()) : last());
  } else {
    PressCommand(key);
  }
  return true;
}

bool StepView::PressOver(int key) {
  switch (key) {
    case 'n':
    case 'j':
    case kDown: ++scrolled_; break;
    case 'p':
    case 'k':
    case kUp: --scrolled_; break;
    case ' ':
    case kPageDown: scrolled_ += kJump; break;
    case 'b':
    case kPageUp: scrolled_ -= kJump; break;
    default: over_ = Over::kNothing; scrolled_ = 0;
  }
  return true;
}

void StepView::PressSearch(int key) {
  if (key == kEnter) {
    searching_ = false;
    if (!typed_.empty()) pattern_ = typed_;
    Search(1);
  } else if (key == kEscape) {
    searching_ = false;
  } else if (key == kBackspace) {
    searching_ = !typed_.empty();
    if (searching_) typed_.pop_back();
  } else if (key >= ' ' && key <= '~') {
    typed_ += static_cast<char>(key);
  }
}

void StepView::PressCommand(int key) {
  const auto cover = [&](Over over) {
    over_ = over;
    scrolled_ = 0;
  };
  switch (key) {
    case 'n':
    case 'j':
    case kRight:
    case kDown: return Move(1);
    case 'p':
    case 'k':
    case kLeft:
    case kUp: return Move(-1);
    case '>': return Move(1, true);
    case '<': return Move(-1, true);
    case kPageDown:
      for (int i = 0; i < kJump; ++i) Move(1);
      return;
    case kPageUp:
      for (int i = 0; i < kJump; ++i) Move(-1);
      return;
    case 'g':
    case kHome: return GoTo(0);
    case 'G':
    case kEnd: return GoTo(last());
    case 'v': return violates() ? GoTo(last()) : void(message_ = "no violation");
    case 't': return ToNoReturn();
    case '/': searching_ = true; return typed_.clear();
    case 'm': return Search(1);
    case 'M': return Search(-1);
    case 'a':
      all_ = !all_;
      if (!Shown(position_)) Move(-1);
      return void(message_ = all_ ? "all steps" : "only the steps that matter");
    case ' ': scrolled_ += kJump / 2; return;
    case 'b': scrolled_ -= kJump / 2; return;
    case 'w': return cover(Over::kWhy);
    case 's': return cover(Over::kSchedule);
    case '?':
    case 'h': return cover(Over::kHelp);
    default: message_ = "no such key; ? lists them";
  }
}

void StepView::GoTo(int position) {
  position_ = position;
  scrolled_ = 0;
  if (Shown(position_)) return;
  all_ = true;
  message_ = "all steps: this one plays no part in the violation";
}

void StepView::Move(int direction, bool same_cpu) {
  for (int to = position_ + direction; to >= 0 && to <= last(); to += direction) {
    if (!Shown(to)) continue;
    if (same_cpu && position_ != 0 && (to == 0 || CpuAt(to) != CpuAt(position_))) continue;
    return GoTo(to);
  }
  message_ = absl::StrCat(direction > 0 ? "the last" : "the first", " step",
                          same_cpu ? " of this CPU" : "");
}

void StepView::Search(int direction) {
  if (pattern_.empty()) return void(message_ = "nothing to search for: / and a text");
  for (int i = 1; i <= last(); ++i) {
    const int count = last() + 1;
    const int to = (position_ + direction * i % count + count) % count;
    if (to != 0 &&
        absl::StrContains(absl::AsciiStrToLower(TextAt(to)), absl::AsciiStrToLower(pattern_))) {
      return GoTo(to);
    }
  }
  message_ = absl::StrCat("no other step has '", pattern_, "'");
}

void StepView::ToNoReturn() {
  if (!violates()) return void(message_ = "no violation");
  if (!no_return_) {
    no_return_ = in_.no_return();
    roles_ = RolesOf(in_.trace, cause_, no_return_->step);
    if (no_return_->step >= 0) matters_[static_cast<size_t>(no_return_->step)] = true;
  }
  const NoReturn& it = *no_return_;
  if (it.known == NoReturn::Known::kNo) return void(message_ = it.text);
  GoTo(it.step + 1);
  message_ = "the point of no return; w says what would have prevented it";
}

// --- What stands there ---

// What a CPU is in, in parentheses once it has returned.
std::string StepView::CallOf(int cpu) const {
  for (int at = position_; at > 0; --at) {
    const TraceStep& step = StepAt(at);
    if (step.event.agent != CpuAgent(MakeCpu(cpu)) || !step.op) continue;
    const std::string call = PrintOp(*step.op);
    return step.event.point == Point::syscall_return ? absl::StrCat("(", call, ")") : call;
  }
  return "";
}

std::string StepView::TextAt(int position) const {
  if (position == 0) return "before the first step";
  std::string text = StepCell(StepAt(position));
  for (const std::string& role : roles_[static_cast<size_t>(position) - 1]) {
    absl::StrAppend(&text, " [", role, "]");
  }
  return absl::StrCat(CpuName(CpuAt(position), in_.trace.end.kswapd_cpu()), " ", text);
}

// `lanes`: the column of each CPU that moves; none: a list, with a mark for each CPU.
ScreenLine StepView::RowAt(int position, const std::vector<size_t>& lanes) const {
  const bool current = position == position_;
  const auto styled = [&](Style style) { return current ? Style::kBar : style; };
  ScreenLine line(absl::StrFormat("%s%5d  ", current ? ">" : " ", position), styled(Style::kPlain));
  if (position == 0) return line.Add(TextAt(0), styled(Style::kDim));
  const TraceStep& step = StepAt(position);
  const int cpu = CpuAt(position);
  if (lanes.empty()) {
    std::string marks;
    for (const int each : cpus_) {
      marks += each == cpu ? '*' : absl::StrContains("( ", CallOf(each).substr(0, 1)) ? ' ' : '|';
    }
    line.Add(absl::StrCat(marks, " ", CpuName(cpu, in_.trace.end.kswapd_cpu()), " "),
             styled(Style::kPlain));
  } else {
    const auto lane = std::find(cpus_.begin(), cpus_.end(), cpu) - cpus_.begin();
    line.PadTo(lanes[static_cast<size_t>(lane)]);
  }
  const bool matters = matters_[static_cast<size_t>(position) - 1];
  line.Add(StepCell(step), styled(ByHardware(step.event) ? Style::kHardware
                                  : matters              ? Style::kPlain
                                                         : Style::kDim));
  for (const std::string& role : roles_[static_cast<size_t>(position) - 1]) {
    line.Add(absl::StrCat(" [", role, "]"), styled(Style::kBad));
  }
  return line;
}

// With as much of the file's name as there is room for.
ScreenLine StepView::Title(int columns) const {
  const Violation& violation = in_.trace.result.violation;
  ScreenLine line;
  if (in_.trace.result.limit) {
    line.Add("no verdict: the run did not end", Style::kBold);
  } else if (!violates()) {
    line.Add("no violation", Style::kBold);
  } else {
    line.Add(Info(violation.kind).name, Style::kBad);
    line.Add(absl::StrCat(" in ", CallInQuestion(in_.trace)));
  }
  line.Add(absl::StrCat(" (", in_.file.policy, ", ", in_.file.arch, ")"));
  const std::string base = in_.name.substr(in_.name.rfind('/') + 1);
  for (const std::string& name : {Printable(in_.name), Printable(base)}) {
    if (line.width() + 1 + name.size() <= static_cast<size_t>(columns)) return line.Add(" " + name);
  }
  return line;
}

ScreenLine StepView::Heads(const std::vector<size_t>& lanes) const {
  ScreenLine line("  step  ", Style::kBold);
  for (size_t i = 0; i < cpus_.size(); ++i) {
    if (!lanes.empty()) line.CutAt(lanes[i]);
    if (!lanes.empty()) line.PadTo(lanes[i]);
    line.Add(CpuName(cpus_[i], in_.trace.end.kswapd_cpu()) + " ", Style::kBold)
        .Add(CallOf(cpus_[i]) + "  ");
  }
  return line;
}

ScreenLine StepView::Status() const {
  ScreenLine line(absl::StrCat(" step ", position_, " of ", last(), ": ", TextAt(position_), " "),
                  Style::kBar);
  return line;
}

ScreenLine StepView::Bottom() const {
  if (searching_) return ScreenLine(absl::StrCat("/", typed_, "_"), Style::kBold);
  if (!number_.empty()) return ScreenLine(absl::StrCat("to step ", number_, "_"), Style::kBold);
  if (!message_.empty()) return ScreenLine(message_, Style::kBold);
  if (over_ != Over::kNothing) return ScreenLine("space b scroll  q back", Style::kDim);
  return ScreenLine(absl::StrCat("? help  q quit  n p step  < > cpu  / search",
                                 violates() ? "  v violation  t no return  w why" : ""),
                    Style::kDim);
}

// The steps around the current one; runs of those that are left out are counted.
Screen StepView::Steps(WindowSize size) const {
  const std::vector<size_t> lanes = LanesFor(cpus_.size(), static_cast<size_t>(size.columns));
  std::vector<std::pair<int, int>> rows;  // position, and how many were left out before it
  int left_out = 0, current = 0;
  for (int position = 0; position <= last(); ++position) {
    if (!Shown(position)) {
      ++left_out;
      continue;
    }
    if (left_out != 0) rows.emplace_back(-1, std::exchange(left_out, 0));
    if (position == position_) current = static_cast<int>(rows.size());
    rows.emplace_back(position, 0);
  }
  if (left_out != 0) rows.emplace_back(-1, left_out);
  Screen screen{Heads(lanes)};
  const int most = size.rows - 1, count = static_cast<int>(rows.size());
  const int first = std::clamp(current - most / 2, 0, std::max(0, count - most));
  for (int i = first; i < std::min(count, first + most); ++i) {
    const auto& [position, hidden] = rows[static_cast<size_t>(i)];
    if (position >= 0) {
      screen.push_back(RowAt(position, lanes));
    } else {
      screen.emplace_back(absl::StrCat("        ... ", Counted(hidden, "step"), " not shown"),
                          Style::kDim);
    }
  }
  return FitTo(std::move(screen), size);
}

Screen StepView::State(WindowSize size) {
  const std::vector<Fact> facts = facts_.After(position_);
  return Scrolled(LinesOf(facts, static_cast<size_t>(size.columns)), size, scrolled_);
}

std::string StepView::OverText(int columns) const {
  const auto width = static_cast<size_t>(columns);
  if (over_ == Over::kHelp) return kHelp;
  if (over_ == Over::kSchedule) return PrintText(in_.file);
  if (!violates()) return "There is no violation to explain.";
  std::string text =
      absl::StrCat(Wrapped(SummaryOf(in_.trace), 0, width), "\n\n",
                   PrintChain(ChainOf(in_.trace, cause_), width), "\nPoint of no return:\n  ");
  return text + (no_return_ ? Wrapped(no_return_->text, 2, width) : "t finds it.");
}

Screen StepView::Covered(WindowSize size) {
  Screen lines;
  for (const absl::string_view line : absl::StrSplit(OverText(size.columns), '\n')) {
    lines.emplace_back(std::string_view(line.data(), line.size()));
  }
  return Scrolled(std::move(lines), size, scrolled_);
}

// The most rows that the state took since the window is as wide: the steps have what it leaves, and
// do not get less with every other step.
int StepView::RowsOfState(int columns) {
  const Screen lines = LinesOf(facts_.After(position_), static_cast<size_t>(columns));
  if (std::exchange(state_columns_, columns) != columns) state_rows_ = 0;
  return state_rows_ = std::max(state_rows_, static_cast<int>(lines.size()));
}

Screen StepView::Draw(WindowSize size) {
  const Parts parts = PartsOf(size, RowsOfState(size.columns));
  if (parts.too_small) return FitTo({ScreenLine("too small:"), ScreenLine("40x8 or more")}, size);
  Screen screen{Title(size.columns)};
  const auto add = [&](const Screen& lines) {
    screen.insert(screen.end(), lines.begin(), lines.end());
  };
  if (over_ != Over::kNothing) {
    add(Covered({size.columns, size.rows - 2}));
  } else if (parts.beside) {
    add(Beside(Steps(parts.steps), State(parts.state), parts.steps.columns));
    screen.push_back(Status());
  } else {
    add(Steps(parts.steps));
    screen.push_back(Status());
    add(State(parts.state));
  }
  screen.push_back(Bottom());
  return FitTo(std::move(screen), size);
}

}  // namespace gatherfuzz
