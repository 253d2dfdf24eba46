// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A text that is not a schedule: where and how it is refused, and how that is shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "harness/text.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// "LINE:COLUMN: expected WHAT", or "parsed".
std::string ErrorOf(std::string_view text) {
  const auto parsed = ParseText(text);
  const auto* const error = std::get_if<TextError>(&parsed);
  if (error == nullptr) return "parsed";
  return std::to_string(error->line) + ":" + std::to_string(error->column) + ": expected " +
         error->expected;
}

std::string Repeated(std::string_view text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

std::string WithCrLf(std::string_view text) {
  std::string all;
  for (const char c : text) all += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return all;
}

// --- What is refused, where, and what should have stood there ---

// Texts that are refused where '^' stands, by what should have stood there. Each begins at the
// second line, below "gatherfuzz 1".
struct Malformed {
  std::string expected;
  std::vector<std::string_view> texts;
};

const std::vector<Malformed>& MalformedTexts() {
  static const auto* const kTexts = new std::vector<Malformed>{
      {"cpuN or walkN with a number below 2 ('cpus' says how many)",
       {"\n  ^cpuss 2", "^cpu2", "^cpu", "^cpu-1", "^cpu1x", "^cpu4294967296", "^walk2"}},
      {"intent, cpus, policy, variant, arch, batch, kernel, hardware, memory, asids, rcu, weaken, "
       "strengthen, "
       "expect, init, a program (cpu0) or order",
       {"^speed 2", "^gatherfuzz 1", "^map 0..4 rw", "^read 1", "^rest", "^inv0"}},
      {"a sentence that says what the schedule is for", {"intent^", "intent^ \t "}},
      {"a number of CPUs, 1 to 8",
       {"cpus^", "cpus   ^# two", "cpus ^0", "cpus ^9", "cpus ^-1", "cpus ^+1", "cpus ^2x",
        "cpus ^2#two", "cpus ^0x2", "cpus ^18446744073709551618", "cpus ^4294967298"}},
      {"the end of the line",
       {"cpus 2 ^3", "batch 2 ^pages", "policy own-range ^full-mm", "arch\tx86\t^arm64", "init ^1",
        "init\n  map 0..4 rw huge ^huge", "init\n  present 0..4 dirty ^rw",
        "init\n  cached cpu1 0..4 ^dirty", "cpu0 ^read 1", "cpu0\n  read 1 ^2",
        "cpu0\n  munmap 0..4 ^rw", "order ^now", "order\n  cpu0 until pte_clear ^(2)",
        "order\n  cpu0 until pte_clear(2) #3 ^4", "order\n  rest runs 1 ^2"}},
      {"'under' and policies, or the end of the line",
       {"expect none ^either", "expect none ^full-mm under"}},
      {"the name of a policy",
       {"expect none under^", "expect none under ^# whom?", "expect none under own-range ^full,mm",
        "expect none under ^own-range:"}},
      {"one verdict for each policy; full-mm has one already",
       {"expect none under full-mm ^full-mm",
        "expect deadlock under a full-mm\nexpect none under b ^full-mm c"}},
      {"another policy; of the file's own, 'expect none' alone says it",
       {"policy full-mm\nexpect none under own-range ^full-mm"}},
      {"a policy that no line 'expect ... under' is about",
       {"expect none under full-mm\npolicy ^full-mm"}},
      {"a number of pages, 1 to 8", {"batch ^0", "batch ^9"}},
      {"map, pfnmap, present, folio, cached, a program (cpu0) or order",
       {"init\n  ^mapp 0..4 rw", "init\n^cpus 2", "init\n^read 1"}},
      {"a range of pages BEGIN..END, 0 <= BEGIN < END <= 64",
       {"init\n  map^", "init\n  map ^4", "init\n  map ^0..", "init\n  map ^..4",
        "init\n  map ^0...4", "init\n  map ^0-4", "init\n  map ^0 .. 4", "init\n  map ^2..2 r",
        "init\n  map ^3..2 r", "init\n  map ^60..65 r", "init\n  map ^-1..2 r",
        "init\n  present ^0..65", "init\n  cached cpu1^", "cpu0\n  munmap ^7"}},
      {"r or rw, and then perhaps huge",
       {"init\n  map 0..4^", "init\n  map 0..4 ^w", "init\n  map 0..4 ^huge", "cpu0\n  map 0..4^"}},
      {"'huge' or the end of the line",
       {"init\n  map 0..4 rw ^hugh", "init\n  map 0..4 rw ^dirty"}},
      {"'dirty' or the end of the line",
       {"init\n  present 0..4 ^huge", "init\n  folio 0..4 ^huge"}},
      {"one folio at most",
       {"init\n  folio 0..2\n  folio 2..3^", "init\n  folio 0..2 dirty\n  folio 4..5^ dirty"}},
      {"a folio of one page table: up to page 4 at most",
       {"init\n  folio 2..5^", "init\n  folio 0..8^ dirty"}},
      {"cpuN with a number below 2 ('cpus' says how many)",
       {"init\n  cached ^0..4", "init\n  cached ^cpu2 0..4", "init\n  cached ^walk0 0..4"}},
      {"one program for each agent; cpu0 has one already", {"cpu0\nread 1\n^cpu0"}},
      {"one program for each agent; walk1 has one already", {"walk1\n^walk1"}},
      {"map, munmap, dontneed, free, read, write, reclaim, swapout, protect, uffdwp, cleardirty, "
       "numa, reap, switch, idle, wake, remap, exit, fork, migrate, ksm, pin, revoke, unshare, "
       "othermunmap, leave, forkpart, another program or "
       "order",
       {"cpu0\n  ^unmap 0..4", "cpu0\n  ^fill 0", "cpu0\n  ^inv0",
        "cpu0\nmap 0..4 rw\n^present 0..4", "cpu0\n^rest"}},
      {"an operation of kernel 6.12; 'guard' takes a line 'kernel 6.17' above, or a later version",
       {"cpu0\n  ^guard 0..4"}},
      {"no 'memory weak' on riscv, of which only 'memory sc', the default, is modelled",
       {"arch riscv\nmemory ^weak", "memory weak\narch ^riscv"}},
      {"fill, another program or order", {"walk0\n  ^read 0"}},
      {"a page, 0 to 63", {"walk0\n  fill ^0..4", "cpu0\n  read^", "cpu0\n  read ^64"}},
      {"rest, or cpuN, walkN, invN or lateN with a number below 2 ('cpus' says how many)",
       {"order\n  ^cpu2 1", "order\n  ^inv2 1", "order\n  ^dma0 1", "order\n  ^cpu 1",
        "order\n^init", "order\n^order"}},
      {"'until', or a number of steps, 1 to 65535",
       {"order\n  cpu0^", "order\n  cpu0 ^0", "order\n  cpu0 ^65536", "order\n  cpu0 ^forever",
        "order\ncpu0^\n"}},
      {"'done', or the name of a step (docs/schedule-format.md lists them)",
       {"order\n  cpu0 until^", "order\n  cpu0 until  ^# when?", "order\n  cpu0 until ^finished",
        "order\n  cpu0 until ^(2)", "order\n  cpu0 until ^#2", "order\n  cpu0 until ^done(2)"}},
      {"a page in parentheses, 0 to 63",
       {"order\n  cpu0 until pte_clear^()", "order\n  cpu0 until pte_clear^(2",
        "order\n  cpu0 until pte_clear^(", "order\n  cpu0 until pte_clear^(64)",
        "order\n  cpu0 until pte_clear^(2)#3"}},
      {"no page: this step is not about one", {"order\n  cpu0 until pending_inc^(2)"}},
      {"#1 to #255",
       {"order\n  cpu0 until pte_clear(2) ^#0", "order\n  cpu0 until pte_clear(2) ^#256",
        "order\n  cpu0 until pte_clear(2) ^#3rd"}},
      {"the end of the line, or a seed after runs, uniform, pct, pos, surw or landmark",
       {"order\n  rest ^now"}},
      {"a seed, 0 to 4294967295",
       {"order\n  rest runs^", "order\n  rest uniform ^4294967296", "order\n  rest random ^-1"}},
      {"one 'cpus' line only", {"cpus 2\n^cpus 3", "cpus 2\nbatch 3\n  ^cpus 2"}},
      {"one 'policy' line only", {"policy full-mm\n^policy full-mm"}},
      {"one 'arch' line only", {"arch x86\ncpus 2\n^arch arm64"}},
      {"one 'batch' line only", {"batch 1\n^batch 4"}},
      {"one 'expect' line only",
       {"expect none\n^expect", "expect none\n\t^expect deadlock",
        "expect none\n^expect none full-mm under"}},
      {"'init' before the programs", {"cpu0\n  ^init"}},
      {"nothing after 'rest'", {"order\nrest\n\n  ^cpu0 1", "order\nrest\n^rest"}},
  };
  return *kTexts;
}

// "LINE:COLUMN: expected ...", as ErrorOf says it, for the place of '^'; takes '^' out of `text`.
std::string TakeError(std::string& text, std::string_view expected) {
  const size_t at = text.find('^');
  text.erase(at, 1);
  const size_t line_begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  return std::to_string(1 + std::count(text.begin(), text.begin() + line_begin, '\n')) + ":" +
         std::to_string(1 + at - line_begin) + ": expected " + std::string(expected);
}

TEST(Text, RefusesAndSaysWhereAndWhatItExpected) {
  for (const auto& [expected, texts] : MalformedTexts()) {
    for (const std::string_view lines : texts) {
      std::string text = "gatherfuzz 1\n" + std::string(lines);
      const std::string error = TakeError(text, expected);
      EXPECT_EQ(ErrorOf(text), error) << text;
      EXPECT_EQ(ErrorOf(text + "\n?\n"), error) << "what follows has no say in it: " << text;
      EXPECT_EQ(ErrorOf(WithCrLf(text + "\n")), error) << "with CRLF: " << text;
    }
  }
}

TEST(Text, RefusesWhatDoesNotBeginWithTheVersion) {
  constexpr std::string_view kFirst = "expected 'gatherfuzz 1' on the first line";
  EXPECT_THAT(ErrorOf(""), StartsWith("1:1: " + std::string(kFirst)));
  EXPECT_THAT(ErrorOf("# nothing else"), StartsWith("1:1: " + std::string(kFirst)));
  EXPECT_THAT(ErrorOf("\ncpus 2\n"), StartsWith("2:1: " + std::string(kFirst)));
  EXPECT_THAT(ErrorOf("gatherfuzz1\n"), StartsWith("1:1: " + std::string(kFirst)));
  EXPECT_EQ(ErrorOf("gatherfuzz"), "1:11: expected '1', the version of the format that is read");
  EXPECT_EQ(ErrorOf("gatherfuzz 2"), "1:12: expected '1', the version of the format that is read");
  EXPECT_EQ(ErrorOf("gatherfuzz 1 cpus 2"), "1:14: expected the end of the line");
}

TEST(Text, RefusesAnUnknownNameWithAllThatAreKnown) {
  const std::string policy = ErrorOf("gatherfuzz 1\npolicy own_range\n");
  EXPECT_THAT(policy, StartsWith("2:8: expected a policy: "));
  for (const Policy* known : Policies()) EXPECT_THAT(policy, HasSubstr(std::string(known->name())));
  const std::string arch = ErrorOf("gatherfuzz 1\narch\n");
  EXPECT_THAT(arch, StartsWith("2:5: expected an architecture: "));
  for (const Arch* known : Archs()) EXPECT_THAT(arch, HasSubstr(std::string(known->name())));
  const std::string verdict = ErrorOf("gatherfuzz 1\nexpect clean\n");
  EXPECT_THAT(verdict, StartsWith("2:8: expected a verdict: none, "));
  EXPECT_EQ(ErrorOf("gatherfuzz 1\nexpect clean under full-mm\n"), verdict);
  for (const auto& known : kViolations) EXPECT_THAT(verdict, HasSubstr(std::string(known.name)));
  EXPECT_THAT(
      ErrorOf("gatherfuzz 1\nkernel 5.1\n"),
      StartsWith(
          "2:8: expected a kernel version: 6.1, 6.12, 6.12+vma, 6.17, 6.17+vma, 7.1 or 7.1+vma"));
  EXPECT_THAT(ErrorOf("gatherfuzz 1\nhardware pti\n"),
              StartsWith("2:10: expected hardware: plain, tce, faults or invlpgb"));
  EXPECT_THAT(ErrorOf("gatherfuzz 1\nvariant z0\n"),
              StartsWith("2:9: expected a variant: z1, z2, z3, z4, "));
  EXPECT_THAT(ErrorOf("gatherfuzz 1\nvariant z4 broken\n"),
              StartsWith("2:12: expected 'fixed' or the end of the line"));
  for (const OpInfo& op : kOps) {
    const std::string agent = op.agent == AgentKind::kCpu ? "cpu0" : "walk0";
    EXPECT_THAT(ErrorOf("gatherfuzz 1\nkernel 7.1\n" + agent + "\n?\n"), HasSubstr(op.name));
  }
}

TEST(Text, TakesAsManyLinesAsAScheduleHoldsAndRefusesTheNext) {
  const std::string init = "gatherfuzz 1\ninit\n" + Repeated("  map 0..1 r\n", kMaxInit);
  EXPECT_EQ(ErrorOf(init), "parsed");
  EXPECT_EQ(ErrorOf(init + "  map 0..1 r\n"), "35:3: expected at most 32 lines of init");
  const std::string program = "gatherfuzz 1\ncpu0\n" + Repeated("  read 1\n", kMaxOps);
  EXPECT_EQ(ErrorOf(program), "parsed");
  EXPECT_EQ(ErrorOf(program + "walk0\n  fill 1\n"),
            "68:3: expected at most 64 operations in all programs");
  const std::string order = "gatherfuzz 1\norder\n" + Repeated("  cpu0 1\n", kMaxRuns);
  EXPECT_EQ(ErrorOf(order + "rest\n"), "parsed");
  EXPECT_EQ(ErrorOf(order + "  cpu0 1\n"), "515:3: expected at most 512 lines of order");
}

// What was most likely meant, of each kind of name; '^' as above.
TEST(Text, SaysWhichNameWasMeant) {
  const std::vector<std::pair<std::string_view, std::string_view>> texts = {
      {"cpu 2", "cpus"},
      {"cpuss 2", "cpus"},
      {"cpu2", ""},
      {"polcy full-mm", "policy"},
      {"policy fullmm", "full-mm"},
      {"policy mine", ""},
      {"arch amr64", "arm64"},
      {"expect deadlocks", "deadlock"},
      {"init\n  mapp 0..4 rw", "map"},
      {"cpu0\n  unmap 0..4", "munmap"},
      {"cpu0\n  odrer", "order"},
      {"order\n  cpu0 until dnoe", "done"},
      {"order\n  cpu0 until pte_cleer(2)", "pte_clear"},
      {"order\n  rest landmrk 1", "landmark"},
  };
  for (const auto& [lines, meant] : texts) {
    const auto parsed = ParseText("gatherfuzz 1\n" + std::string(lines));
    ASSERT_TRUE(std::holds_alternative<TextError>(parsed)) << lines;
    EXPECT_EQ(std::get<TextError>(parsed).meant, meant) << lines;
  }
}

// --- What is read, and most likely not meant ---

TEST(Text, WarnsOfLinesOfInitThatAreIgnored) {
  TextNotes notes;
  const auto parsed = ParseText(R"(gatherfuzz 1
init
  map 0..4 rw
  map 2..6 rw
  present 1..4
  present 3..5
  present 8..10
  cached cpu1 20..30
  cached cpu1 12..14
  cached cpu0 0..4
order

  cpu0 1
  cpu1 until done  # of no program
  rest
)",
                                &notes);
  ASSERT_TRUE(std::holds_alternative<ScheduleFile>(parsed));
  std::vector<std::string> warnings;
  for (const auto& [line, text] : notes.warnings) {
    warnings.push_back(std::to_string(line) + ": " + text);
  }
  EXPECT_THAT(
      warnings,
      ElementsAre("4: this map overlaps an earlier one, so it is ignored",
                  "6: this is partly outside of every map, so nothing is populated on page 4",
                  "7: this is outside of every map, so nothing is populated",
                  "8: this is outside of every map, so there is nothing to cache",
                  "15: there is no program with an operation, so nothing runs"));
  EXPECT_THAT(notes.order_lines, ElementsAre(13, 14));
}

// --- How an error is shown ---

TEST(Text, AnErrorStandsAboveACaret) {
  const auto parsed = ParseText("gatherfuzz 1\norder\n  cpu0 until pte_clea(2)  # typo\r\n");
  EXPECT_EQ(FormatError("dir/a.gather", std::get<TextError>(parsed)),
            "dir/a.gather:3:14: expected 'done', or the name of a step "
            "(docs/schedule-format.md lists them); did you mean 'pte_clear'?\n"
            "    cpu0 until pte_clea(2)  # typo\n"
            "               ^");
}

TEST(Text, TheCaretKeepsTheTabsOfItsLine) {
  const auto parsed = ParseText("gatherfuzz 1\ncpu0\n\tread\t\t64\n");
  EXPECT_EQ(FormatError("f", std::get<TextError>(parsed)),
            "f:3:8: expected a page, 0 to 63\n"
            "  \tread\t\t64\n"
            "  \t    \t\t^");
}

TEST(Text, TheCaretMayStandAfterTheLine) {
  const auto parsed = ParseText("gatherfuzz 1\ncpus\n");
  EXPECT_EQ(FormatError("f", std::get<TextError>(parsed)),
            "f:2:5: expected a number of CPUs, 1 to 8\n"
            "  cpus\n"
            "      ^");
}

}  // namespace
}  // namespace gatherfuzz
