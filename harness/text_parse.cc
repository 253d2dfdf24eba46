// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Text to schedule: a line at a time, a word at a time.
#include <algorithm>
#include <charconv>

#include "harness/search/strategy.h"
#include "harness/text.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

constexpr size_t kMaxTextBytes = 1 << 20;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kOnceInHead[] = {"cpus", "policy", "arch", "batch", "expect"};

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// "a, b or c" of the names of `items`.
template <typename Items, typename Name>
std::string OneOf(const Items& items, Name name) {
  std::string text;
  size_t left = std::size(items);
  for (const auto& item : items) {
    text += name(item);
    --left;
    text += left > 1 ? ", " : left == 1 ? " or " : "";
  }
  return text;
}

std::optional<long> Number(std::string_view word) {
  unsigned long value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || word.empty()) return std::nullopt;
  return value <= 0xffffffffu ? std::optional<long>(static_cast<long>(value)) : std::nullopt;
}

class Parser {
 public:
  explicit Parser(std::string_view text)
      : text_(text.substr(text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0)) {}

  std::variant<ScheduleFile, TextError> Parse() {
    if (text_.size() > kMaxTextBytes) {
      return TextError{1, 1, "a text of at most 1 MiB", ""};
    }
    bool good = true;
    while (good && NextLine()) good = Line();
    if (good && !seen_first_) {
      good = Fail("'gatherfuzz 1' on the first line");
    }
    if (!good) return error_;
    Canonicalize(file_.schedule);
    return file_;
  }

 private:
  enum class Section { kHead, kInit, kProgram, kOrder, kEnd };

  // Moves to the next line that has a word.
  bool NextLine() {
    while (next_ < text_.size()) {
      const size_t end = std::min(text_.find('\n', next_), text_.size());
      line_ = text_.substr(next_, end - next_);
      next_ = end + 1;
      if (line_.ends_with('\r')) line_.remove_suffix(1);
      ++line_number_;
      at_ = 0;
      if (!Peek().empty()) return true;
    }
    return false;
  }

  // Whether a '#' that comes next is an occurrence, as in `until pte_clear #3`, not a comment.
  bool AtOccurrence() {
    while (at_ < line_.size() && IsBlank(line_[at_])) ++at_;
    return at_ + 1 < line_.size() && line_[at_] == '#' && '0' <= line_[at_ + 1] &&
           line_[at_ + 1] <= '9';
  }

  // The next word of the line, without taking it; empty at the end of the line or at a comment.
  std::string_view Peek() {
    while (at_ < line_.size() && IsBlank(line_[at_])) ++at_;
    if (at_ == line_.size() || line_[at_] == '#') return {};
    return Word();
  }
  std::string_view Word() const {
    size_t end = at_;
    while (end < line_.size() && !IsBlank(line_[end])) ++end;
    return line_.substr(at_, end - at_);
  }
  std::string_view Take() {
    const std::string_view word = Peek();
    at_ += word.size();
    return word;
  }

  bool Fail(std::string expected) {
    error_ = {std::max(line_number_, 1), static_cast<int>(at_) + 1, std::move(expected),
              std::string(line_)};
    return false;
  }
  bool FailAt(std::string_view word, std::string expected) {
    at_ = static_cast<size_t>(word.data() - line_.data());
    return Fail(std::move(expected));
  }
  bool End() { return Peek().empty() || Fail("the end of the line"); }

  bool TakeNumber(const char* what, long least, long most, long& value) {
    const std::string_view word = Take();
    const std::optional<long> number = Number(word);
    if (number && *number >= least && *number <= most) {
      value = *number;
      return true;
    }
    std::string expected =
        std::string(what) + ", " + std::to_string(least) + " to " + std::to_string(most);
    return word.empty() ? Fail(expected) : FailAt(word, expected);
  }

  bool TakePage(PageRange& range) {
    long page = 0;
    if (!TakeNumber("a page", 0, kPages - 1, page)) return false;
    range = {static_cast<int>(page), static_cast<int>(page) + 1};
    return true;
  }

  bool TakeRange(PageRange& range) {
    const std::string_view word = Take();
    const size_t dots = word.find("..");
    const auto begin = Number(word.substr(0, std::min(dots, word.size())));
    const auto end = dots == word.npos ? std::nullopt : Number(word.substr(dots + 2));
    if (!begin || !end || *begin >= *end || *end > kPages) {
      const std::string expected =
          "a range of pages BEGIN..END, 0 <= BEGIN < END <= " + std::to_string(kPages);
      return word.empty() ? Fail(expected) : FailAt(word, expected);
    }
    range = {static_cast<int>(*begin), static_cast<int>(*end)};
    return true;
  }

  std::optional<AgentId> Agent(std::string_view word) const {
    static constexpr std::string_view kNames[] = {"cpu", "walk", "inv"};
    for (int kind = 0; kind < 3; ++kind) {
      if (!word.starts_with(kNames[kind])) continue;
      const auto cpu = Number(word.substr(kNames[kind].size()));
      if (!cpu || *cpu >= file_.schedule.cpus) return std::nullopt;
      return MakeAgent(static_cast<AgentKind>(kind), MakeCpu(static_cast<int>(*cpu)));
    }
    return std::nullopt;
  }
  std::string AgentsExpected(const char* which) const {
    return std::string(which) + " with a number below " + std::to_string(file_.schedule.cpus) +
           " ('cpus' says how many)";
  }

  bool Line() {
    if (!seen_first_) return First();
    if (section_ == Section::kEnd) return Fail("nothing after 'rest'");
    if (section_ == Section::kOrder) return OrderLine();
    const std::string_view word = Peek();
    if (word == "init" || word == "order") {
      if (word == "init" && section_ != Section::kHead) return Fail("'init' before the programs");
      section_ = word == "init" ? Section::kInit : Section::kOrder;
      Take();
      return End();
    }
    if (word.starts_with("cpu") && word != "cpus") return ProgramHead();
    if (word.starts_with("walk")) return ProgramHead();
    switch (section_) {
      case Section::kHead: return HeadLine();
      case Section::kInit: return InitLine();
      default: return OpLine();
    }
  }

  bool First() {
    if (Take() != "gatherfuzz") return FailAt(line_, "'gatherfuzz 1' on the first line");
    long version = 0;
    if (!TakeNumber("the version of the format", kTextVersion, kTextVersion, version)) return false;
    seen_first_ = true;
    return End();
  }

  bool HeadLine() {
    const std::string_view word = Take();
    long number = 0;
    if (word == "intent") return Intent();
    for (size_t i = 0; i < std::size(kOnceInHead); ++i) {
      if (word != kOnceInHead[i]) continue;
      if ((head_seen_ >> i & 1) != 0)
        return FailAt(word, "one '" + std::string(word) + "' line only");
      head_seen_ |= 1u << i;
    }
    if (word == "cpus") {
      if (!TakeNumber("a number of CPUs", 1, kMaxCpus, number)) return false;
      file_.schedule.cpus = static_cast<int>(number);
      return End();
    }
    if (word == "batch") {
      if (!TakeNumber("a number of pages", 1, kMaxBatch, number)) return false;
      file_.schedule.batch = static_cast<int>(number);
      return End();
    }
    if (word == "policy") {
      file_.policy = Peek();
      if (FindPolicy(file_.policy) == nullptr) {
        return Fail("a policy: " + OneOf(Policies(), [](const Policy* p) { return p->name(); }));
      }
      return Take(), End();
    }
    if (word == "arch") {
      file_.arch = Peek();
      if (FindArch(file_.arch) == nullptr) {
        return Fail("an architecture: " + OneOf(Archs(), [](const Arch* a) { return a->name(); }));
      }
      return Take(), End();
    }
    if (word == "expect") {
      file_.expect = ParseViolationKind(Peek());
      if (!file_.expect) {
        return Fail("a verdict: " + OneOf(kViolations, [](const auto& v) { return v.name; }));
      }
      return Take(), End();
    }
    return FailAt(word,
                  "intent, cpus, policy, arch, batch, expect, init, a program (cpu0) or order");
  }

  bool Intent() {
    std::string_view rest = line_.substr(at_);
    while (!rest.empty() && IsBlank(rest.front())) rest.remove_prefix(1);
    while (!rest.empty() && IsBlank(rest.back())) rest.remove_suffix(1);
    if (rest.empty()) return Fail("a sentence that says what the schedule is for");
    if (!file_.intent.empty()) file_.intent += '\n';
    file_.intent += rest;
    return true;
  }

  bool TakeVmaFlags(VmaFlags& flags) {
    const std::string_view word = Take();
    if (word != "rw" && word != "r") {
      const char* expected = "r or rw, and then perhaps huge";
      return word.empty() ? Fail(expected) : FailAt(word, expected);
    }
    flags.write = word == "rw";
    return TakeOptional("huge", flags.huge);
  }

  bool TakeOptional(std::string_view expected, bool& given) {
    given = !Peek().empty();
    if (given && Peek() != expected)
      return Fail("'" + std::string(expected) + "' or the end of the line");
    Take();
    return true;
  }

  bool InitLine() {
    InitItem item;
    const std::string_view word = Take();
    if (word == "map") {
      if (!TakeRange(item.range) || !TakeVmaFlags(item.flags)) return false;
    } else if (word == "present") {
      item.kind = InitItem::Kind::kPresent;
      if (!TakeRange(item.range) || !TakeOptional("dirty", item.dirty)) return false;
    } else if (word == "cached") {
      item.kind = InitItem::Kind::kCached;
      const auto agent = Agent(Peek());
      if (!agent || KindOf(*agent) != AgentKind::kCpu) return Fail(AgentsExpected("cpuN"));
      Take();
      item.cpu = CpuOf(*agent);
      if (!TakeRange(item.range)) return false;
    } else {
      return FailAt(word, "map, present, cached, a program (cpu0) or order");
    }
    if (!End()) return false;
    return file_.schedule.init.push_back(item) ||
           FailAt(word, "at most " + std::to_string(kMaxInit) + " lines of init");
  }

  bool ProgramHead() {
    const auto agent = Agent(Peek());
    if (!agent || KindOf(*agent) == AgentKind::kInvalidation) {
      return Fail(AgentsExpected("cpuN or walkN"));
    }
    if ((programs_seen_ >> Index(*agent) & 1) != 0) {
      return Fail("one program for each agent; " + AgentName(*agent) + " has one already");
    }
    programs_seen_ |= 1u << Index(*agent);
    section_ = Section::kProgram;
    agent_ = *agent;
    Take();
    return End();
  }

  bool OpLine() {
    const std::string_view word = Take();
    for (int kind = 0; kind < kOpCount; ++kind) {
      if (word == kOps[kind].name && kOps[kind].agent == KindOf(agent_)) {
        return Operation(word, static_cast<OpKind>(kind));
      }
    }
    std::string expected;
    for (const OpInfo& op : kOps) {
      if (op.agent == KindOf(agent_)) expected += std::string(op.name) + ", ";
    }
    return FailAt(word, expected + "another program or order");
  }

  bool Operation(std::string_view word, OpKind kind) {
    Op op{.kind = kind, .range = {}, .flags = {}};
    if (Info(kind).operands == Operands::kPage ? !TakePage(op.range) : !TakeRange(op.range)) {
      return false;
    }
    if (Info(kind).operands == Operands::kMap && !TakeVmaFlags(op.flags)) return false;
    if (!End()) return false;
    return file_.schedule.program.push_back({agent_, op}) ||
           FailAt(word, "at most " + std::to_string(kMaxOps) + " operations in all programs");
  }

  bool OrderLine() {
    const std::string_view word = Take();
    if (word == "rest") return Rest();
    Run run;
    const auto agent = Agent(word);
    if (!agent) return FailAt(word, AgentsExpected("rest, or cpuN, walkN or invN"));
    run.agent = *agent;
    if (Peek() == "until") {
      Take();
      if (!Until(run)) return false;
    } else {
      long steps = 0;
      if (!TakeNumber("'until', or a number of steps", 1, 65535, steps)) return false;
      run.count = static_cast<uint16_t>(steps);
    }
    if (!End()) return false;
    return file_.schedule.order.push_back(run) ||
           FailAt(word, "at most " + std::to_string(kMaxRuns) + " lines of order");
  }

  bool Rest() {
    section_ = Section::kEnd;
    if (Peek().empty()) return true;
    const auto all = Strategies();
    const auto info = std::find_if(all.begin(), all.end(),
                                   [&](const StrategyInfo& it) { return it.text == Peek(); });
    if (info == all.end()) {
      return Fail("the end of the line, or a seed after " +
                  OneOf(all, [](const StrategyInfo& it) { return it.text; }));
    }
    Take();
    long seed = 0, steps = 0;
    if (!TakeNumber("a seed", 0, 0xffffffffL, seed)) return false;
    if (info->kind == Tail::Kind::kPct && Peek() == "steps") {
      Take();
      if (!TakeNumber("a number of steps", 1, 65535, steps)) return false;
    }
    file_.schedule.tail = {info->kind, static_cast<uint32_t>(seed), static_cast<uint16_t>(steps)};
    return End();
  }

  bool Until(Run& run) {
    const std::string_view word = Take();
    if (word == "done") {
      run.kind = Run::Kind::kUntilDone;
      return true;
    }
    run.kind = Run::Kind::kUntilPoint;
    const size_t open = word.find('(');
    const auto point = ParsePoint(word.substr(0, std::min(open, word.size())));
    if (!point) {
      const char* expected = "'done', or the name of a step (docs/schedule-format.md lists them)";
      return word.empty() ? Fail(expected) : FailAt(word, expected);
    }
    run.point = *point;
    if (open != word.npos && !UntilPage(word.substr(open), run)) return false;
    if (!AtOccurrence()) return true;
    const std::string_view occurrence = Word();
    const auto count = Number(occurrence.substr(1));
    if (!count || *count < 1 || *count > 255) return Fail("#1 to #255");
    run.count = static_cast<uint16_t>(*count);
    at_ += occurrence.size();
    return true;
  }

  bool UntilPage(std::string_view paged, Run& run) {
    const auto page =
        paged.ends_with(')') ? Number(paged.substr(1, paged.size() - 2)) : std::nullopt;
    if (!page || *page >= kPages) {
      return FailAt(paged, "a page in parentheses, 0 to " + std::to_string(kPages - 1));
    }
    if (!Info(run.point).has_page) return FailAt(paged, "no page: this step is not about one");
    run.page = static_cast<int8_t>(*page);
    return true;
  }

  const std::string_view text_;
  std::string_view line_;
  size_t next_ = 0;  // where the next line begins
  size_t at_ = 0;    // in line_
  int line_number_ = 0;
  bool seen_first_ = false;
  Section section_ = Section::kHead;
  AgentId agent_{};
  uint32_t head_seen_ = 0;      // by index in kOnceInHead
  uint32_t programs_seen_ = 0;  // by agent
  ScheduleFile file_;
  TextError error_;
};

}  // namespace

std::optional<ViolationKind> ParseViolationKind(std::string_view name) {
  for (int kind = 0; kind < kViolationCount; ++kind) {
    if (kViolations[kind].name == name) return static_cast<ViolationKind>(kind);
  }
  return std::nullopt;
}

std::optional<Point> ParsePoint(std::string_view name) {
  for (int point = 0; point < kPointCount; ++point) {
    if (kPoints[point].name == name) return static_cast<Point>(point);
  }
  return std::nullopt;
}

bool LooksLikeText(std::string_view content) {
  static constexpr std::string_view kWords[] = {"gatherfuzz", "intent", "init", "order", "cpu0"};
  if (content.find('\0') != content.npos) return false;
  const auto is_one = [](std::string_view word) {
    return std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords) ||
           std::find(std::begin(kOnceInHead), std::end(kOnceInHead), word) != std::end(kOnceInHead);
  };
  if (content.starts_with(kByteOrderMark)) content.remove_prefix(kByteOrderMark.size());
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    std::string_view word = content.substr(begin, end - begin);
    while (!word.empty() && IsBlank(word.front())) word.remove_prefix(1);
    word = word.substr(0, std::min(word.find_first_of(" \t\r"), word.size()));
    if (is_one(word)) return true;
    begin = end + 1;
  }
  return false;
}

std::variant<ScheduleFile, TextError> ParseText(std::string_view text) {
  return Parser(text).Parse();
}

}  // namespace gatherfuzz
