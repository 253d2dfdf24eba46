// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A run in a terminal: the state in words, what keys do, and that every screen fits its window.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/random.h"
#include "tests/support.h"
#include "triage/tell/step/facts.h"
#include "triage/tell/step/layout.h"
#include "triage/tell/step/screen.h"
#include "triage/tell/step/view.h"

namespace gatherfuzz {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kMail = R"(
    cpus 2
    policy own-range
    arch x86
    init
      map 0..4 rw
      present 1..4
      cached cpu1 2..3
    cpu0
      dontneed 1..3
    cpu1
      dontneed 2..4
    order
      cpu0 until pte_clear(2)
      cpu1 until done
      rest
)";

// A run, and what is shown of it.
struct Stepped {
  explicit Stepped(ScheduleFile of) : file(std::move(of)) {
    static Execution execution;
    const Policy& policy = *FindPolicy(file.policy);
    const Arch& arch = *FindArch(file.arch);
    trace = Record(execution, file.schedule, policy, arch);
    states = StatesOf(execution, file.schedule, policy, arch, 0);
    view = std::make_unique<StepView>(ViewInput{"a/file.gather", file, trace, states, [this] {
                                                  ++asked;
                                                  return no_return;
                                                }});
  }
  explicit Stepped(std::string_view schedule) : Stepped(FromText(schedule)) {}

  // The screen after these keys.
  std::string Keys(std::string keys, WindowSize size = {}) {
    while (!keys.empty()) {
      view->Draw(size);
      goes_on = view->Press(TakeKey(keys));
    }
    return PlainText(view->Draw(size));
  }
  // The step of the line that says which is current.
  int At(std::string keys) {
    const std::string screen = Keys(std::move(keys));
    const size_t at = screen.find("\n step ");
    return at == screen.npos ? -1 : std::atoi(screen.c_str() + at + 7);
  }

  ScheduleFile file;
  Trace trace;
  MachineStates states;
  NoReturn no_return{NoReturn::Known::kAtStep, 8, {}, "After step 9 it is lost."};
  int asked = 0;
  bool goes_on = true;
  std::unique_ptr<StepView> view;
};

// --- Facts ---

std::vector<std::string> Changes(const std::vector<Fact>& facts) {
  std::vector<std::string> changes;
  for (const Fact& fact : facts) {
    if (!fact.changed()) continue;
    changes.push_back(fact.group + ", " + fact.name + ": " + fact.was + " | " + fact.now);
  }
  return changes;
}

TEST(Facts, SayWhatAStepChanged) {
  const Stepped run(kMail);
  const Facts facts(run.states, run.trace);
  EXPECT_THAT(Changes(facts.After(0)), ElementsAre());
  EXPECT_THAT(Changes(facts.After(1)), ElementsAre("mm, mmap_lock: free | read cpu0"));
  EXPECT_THAT(Changes(facts.After(9)),
              ElementsAre("gather, cpu0: of 1..3: 1..2 cleared_ptes, queued pages 1 | "
                          "of 1..3: 1..3 cleared_ptes, queued pages 2",
                          "page 2, PTE: 2->f4 wa | none", "page 2, tlb1: 2->f4 wa | 2->f4 wa STALE",
                          "frame, f4: data | data queued by cpu0"));
}

TEST(Facts, OfAStaleEntryAreMarked) {
  const Stepped run(kMail);
  for (const int step : {8, 9}) {
    int stale = 0;
    for (const Fact& fact : Facts(run.states, run.trace).After(step)) {
      stale += fact.stale;
      EXPECT_EQ(fact.stale, fact.fatal);
    }
    EXPECT_EQ(stale, step == 9) << step;
  }
}

const Fact* Find(const std::vector<Fact>& facts, const std::string& group,
                 const std::string& name) {
  for (const Fact& fact : facts) {
    if (fact.group == group && fact.name == name) return &fact;
  }
  return nullptr;
}

// Against the trace, which was recorded by other code.
void ExpectAsRecorded(const Stepped& run) {
  const Facts facts(run.states, run.trace);
  for (size_t i = 0; i < run.trace.steps.size(); ++i) {
    const TraceStep& step = run.trace.steps[i];
    const std::vector<Fact> after = facts.After(static_cast<int>(i) + 1);
    SCOPED_TRACE(i + 1);
    ASSERT_EQ(Find(after, "mm", "tlb_flush_pending")->now, std::to_string(step.pending_after));
    const bool small = step.leaf_after.leaf() && step.leaf_after.mapping != 0;
    if (step.event.page != kNoPage && small && !Info(step.event.point).is(role::kRange) &&
        step.event.point != Point::deliver) {
      const Fact* pte = Find(after, "page " + std::to_string(step.event.page), "PTE");
      ASSERT_NE(pte, nullptr);
      ASSERT_THAT(pte->now, StartsWith(std::to_string(step.leaf_after.mapping) + "->f"));
    }
    for (const TlbChange& change : step.tlb) {
      if (change.level != Level::kPte) continue;
      const Fact* entry = Find(after, "page " + std::to_string(change.page),
                               "tlb" + std::to_string(Index(change.cpu)));
      ASSERT_NE(entry, nullptr);
      const std::string mapping = std::to_string(change.entry.mapping) + "->f";
      ASSERT_THAT(change.filled ? entry->now : entry->was, StartsWith(mapping));
    }
  }
}

TEST(Facts, AreWhatTheTraceRecorded) {
  Random random(5);
  for (int i = 0; i < 15; ++i) {
    ScheduleFile file;
    file.schedule = RandomSchedule(random);
    file.policy = i % 2 == 0 ? "full-mm" : "reset-range";
    file.arch = i % 4 < 2 ? "x86" : "arm64";
    SCOPED_TRACE(PrintText(file));
    ExpectAsRecorded(Stepped(file));
    if (HasFailure()) return;
  }
}

TEST(Facts, SayWhatATlbRemembersAsAbsent) {
  const Stepped run(R"(
    cpus 2
    policy full-mm
    arch riscv
    init
      map 0..4 rw
    walk0
      fill 0
    cpu1
      write 0
    order
      walk0 until done
      cpu1 until done
)");
  const Facts facts(run.states, run.trace);
  EXPECT_THAT(Changes(facts.After(1)), Contains("page 0, tlb0:  | absent"));
  EXPECT_EQ(Find(facts.After(1), "page 0", "PTE")->now, "none");
}

// --- Keys ---

TEST(StepView, GoesForthAndBack) {
  Stepped run(kMail);
  EXPECT_EQ(run.At(""), 0);
  EXPECT_EQ(run.At("nnn"), 3);
  EXPECT_EQ(run.At("p"), 2);
  EXPECT_EQ(run.At("\033[C\033[B\033OCj"), 6);
  EXPECT_EQ(run.At("\033[D\033[Ak"), 3);
  EXPECT_EQ(run.At("\033[F"), 27);
  EXPECT_EQ(run.At("n"), 27);
  EXPECT_EQ(run.At("\033[5~"), 17);
  EXPECT_EQ(run.At("\033[6~"), 27);
  EXPECT_EQ(run.At("\033[1~p"), 0);
  EXPECT_EQ(run.At("v"), 27);
  EXPECT_EQ(run.At("g"), 0);
  EXPECT_EQ(run.At("12\n"), 12);
  EXPECT_EQ(run.At("4n"), 13);  // a number that is not ended goes nowhere
  EXPECT_EQ(run.At("999999999999\n"), 27);
}

TEST(StepView, GoesOnInOneCpu) {
  Stepped run(kMail);
  EXPECT_EQ(run.At("9\n>"), 14);  // cpu0's, after four of cpu1
  EXPECT_EQ(run.At(">"), 21);     // a delivery on it
  EXPECT_THAT(run.Keys(""), Not(HasSubstr("last")));
  EXPECT_EQ(run.At(">"), 21);
  EXPECT_THAT(run.Keys(""), HasSubstr("the last step of this CPU"));
  EXPECT_EQ(run.At("<<"), 9);
}

TEST(StepView, SearchesRound) {
  Stepped run(kMail);
  EXPECT_EQ(run.At("/PTE_CLEAR\n"), 7);
  EXPECT_EQ(run.At("m"), 9);
  EXPECT_EQ(run.At("mm"), 7);
  EXPECT_EQ(run.At("M"), 18);
  EXPECT_EQ(run.At("/cpu1 syscallx\177\n"), 27);
  EXPECT_EQ(run.At("/\n"), 27);  // the same again, of which there is one
  EXPECT_THAT(run.Keys(""), HasSubstr("stale-after-return"));
  EXPECT_THAT(run.Keys("/nosuch\n"), HasSubstr("no other step has 'nosuch'"));
  EXPECT_EQ(run.At("/q\033g"), 0);  // given up, then a command
}

TEST(StepView, FindsThePointOfNoReturnOnce) {
  Stepped run(kMail);
  EXPECT_THAT(run.Keys("w"), HasSubstr("t finds it"));
  EXPECT_EQ(run.At("qt"), 9);
  EXPECT_THAT(run.Keys(""), HasSubstr("pte_clear(2) mapping 2 [removes] [no return]"));
  EXPECT_EQ(run.At("gt"), 9);
  EXPECT_EQ(run.asked, 1);
  EXPECT_THAT(run.Keys("w"), HasSubstr("After step 9 it is lost."));
}

TEST(StepView, QuitsAndComesBackFromWhatCoversIt) {
  Stepped run(kMail);
  EXPECT_THAT(run.Keys("?"), HasSubstr("to the violation"));
  EXPECT_TRUE(run.goes_on);
  EXPECT_EQ(run.At("q"), 0);
  EXPECT_TRUE(run.goes_on);
  EXPECT_THAT(run.Keys("s"), HasSubstr("dontneed 1..3"));
  EXPECT_EQ(run.At("\033"), 0);
  EXPECT_EQ(run.At("/q\n"), 0);  // a letter of a pattern
  run.Keys("q");
  EXPECT_FALSE(run.goes_on);
}

TEST(StepView, LeavesOutWhatPlaysNoPart) {
  std::string text(kMail);
  text.insert(text.find("      dontneed 1..3"), "      read 3\n");
  Stepped run(text);
  const std::string few = run.Keys("v", {80, 60});
  EXPECT_THAT(few, HasSubstr("steps not shown"));
  EXPECT_THAT(run.Keys("a", {80, 60}), Not(HasSubstr("not shown")));
  EXPECT_THAT(run.Keys("ag", {80, 60}), HasSubstr("not shown"));
  EXPECT_EQ(run.At("1\n"), 1);  // which is left out: all are shown then
  EXPECT_THAT(run.Keys("", {80, 60}), Not(HasSubstr("not shown")));
}

TEST(StepView, OfARunWithoutAViolation) {
  ScheduleFile file = FromText(kMail);
  file.policy = "full-mm";
  Stepped run(file);
  EXPECT_THAT(run.Keys(""), StartsWith("no violation (full-mm, x86) a/file.gather"));
  EXPECT_THAT(run.Keys("t"), HasSubstr("no violation\n"));
  EXPECT_EQ(run.asked, 0);
  EXPECT_EQ(run.At("vG"), 38);
  EXPECT_THAT(run.Keys("w"), HasSubstr("no violation to explain"));
}

TEST(StepView, OfARunWithoutSteps) {
  Stepped run("policy full-mm\narch x86\ncpus 1\norder\n  rest\n");
  EXPECT_EQ(run.At("npGvt<>/x\nm5\nas"), -1);  // the schedule covers it
  EXPECT_EQ(run.At("q"), 0);
}

// --- The screen ---

TEST(StepView, HasLanesWhereTheyFit) {
  Stepped run(kMail);
  EXPECT_THAT(run.Keys("9\n", {80, 24}), HasSubstr("\n>    9  pte_clear(2) mapping 2"));
  EXPECT_THAT(run.Keys("", {50, 24}), HasSubstr("\n>    9  *  cpu0 pte_clear(2) mapping 2"));
  EXPECT_THAT(run.Keys("n", {50, 24}), HasSubstr("\n>   10  |* cpu1 mmap_read_lock"));
}

TEST(StepView, HasTheStateBesideTheStepsInAWideWindow) {
  Stepped run(kMail);
  const std::string screen = run.Keys("9\n", {160, 24});
  EXPECT_THAT(screen, HasSubstr("| page 2  *PTE none (was 2->f4 wa)"));
}

// Exactly the window, whatever it is.
void ExpectFits(StepView& view, WindowSize size) {
  const Screen screen = view.Draw(size);
  ASSERT_EQ(screen.size(), static_cast<size_t>(size.rows));
  for (const ScreenLine& line : screen) {
    ASSERT_LE(line.width(), static_cast<size_t>(size.columns)) << line.Plain();
  }
}

TEST(StepView, FitsEveryWindow) {
  Random random(9);
  const WindowSize sizes[] = {{80, 24},  {40, 8}, {57, 13}, {139, 30}, {140, 9},
                              {300, 90}, {1, 1},  {39, 7},  {2, 50},   {200, 2}};
  const std::string keys = "nnnn>>a/p\nmvtw  bbqs   qGpp<<?  qg 5\n";
  for (int i = 0; i < 20; ++i) {
    ScheduleFile file;
    file.schedule = RandomSchedule(random);
    file.policy = i % 2 == 0 ? "own-range" : "sync-before-dec";
    file.arch = i % 4 < 2 ? "x86" : "arm64";
    file.intent = "\033[31m\xc3\xa9";
    SCOPED_TRACE(PrintText(file));
    Stepped run(file);
    run.no_return.known = NoReturn::Known::kNo;
    for (const char key : keys) {
      run.view->Press(key);
      for (const WindowSize size : sizes) ASSERT_NO_FATAL_FAILURE(ExpectFits(*run.view, size));
    }
  }
}

TEST(Scrolled, KeepsWhatChangedInView) {
  Screen lines;
  for (int i = 0; i < 30; ++i) lines.emplace_back(i == 20 ? "x  *y" : std::to_string(i));
  int from = 0;
  EXPECT_THAT(PlainText(Scrolled(lines, {80, 10}, from)), HasSubstr("x  *y\nlines 13 to 21 of 30"));
  from = 1;  // scrolled by hand
  EXPECT_THAT(PlainText(Scrolled(lines, {80, 10}, from)), StartsWith("1\n2\n"));
  from = 1000;
  Scrolled(lines, {80, 10}, from);
  EXPECT_EQ(from, 21);
}

TEST(LinesOf, BreaksWhatDoesNotFit) {
  const std::vector<Fact> facts = {{"gather", "cpu0", "of 1..3: empty", "of 1..3: 1..2 levels"},
                                   {"gather", "cpu1", "of 4..5: empty", "of 4..5: empty"},
                                   {"page 1", "PTE", "none", "none"}};
  EXPECT_EQ(PlainText(LinesOf(facts, 40)),
            "gather  *cpu0 of 1..3: empty (was of\n"
            "        1..3: 1..2 levels)\n"
            "        cpu1 of 4..5: empty\n"
            "page 1  PTE none\n");
}

TEST(ScreenLine, IsCutAndCleaned) {
  ScreenLine line("abc\033\n\xc3", Style::kBold);
  line.Add("def", Style::kBad);
  EXPECT_EQ(line.Plain(), "abc???def");
  EXPECT_EQ(line.Ansi(true), "\033[0;1mabc???\033[0;1;31mdef\033[0m");
  EXPECT_EQ(line.Ansi(false), "\033[0;1mabc???\033[0;1mdef\033[0m");
  line.CutAt(6);
  EXPECT_EQ(line.Plain(), "abc?\?>");
}

// --- What terminals send ---

std::vector<int> KeysOf(std::string bytes) {
  std::vector<int> keys;
  while (!bytes.empty()) keys.push_back(TakeKey(bytes));
  return keys;
}

TEST(TakeKey, KnowsTheSequencesOfTerminals) {
  EXPECT_THAT(KeysOf("a\r\n\b\177"), ElementsAre('a', kEnter, kEnter, kBackspace, kBackspace));
  EXPECT_THAT(KeysOf("\033[A\033OB\033[1;5C\033[D"), ElementsAre(kUp, kDown, kRight, kLeft));
  EXPECT_THAT(KeysOf("\033[H\033[1~\033[7~\033OH"), ElementsAre(kHome, kHome, kHome, kHome));
  EXPECT_THAT(KeysOf("\033[F\033[4~\033[8~"), ElementsAre(kEnd, kEnd, kEnd));
  EXPECT_THAT(KeysOf("\033[5~\033[6~"), ElementsAre(kPageUp, kPageDown));
}

TEST(TakeKey, TakesNothingElseForAKey) {
  EXPECT_THAT(KeysOf("\033[3~\033[200~\033[Zq"), ElementsAre(kNoKey, kNoKey, kNoKey, 'q'));
  EXPECT_THAT(KeysOf("\033"), ElementsAre(kEscape));
  EXPECT_THAT(KeysOf("\033x"), ElementsAre(kEscape, 'x'));
  EXPECT_THAT(KeysOf("\033[12"), ElementsAre(kNoKey));  // the rest never came
  EXPECT_THAT(KeysOf("\377"), ElementsAre(255));
}

}  // namespace
}  // namespace gatherfuzz
