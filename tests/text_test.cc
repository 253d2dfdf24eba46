// The text form of a schedule: what it says, that it comes back as it was written, and where and
// how it is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
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

using ::testing::HasSubstr;
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
  rest random 4294967295
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
  EXPECT_EQ(schedule.tail, (Tail{Tail::Kind::kRandom, 4294967295u}));
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

TEST(Text, AHeaderAloneIsTheDefaultSchedule) {
  EXPECT_TRUE(Parsed("gatherfuzz 1") == ScheduleFile{});
  const Schedule schedule = ScheduleOf("order\n");
  EXPECT_EQ(schedule.cpus, 2);
  EXPECT_EQ(schedule.batch, kDefaultBatch);
  EXPECT_EQ(schedule.tail, Tail{});
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
  const Schedule plain = ScheduleOf("cpus 3\ncpu2\n  read 1\norder\n  cpu2 3\n  rest random 7\n");
  EXPECT_EQ(ScheduleOf("# a comment\n\n \t \ncpus\t3   # three\n#\ncpu2 # its program\n"
                       "\tread 1 # one page\norder #\ncpu2 3 # steps\n\n"
                       "  rest random 7 # seed\n# the end\n"),
            plain);
  EXPECT_EQ(Parsed("# comment first\n\ngatherfuzz 1 # version\ncpus 3\ncpu2\nread 1\norder\n"
                   "cpu2 3\nrest random 7")
                .schedule,
            plain);
}

TEST(Text, AHashAndANumberIsAnOccurrence) {
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

TEST(Text, IntentKeepsItsHashes) {
  EXPECT_EQ(Parsed("gatherfuzz 1\nintent  bug #3 # of ten \t\n").intent, "bug #3 # of ten");
}

TEST(Text, LineEndsOfWindowsAndAMissingLastOneMeanTheSame) {
  const ScheduleFile file = Parsed(kMailRace);
  EXPECT_TRUE(Parsed(WithCrLf(kMailRace)) == file);
  EXPECT_TRUE(Parsed(kMailRace.substr(0, kMailRace.size() - 1)) == file);
}

TEST(Text, LongLinesAreLines) {
  const std::string blanks(200000, ' ');
  EXPECT_EQ(ScheduleOf("# " + std::string(200000, 'x') + "\ncpus" + blanks + "3\n").cpus, 3);
  EXPECT_EQ(ErrorOf("gatherfuzz 1\n" + blanks + "cpux"),
            "2:200001: expected cpuN or walkN with a number below 2 ('cpus' says how many)");
  EXPECT_EQ(ErrorOf("gatherfuzz 1\norder\ncpu" + std::string(100000, '0') + "9 1\n"),
            "3:1: expected rest, or cpuN, walkN or invN with a number below 2 "
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
  EXPECT_EQ(ErrorOf("gatherfuzz 1\0"sv), "1:12: expected the version of the format, 1 to 1");
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
      {"intent, cpus, policy, arch, batch, expect, init, a program (cpu0) or order",
       {"^speed 2", "^gatherfuzz 1", "^map 0..4 rw", "^read 1", "^rest", "^inv0"}},
      {"a sentence that says what the schedule is for", {"intent^", "intent^ \t "}},
      {"a number of CPUs, 1 to 8",
       {"cpus^", "cpus   ^# two", "cpus ^0", "cpus ^9", "cpus ^-1", "cpus ^+1", "cpus ^2x",
        "cpus ^2#two", "cpus ^0x2", "cpus ^18446744073709551618", "cpus ^4294967298"}},
      {"the end of the line",
       {"cpus 2 ^3", "batch 2 ^pages", "policy own-range ^full-mm", "arch\tx86\t^arm64",
        "expect none ^either", "init ^1", "init\n  map 0..4 rw huge ^huge",
        "init\n  present 0..4 dirty ^rw", "init\n  cached cpu1 0..4 ^dirty", "cpu0 ^read 1",
        "cpu0\n  read 1 ^2", "cpu0\n  munmap 0..4 ^rw", "order ^now", "order\n  cpu0 3 ^#2",
        "order\n  cpu0 until done ^#2", "order\n  cpu0 until pte_clear ^(2)",
        "order\n  cpu0 until pte_clear(2) #3 ^4", "order\n  rest random 1 ^2"}},
      {"a number of pages, 1 to 8", {"batch ^0", "batch ^9"}},
      {"map, present, cached, a program (cpu0) or order",
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
      {"'dirty' or the end of the line", {"init\n  present 0..4 ^huge"}},
      {"cpuN with a number below 2 ('cpus' says how many)",
       {"init\n  cached ^0..4", "init\n  cached ^cpu2 0..4", "init\n  cached ^walk0 0..4"}},
      {"one program for each agent; cpu0 has one already", {"cpu0\nread 1\n^cpu0"}},
      {"one program for each agent; walk1 has one already", {"walk1\n^walk1"}},
      {"map, munmap, dontneed, free, read, write, another program or order",
       {"cpu0\n  ^unmap 0..4", "cpu0\n  ^fill 0", "cpu0\n  ^inv0",
        "cpu0\nmap 0..4 rw\n^present 0..4", "cpu0\n^rest"}},
      {"fill PAGE, another program or order", {"walk0\n  ^read 0"}},
      {"a page, 0 to 63", {"walk0\n  fill ^0..4", "cpu0\n  read^", "cpu0\n  read ^64"}},
      {"rest, or cpuN, walkN or invN with a number below 2 ('cpus' says how many)",
       {"order\n  ^cpu2 1", "order\n  ^inv2 1", "order\n  ^dma0 1", "order\n  ^cpu 1",
        "order\n  ^#1 read it first", "order\n^init", "order\n^order"}},
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
      {"'random SEED' or the end of the line", {"order\n  rest ^now"}},
      {"a seed, 0 to 4294967295",
       {"order\n  rest random^", "order\n  rest random ^4294967296", "order\n  rest random ^-1"}},
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
  EXPECT_EQ(ErrorOf("gatherfuzz"), "1:11: expected the version of the format, 1 to 1");
  EXPECT_EQ(ErrorOf("gatherfuzz 2"), "1:12: expected the version of the format, 1 to 1");
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
  for (const auto& known : kViolations) EXPECT_THAT(verdict, HasSubstr(std::string(known.name)));
  for (const OpInfo& op : kOps) {
    const std::string agent = op.agent == AgentKind::kCpu ? "cpu0" : "walk0";
    EXPECT_THAT(ErrorOf("gatherfuzz 1\n" + agent + "\n?\n"), HasSubstr(op.name));
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

// --- How an error is shown ---

TEST(Text, AnErrorStandsAboveACaret) {
  const auto parsed = ParseText("gatherfuzz 1\norder\n  cpu0 until pte_clea(2)  # typo\r\n");
  EXPECT_EQ(FormatError("dir/a.gather", std::get<TextError>(parsed)),
            "dir/a.gather:3:14: expected 'done', or the name of a step "
            "(docs/schedule-format.md lists them)\n"
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

// --- Text or bytes ---

TEST(Text, LooksLikeTextIfItBeginsAsOneOrIsPrintable) {
  EXPECT_TRUE(LooksLikeText("gatherfuzz 1\n"));
  EXPECT_TRUE(LooksLikeText(kMailRace));
  EXPECT_TRUE(LooksLikeText(WithCrLf(kMailRace)));
  EXPECT_TRUE(LooksLikeText("# comment: \x01\xff\n#\n \t\r\n  gatherfuzz 1"));
  // Somebody's text without its first line is to be refused as text, not run as bytes.
  EXPECT_TRUE(LooksLikeText("cpus 2\norder\n\tcpu0 1\r\n"));
  EXPECT_TRUE(LooksLikeText("gatherfuzz 1\nintent na\xc3\xafve\n"));
}

TEST(Text, BytesDoNotLookLikeText) {
  EXPECT_FALSE(LooksLikeText(""));
  EXPECT_FALSE(LooksLikeText("#"));
  EXPECT_FALSE(LooksLikeText("abcd\n"));
  EXPECT_FALSE(LooksLikeText("sixteen letters."));
  EXPECT_FALSE(LooksLikeText("cpus 2\norder\n\x7f"));
  EXPECT_FALSE(LooksLikeText(std::string_view("\0gatherfuzz 1\n", 14)));
  Random random(1);
  for (int i = 0; i < 200; ++i) {
    const EncodedBytes bytes = EncodeBytes(RandomFile(random).schedule);
    ASSERT_FALSE(LooksLikeText({reinterpret_cast<const char*>(bytes.begin()), bytes.size()}));
  }
}

}  // namespace
}  // namespace gatherfuzz
