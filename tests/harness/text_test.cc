// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The text form of a schedule: what it says, and that it comes back as it was written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "harness/bytes.h"
#include "harness/random.h"
#include "harness/text.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

using ::testing::StartsWith;

using OrderLine = Run;  // the name Run is taken inside of a test

constexpr std::string_view kMailRace = R"(gatherfuzz 1
intent The race of the 2019 mail: CPU 1 sees PTE 2 empty.
intent It returns before CPU 0 flushes it.
cpus 2
policy own-range
arch x86
batch 3
expect stale-after-return
expect none under full-mm
expect stale-after-return under full-mm-leaf linux@6.12
expect deadlock under no-such_Policy.2 sync-before-dec

init
  map 0..4 rw huge
  present 1..4 dirty
  cached cpu1 2..3

cpu0
  dontneed 1..3
  map 8..9 r
  read 7

cpu1
  munmap 2..4
  free 0..64
  write 63

walk1
  fill 2

order
  cpu0 until pte_clear(2) #2
  cpu0 until pending_inc
  inv1 65535
  cpu1 until done
  rest runs 4294967295
)";

// "LINE:COLUMN: expected WHAT", or "parsed".
std::string ErrorOf(std::string_view text) {
  const auto parsed = ParseText(text);
  const auto* const error = std::get_if<TextError>(&parsed);
  if (error == nullptr) return "parsed";
  return std::to_string(error->line) + ":" + std::to_string(error->column) + ": expected " +
         error->expected;
}

ScheduleFile Parsed(std::string_view text) {
  auto parsed = ParseText(text);
  if (const auto* const error = std::get_if<TextError>(&parsed)) {
    ADD_FAILURE() << FormatError("text", *error);
    return {};
  }
  return std::get<ScheduleFile>(parsed);
}

Schedule ScheduleOf(std::string_view lines) {
  return Parsed("gatherfuzz 1\n" + std::string(lines)).schedule;
}

std::string WithCrLf(std::string_view text) {
  std::string all;
  for (const char c : text) all += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return all;
}

// --- What is written is what was read ---

TEST(Text, EveryFormOfEveryLineIsPrintedAsItWasWritten) {
  EXPECT_EQ(PrintText(Parsed(kMailRace)), kMailRace);
}

TEST(Text, SaysWhatItMeans) {
  const ScheduleFile file = Parsed(kMailRace);
  EXPECT_EQ(file.intent,
            "The race of the 2019 mail: CPU 1 sees PTE 2 empty.\n"
            "It returns before CPU 0 flushes it.");
  EXPECT_EQ(file.policy, "own-range");
  EXPECT_EQ(file.arch, "x86");
  EXPECT_EQ(file.expect, ViolationKind::kStaleAfterReturn);
  EXPECT_EQ(file.expect_under, (ExpectUnder{{"full-mm", ViolationKind::kNone},
                                            {"full-mm-leaf", ViolationKind::kStaleAfterReturn},
                                            {"linux@6.12", ViolationKind::kStaleAfterReturn},
                                            {"no-such_Policy.2", ViolationKind::kDeadlock},
                                            {"sync-before-dec", ViolationKind::kDeadlock}}));
  const Schedule& schedule = file.schedule;
  EXPECT_EQ(schedule.batch, 3);
  EXPECT_EQ(schedule.init[0].flags, (VmaFlags{.write = true, .huge = true}));
  EXPECT_TRUE(schedule.init[1].dirty);
  EXPECT_EQ(schedule.init[2].cpu, MakeCpu(1));
  EXPECT_EQ(schedule.program[2],
            (ProgramLine{CpuAgent(MakeCpu(0)), {OpKind::kRead, PageRange{7, 8}, {}}}));
  EXPECT_EQ(schedule.program[6],
            (ProgramLine{WalkerAgent(MakeCpu(1)), {OpKind::kFill, PageRange{2, 3}, {}}}));
  EXPECT_EQ(schedule.order[0], (OrderLine{.kind = OrderLine::Kind::kUntilPoint,
                                          .agent = CpuAgent(MakeCpu(0)),
                                          .point = Point::pte_clear,
                                          .page = 2,
                                          .count = 2}));
  EXPECT_EQ(schedule.order[2], (OrderLine{.agent = DeliveryAgent(MakeCpu(1)), .count = 65535}));
  EXPECT_EQ(schedule.tail, (Tail{Tail::Kind::kRuns, 4294967295u}));
}

std::string RandomIntent(Random& random) {
  static constexpr std::string_view kWords[] = {"CPU",        "#3",   "# of",    "a\tb",
                                                "gatherfuzz", "rest", "\xc3\xa9"};
  std::string intent;
  for (uint32_t line = random.Below(4); line > 0; --line) {
    for (uint32_t word = 1 + random.Below(5); word > 0; --word) {
      intent += kWords[random.Below(std::size(kWords))];
      if (word > 1) intent += ' ';
    }
    if (line > 1) intent += '\n';
  }
  return intent;
}

ScheduleFile RandomFile(Random& random) {
  std::vector<uint8_t> bytes(random.Below(4) == 0 ? random.Below(3000) : random.Below(100));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next());
  ScheduleFile file;
  DecodeBytes(bytes, file.schedule);
  file.intent = RandomIntent(random);
  if (random.Below(2) == 0) file.policy = Policies()[random.Below(Policies().size())]->name();
  if (random.Below(2) == 0) file.arch = Archs()[random.Below(Archs().size())]->name();
  if (random.Below(2) == 0) file.expect = static_cast<ViolationKind>(random.Below(kViolationCount));
  for (uint32_t left = random.Below(4); left > 0; --left) {
    const std::string name(Policies()[random.Below(Policies().size())]->name());
    if (name == file.policy) continue;
    file.expect_under[name] = static_cast<ViolationKind>(random.Below(kViolationCount));
  }
  return file;
}

TEST(Text, RoundTripsRandomSchedules) {
  Random random(20190509);
  for (int i = 0; i < 3000; ++i) {
    const ScheduleFile file = RandomFile(random);
    const std::string text = PrintText(file);
    ASSERT_TRUE(Parsed(text) == file) << text;
    ASSERT_TRUE(LooksLikeText(text));
  }
}

TEST(Text, EveryPointAndViolationIsFoundByItsName) {
  for (int i = 0; i < kPointCount; ++i) {
    EXPECT_EQ(ParsePoint(kPoints[i].name), static_cast<Point>(i));
  }
  for (int i = 0; i < kViolationCount; ++i) {
    EXPECT_EQ(ParseViolationKind(kViolations[i].name), static_cast<ViolationKind>(i));
  }
  EXPECT_EQ(ParsePoint("pte_clea"), std::nullopt);
  EXPECT_EQ(ParsePoint(""), std::nullopt);
  EXPECT_EQ(ParseViolationKind("stale"), std::nullopt);
}

TEST(Text, PrintsOneLineOfAProgramOrOfTheOrder) {
  EXPECT_EQ(PrintOp({OpKind::kFill, PageRange{3, 4}, {}}), "fill 3");
  EXPECT_EQ(PrintRun({.agent = WalkerAgent(MakeCpu(3)), .count = 1}), "walk3 1");
  EXPECT_EQ(PrintRun({.kind = OrderLine::Kind::kUntilDone, .agent = CpuAgent(MakeCpu(0))}),
            "cpu0 until done");
}

// --- What may be left out, and what does not matter ---

TEST(Text, WhatIsExpectedUnderPoliciesStandsAnywhereInTheHead) {
  const ScheduleFile file = Parsed(
      "gatherfuzz 1\nexpect deadlock under b a # why\nexpect none\nexpect none under c\n"
      "expect deadlock\tunder d\ncpus 3\n");
  EXPECT_EQ(file.expect, ViolationKind::kNone);
  EXPECT_EQ(file.schedule.cpus, 3);
  EXPECT_EQ(file.expect_under, (ExpectUnder{{"a", ViolationKind::kDeadlock},
                                            {"b", ViolationKind::kDeadlock},
                                            {"c", ViolationKind::kNone},
                                            {"d", ViolationKind::kDeadlock}}));
}

TEST(Text, AHeaderAloneIsTheDefaultSchedule) {
  EXPECT_TRUE(Parsed("gatherfuzz 1") == ScheduleFile{});
  const Schedule schedule = ScheduleOf("order\n");
  EXPECT_EQ(schedule.cpus, 2);
  EXPECT_EQ(schedule.batch, kDefaultBatch);
  EXPECT_EQ(schedule.tail, Tail{});
}

TEST(Text, ATailMayLeaveOutChoicesThatCannotMatter) {
  EXPECT_EQ(ScheduleOf("order\nrest surw 5 joined\n").tail, (Tail{Tail::Kind::kSurw, 5, 0, true}));
  EXPECT_EQ(ScheduleOf("order\nrest pct 5 steps 9 joined\n").tail,
            (Tail{Tail::Kind::kPct, 5, 9, true}));
  const std::string text = PrintText({.schedule = ScheduleOf("order\nrest pos 5 joined\n")});
  EXPECT_NE(text.find("rest pos 5 joined\n"), std::string::npos) << text;
}

TEST(Text, HardwareStandsInTheHeadUnlessItIsPlain) {
  const Schedule tce = ScheduleOf("hardware tce\n");
  EXPECT_EQ(tce.hardware, HardwareKind::kTce);
  EXPECT_EQ(PrintText({.schedule = tce}), "gatherfuzz 1\ncpus 2\nhardware tce\n\norder\n  rest\n");
  EXPECT_EQ(ScheduleOf("hardware plain\n"), ScheduleOf(""));
}

TEST(Text, LinesOfOneMeaningAreEqualInAnyOrder) {
  EXPECT_EQ(ScheduleOf("init\ncached cpu0 0..1\npresent 0..2\nmap 0..4 r\nmap 8..9 r\n"
                       "walk0\nfill 1\ncpu1\nread 1\ncpu0\nread 2\nread 0\n"),
            ScheduleOf("init\nmap 0..4 r\nmap 8..9 r\npresent 0..2\ncached cpu0 0..1\n"
                       "cpu0\nread 2\nread 0\ncpu1\nread 1\nwalk0\nfill 1\n"));
  // The order of two maps is kept: the second has no effect where they overlap.
  EXPECT_FALSE(ScheduleOf("init\nmap 0..4 r\nmap 0..4 rw\n") ==
               ScheduleOf("init\nmap 0..4 rw\nmap 0..4 r\n"));
}

TEST(Text, CommentsBlanksAndEmptyLinesAreNothing) {
  const Schedule plain = ScheduleOf("cpus 3\ncpu2\n  read 1\norder\n  cpu2 3\n  rest runs 7\n");
  EXPECT_EQ(ScheduleOf("# a comment\n\n \t \ncpus\t3   # three\n#\ncpu2 # its program\n"
                       "\tread 1 # one page\norder #\ncpu2 3 # steps\n\n"
                       "  rest runs 7 # seed\n# the end\n"),
            plain);
  EXPECT_EQ(Parsed("# comment first\n\ngatherfuzz 1 # version\ncpus 3\ncpu2\nread 1\norder\n"
                   "cpu2 3\nrest runs 7")
                .schedule,
            plain);
}

// Schedules that are older than the name `runs`.
TEST(Text, TheTailRandomIsReadAsRuns) {
  const Schedule old = ScheduleOf("order\nrest random 7\n");
  EXPECT_EQ(old, ScheduleOf("order\nrest runs 7\n"));
  EXPECT_NE(old, ScheduleOf("order\nrest uniform 7\n"));
  EXPECT_THAT(PrintText({.schedule = old}), testing::EndsWith("  rest runs 7\n"));
}

TEST(Text, AHashAndANumberIsAnOccurrenceDirectlyAfterAPoint) {
  const Schedule schedule = ScheduleOf(
      "order\n"
      "cpu0 until pte_clear #3\n"
      "cpu0 until pte_clear(1) #255 # the last\n"
      "cpu0 until pte_clear(1) # 3 is a comment\n");
  EXPECT_EQ(schedule.order[0].count, 3);
  EXPECT_EQ(schedule.order[0].page, kNoPage);
  EXPECT_EQ(schedule.order[1].count, 255);
  EXPECT_EQ(schedule.order[2].count, 1);
}

TEST(Text, AHashAndANumberIsACommentElsewhere) {
  EXPECT_EQ(ScheduleOf("#1 of two\ncpus 3 #2\ninit #3\nmap 0..4 rw #4\ncpu2 #5\nread 1 #6\n"
                       "order #7\n #1 first\ncpu2 3 #2\ncpu2 until done #2\n"
                       "cpu2 until access(1) #2 #3\nrest runs 1 #2\n"),
            ScheduleOf("cpus 3\ninit\nmap 0..4 rw\ncpu2\nread 1\norder\ncpu2 3\n"
                       "cpu2 until done\ncpu2 until access(1) #2\nrest runs 1\n"));
  EXPECT_TRUE(Parsed("#1\n#2 comments\ngatherfuzz 1 #3\n") == ScheduleFile{});
}

TEST(Text, IntentKeepsItsHashes) {
  EXPECT_EQ(Parsed("gatherfuzz 1\nintent  bug #3 # of ten \t\n").intent, "bug #3 # of ten");
}

TEST(Text, LineEndsOfWindowsAndAMissingLastOneMeanTheSame) {
  const ScheduleFile file = Parsed(kMailRace);
  EXPECT_TRUE(Parsed(WithCrLf(kMailRace)) == file);
  EXPECT_TRUE(Parsed(kMailRace.substr(0, kMailRace.size() - 1)) == file);
}

TEST(Text, AByteOrderMarkAtTheStartIsSkipped) {
  EXPECT_TRUE(Parsed("\xef\xbb\xbf" + std::string(kMailRace)) == Parsed(kMailRace));
  EXPECT_EQ(ErrorOf("\xef\xbb\xbfgatherfuzz 2\n"),
            "1:12: expected '1', the version of the format that is read");
  // Anywhere else it is a word like others.
  EXPECT_THAT(ErrorOf("\xef\xbb\xbf\xef\xbb\xbfgatherfuzz 1\n"), StartsWith("1:1: expected"));
  EXPECT_THAT(ErrorOf("gatherfuzz 1\n\xef\xbb\xbf"
                      "cpus 2\n"),
              StartsWith("2:1: expected"));
}

TEST(Text, LongLinesAreLines) {
  const std::string blanks(200000, ' ');
  EXPECT_EQ(ScheduleOf("# " + std::string(200000, 'x') + "\ncpus" + blanks + "3\n").cpus, 3);
  EXPECT_EQ(ErrorOf("gatherfuzz 1\n" + blanks + "cpux"),
            "2:200001: expected cpuN or walkN with a number below 2 ('cpus' says how many)");
  EXPECT_EQ(ErrorOf("gatherfuzz 1\norder\ncpu" + std::string(100000, '0') + "9 1\n"),
            "3:1: expected rest, or cpuN, walkN, invN or lateN with a number below 2 "
            "('cpus' says how many)");
  const std::string comment = "gatherfuzz 1\n#";
  EXPECT_EQ(ErrorOf(comment + std::string((1 << 20) - comment.size(), 'x')), "parsed");
  EXPECT_EQ(ErrorOf(comment + std::string((1 << 20) - comment.size() + 1, 'x')),
            "1:1: expected a text of at most 1 MiB");
}

TEST(Text, AZeroByteEndsNothing) {
  using namespace std::string_view_literals;
  EXPECT_EQ(Parsed("gatherfuzz 1\nintent a\0b\ncpus 3\n"sv).intent, "a\0b"sv);
  EXPECT_EQ(Parsed("gatherfuzz 1\n# a\0b\ncpus 3\n"sv).schedule.cpus, 3);
  EXPECT_EQ(ErrorOf("gatherfuzz 1\ncpus 3\0\n"sv), "2:6: expected a number of CPUs, 1 to 8");
  EXPECT_EQ(ErrorOf("gatherfuzz 1\0"sv),
            "1:12: expected '1', the version of the format that is read");
}

// --- Text or bytes ---

TEST(Text, LooksLikeTextIfALineBeginsWithAWordOfTheForm) {
  EXPECT_TRUE(LooksLikeText("gatherfuzz 1\n"));
  EXPECT_TRUE(LooksLikeText("gatherfuzz"));
  EXPECT_TRUE(LooksLikeText(kMailRace));
  EXPECT_TRUE(LooksLikeText(WithCrLf(kMailRace)));
  EXPECT_TRUE(LooksLikeText("\xef\xbb\xbf" + std::string(kMailRace)));
  EXPECT_TRUE(LooksLikeText("# comment: \x01\xff\n#\n \t\r\n  gatherfuzz 1"));
  EXPECT_TRUE(LooksLikeText("gatherfuzz 1\nintent na\xc3\xafve\n"));
  // Somebody's text without its first line, or with a typing error in it, is to be refused as text
  // and not run as bytes.
  EXPECT_TRUE(LooksLikeText("cpus 2\norder\n\tcpu0 1\r\n"));
  EXPECT_TRUE(LooksLikeText("gatherfuz 1\n\n  init \n"));
  EXPECT_TRUE(LooksLikeText("gatherfuzz # 1\n"));
  EXPECT_FALSE(LooksLikeText("gatherfuzz tests what a kernel does\n")) << "a sentence";
  for (const std::string_view word :
       {"intent", "cpus", "policy", "arch", "batch", "expect", "init", "order", "cpu0"}) {
    EXPECT_TRUE(LooksLikeText(word));
    EXPECT_TRUE(LooksLikeText("\x80\x01\n \t" + std::string(word) + "\t?")) << word;
    EXPECT_FALSE(LooksLikeText("x " + std::string(word))) << "not at the beginning: " << word;
    EXPECT_FALSE(LooksLikeText(std::string(word) + "x")) << "not a word: " << word << "x";
  }
}

TEST(Text, BytesDoNotLookLikeText) {
  EXPECT_FALSE(LooksLikeText(""));
  EXPECT_FALSE(LooksLikeText("#"));
  EXPECT_FALSE(LooksLikeText("\xef\xbb\xbf"));
  EXPECT_FALSE(LooksLikeText("sixteen letters.\nand more of them\n"));
  EXPECT_FALSE(LooksLikeText("gatherfuzz1\n"));
  using namespace std::string_view_literals;
  EXPECT_FALSE(LooksLikeText("\0gatherfuzz 1\n"sv));
  EXPECT_FALSE(LooksLikeText("gatherfuzz 1\norder\n\0"sv));
  Random random(1);
  for (int i = 0; i < 200; ++i) {
    const EncodedBytes bytes = EncodeBytes(RandomFile(random).schedule);
    ASSERT_FALSE(LooksLikeText({reinterpret_cast<const char*>(bytes.begin()), bytes.size()}));
  }
}

}  // namespace
}  // namespace gatherfuzz
