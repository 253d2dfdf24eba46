// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/page/page.h"

#include <algorithm>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"
#include "nlohmann/json.hpp"
#include "triage/tell/explain/roles.h"
#include "triage/tell/explain/summary.h"
#include "triage/tell/machine_states.h"
#include "triage/tell/page/template.h"
#include "triage/tell/report.h"

namespace gatherfuzz {
namespace {

using Json = nlohmann::ordered_json;

// What one text may take up on the page, so that the steps always have room.
constexpr size_t kMostTextBytes = 60'000, kMostNameBytes = 3'000;

// JSON in which nothing can be taken for markup, and all of it ASCII: text that is not UTF-8 is
// replaced, U+2028 and U+2029 are escaped.
std::string Escaped(const Json& json) {
  const std::string text = json.dump(-1, ' ', true, Json::error_handler_t::replace);
  return absl::StrReplaceAll(text, {{"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}});
}

// As much of `text` as takes up `most` bytes on the page.
std::string Clipped(const std::string& text, size_t most) {
  const auto plain = [](char c) {
    return c >= ' ' && c <= '~' && std::string_view("<>&\"\\").find(c) == std::string_view::npos;
  };
  size_t bytes = 0, kept = 0;
  for (; kept < text.size(); ++kept) {
    bytes += plain(text[kept]) ? 1 : 6;
    if (bytes > most) return absl::StrCat(text.substr(0, kept), "\n... cut here");
  }
  return text;
}

// Gives each distinct value a number.
template <typename Value>
class Numbered {
 public:
  size_t operator()(const Value& value) {
    const auto [place, is_new] = numbers_.emplace(value, list_.size());
    if (is_new) list_.push_back(value);
    return place->second;
  }
  const std::vector<Value>& list() const { return list_; }

 private:
  std::map<Value, size_t> numbers_;
  std::vector<Value> list_;
};

Json ValueOf(const CellValue& value) {
  size_t size = value.size();
  while (size > 0 && value[size - 1] == 0) --size;
  return std::vector<uint32_t>(value.begin(), value.begin() + static_cast<int>(size));
}

// Whether the step is about the page it names, not about a range that begins there.
bool TouchesPage(const StepEvent& event) {
  return event.page != kNoPage && !Info(event.point).is(role::kRange);
}

class Page {
 public:
  explicit Page(const PageInput& in) : in_(in), violation_(in.trace.result.violation) {
    auto execution = std::make_unique<Execution>();
    states_ = StatesOf(*execution, in.file.schedule, *FindPolicy(in.file.policy),
                       *FindArch(in.file.arch), in.ignored);
    FindPages();
    TakeOps();
  }

  // All steps, or the last that fit.
  std::string Print() {
    const size_t all = in_.trace.steps.size();
    for (size_t shown = all;;) {
      const std::string page = absl::StrCat(
          std::string(kPageBeforeData), Escaped(From(all - shown)), std::string(kPageAfterData));
      if (page.size() <= kMostPageBytes || shown == 0) return page;
      shown = std::min(shown - 1, shown * kMostPageBytes / page.size());
    }
  }

 private:
  struct OpSpan {
    AgentId agent{};
    Op op;
    size_t first = 0, last = 0;
    bool done = true;
  };

  // The pages that the run is about; bit masks.
  void FindPages() {
    if (violation_.page >= 0) pages_ |= PageBit(violation_.page);
    for (const TraceStep& step : in_.trace.steps) {
      if (TouchesPage(step.event)) pages_ |= PageBit(step.event.page);
      for (const TlbChange& change : step.tlb) {
        if (change.level == Level::kPte) pages_ |= PageBit(change.page);
      }
    }
    for (size_t cell = 0; cell < states_.names.size(); ++cell) kept_.push_back(Keeps(cell));
  }

  // Whether a cell is about one of these pages, or not about pages.
  bool Keeps(size_t cell) const {
    const std::string& name = states_.names[cell];
    const bool huge = name.starts_with("huge.");
    if (!huge && !name.starts_with("pte.") && !name.starts_with("tlb.")) return true;
    const int index = std::stoi(name.substr(name.rfind('.') + 1));
    const int pages = huge ? kPagesPerPmd : 1;
    return (pages_ & MaskOf({index * pages, (index + 1) * pages})) != 0;
  }

  void TakeOps() {
    std::map<std::pair<AgentId, int>, size_t> known;
    for (size_t i = 0; i < in_.trace.steps.size(); ++i) {
      const TraceStep& step = in_.trace.steps[i];
      const StepEvent& event = step.event;
      op_of_.push_back(-1);
      if (!step.op) continue;
      const auto [place, is_new] = known.emplace(std::pair(event.agent, event.op), ops_.size());
      if (is_new) ops_.push_back({event.agent, *step.op, i, i, true});
      ops_[place->second].last = i;
      op_of_.back() = static_cast<int>(place->second);
    }
    if (in_.trace.result.clean()) return;
    for (const auto& [key, index] : known) {
      OpSpan& span = ops_[index];
      const bool returned = in_.trace.steps[span.last].event.point == Point::syscall_return;
      const bool over =
          Info(span.op.kind).is(effect::kReclaims) && span.last + 1 != in_.trace.steps.size() &&
          in_.trace.next[static_cast<size_t>(Index(CpuOf(span.agent)))].point == kNoPoint;
      span.done = returned || over || known.contains({key.first, key.second + 1});
    }
  }

  std::string Summary() const {
    if (in_.trace.result.limit) return "The run was cut off at the limit of steps: no verdict.";
    if (!violated()) return "No violation.";
    return SummaryOf(in_.trace);
  }

  bool violated() const { return violation_.kind != ViolationKind::kNone; }

  Json About() const {
    const RunResult& result = in_.trace.result;
    Json json = {{"name", Clipped(in_.name, kMostNameBytes)},
                 {"kind", result.limit ? "limit" : std::string(Info(violation_.kind).name)},
                 {"clean", !violated()},
                 {"policy", Clipped(in_.file.policy, kMostNameBytes)},
                 {"arch", MachineText(Clipped(in_.file.arch, kMostNameBytes), in_.trace)},
                 {"call", violated() ? CallInQuestion(in_.trace) : ""},
                 {"summary", Summary()},
                 {"intent", Clipped(in_.file.intent, kMostTextBytes / 4)},
                 {"replay", Clipped(in_.replay, kMostNameBytes)},
                 {"text", Clipped(PrintText(in_.file), kMostTextBytes)},
                 {"cpus", in_.file.schedule.cpus},
                 {"kswapd", in_.file.schedule.kswapd_cpu()},
                 {"total", in_.trace.steps.size()}};
    json["violation"] = {{"page", violation_.page},       {"frame", violation_.frame},
                         {"cpu", violation_.cpu},         {"holder", violation_.holder},
                         {"mapping", violation_.mapping}, {"table", AboutTable(violation_.kind)}};
    json["pages"] = Json::array();
    for (int page = 0; page < kPages; ++page) {
      if ((pages_ & PageBit(page)) != 0) json["pages"].push_back(page);
    }
    return json;
  }

  Json Ops() const {
    Json json = Json::array();
    for (const OpSpan& span : ops_) {
      json.push_back({Index(span.agent), PrintOp(span.op), OpName(span.op), span.first, span.last,
                      span.done ? 1 : 0});
    }
    return json;
  }

  // What is said of the run, as far as it is known.
  static Json Explained(const Explanation& explanation) {
    const Cause& cause = explanation.cause;
    Json json = {{"signature", Clipped(explanation.signature, kMostNameBytes)},
                 {"cause",
                  {{"filled", cause.filled},
                   {"removed", cause.removed},
                   {"examined", cause.examined},
                   {"flushed", cause.flushed},
                   {"others", cause.others},
                   {"judged", cause.judged},
                   {"missing", NameOf(cause.missing)}}}};
    json["chain"] = Json::array();
    for (const Sentence& sentence : explanation.chain) {
      json["chain"].push_back({{"text", sentence.text}, {"step", sentence.step}});
    }
    json["noReturn"] = NoReturnOf(explanation.no_return);
    json["others"] = Json::array();
    for (const UnderPolicy& other : explanation.others) {
      const RunResult& result = other.result;
      json["others"].push_back(
          {{"policy", std::string(other.policy)},
           {"verdict", result.limit ? "limit" : std::string(Info(result.violation.kind).name)},
           {"explored", other.explored},
           {"anyOrder", std::string(Info(other.any_order).name)}});
    }
    return json;
  }

  static Json NoReturnOf(const NoReturn& turn) {
    Json json = {{"step", turn.step}, {"text", turn.text}};
    json["rescue"] = Json::array();
    for (const RescueStep& step : turn.rescue) {
      json["rescue"].push_back(absl::StrCat(AgentName(step.agent, step.point, step.kswapd), " ",
                                            StepName(step.point, step.page)));
    }
    return json;
  }

  // The state before step `first`, by cell, where there is something.
  Json StartAt(size_t first, Numbered<int>& number, Numbered<CellValue>& value) const {
    std::vector<CellValue> now = states_.start;
    for (size_t i = 0; i < first; ++i) {
      for (const CellChange& change : states_.steps[i]) now[change.cell] = change.value;
    }
    Json json = Json::array();
    for (size_t cell = 0; cell < now.size(); ++cell) {
      if (!kept_[cell] || now[cell] == CellValue{}) continue;
      json.push_back(number(static_cast<int>(cell)));
      json.push_back(value(now[cell]));
    }
    return json;
  }

  // The page's data: everything, with the steps from `first` on.
  Json From(size_t first) const {
    Json json = About();
    json["first"] = first;
    json["ops"] = Ops();
    json["explanation"] = in_.explanation == nullptr ? Json() : Explained(*in_.explanation);
    json["points"] = Json::array();
    for (const PointInfo& point : kPoints) json["points"].push_back(point.name);
    Numbered<int> cell;
    Numbered<CellValue> value;
    Numbered<std::string> note;
    note("");
    json["steps"] = Json::array();
    json["start"] = StartAt(first, cell, value);
    std::string shown;
    for (size_t i = first; i < in_.trace.steps.size(); ++i) {
      const StepEvent& event = in_.trace.steps[i].event;
      Json step = {Index(event.agent), static_cast<int>(event.point), event.page, op_of_[i],
                   note(Describe(in_.trace.steps[i]))};
      for (const CellChange& change : states_.steps[i]) {
        if (!kept_[change.cell]) continue;
        step.push_back(cell(change.cell));
        step.push_back(value(change.value));
      }
      json["steps"].push_back(std::move(step));
      shown += in_.explanation == nullptr || in_.explanation->shown[i] ? '1' : '0';
    }
    json["shown"] = shown;
    json["roles"] = RolesFrom(first);
    json["notes"] = note.list();
    json["cells"] = Json::array();
    for (const int each : cell.list()) json["cells"].push_back(states_.names[each]);
    json["values"] = Json::array();
    for (const CellValue& each : value.list()) json["values"].push_back(ValueOf(each));
    return json;
  }

  // By the number of the step, of those that have one, from `first` on.
  Json RolesFrom(size_t first) const {
    const Explanation* explanation = in_.explanation;
    const auto roles = RolesOf(in_.trace, explanation == nullptr ? Cause{} : explanation->cause,
                               explanation == nullptr ? -1 : explanation->no_return.step);
    Json json = Json::object();
    for (size_t i = first; i < roles.size(); ++i) {
      if (!roles[i].empty()) json[absl::StrCat(i)] = roles[i];
    }
    return json;
  }

  const PageInput& in_;
  const Violation& violation_;
  MachineStates states_;
  uint64_t pages_ = 0;
  std::vector<bool> kept_;  // by cell
  std::vector<OpSpan> ops_;
  std::vector<int> op_of_;  // by step; -1: none
};

}  // namespace

std::string PageOf(const PageInput& input) { return Page(input).Print(); }

}  // namespace gatherfuzz
