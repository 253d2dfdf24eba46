// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The page: its bounds, its data, and that text from files is nothing but data. What its script
// makes of them is for page_browser.py.
#include "triage/tell/page/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/arch/arch.h"
#include "model/policies/policy.h"
#include "nlohmann/json.hpp"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using Json = nlohmann::json;

constexpr std::string_view kMail = R"(
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

// A run, its page, and the page's data.
struct Shown {
  explicit Shown(ScheduleFile given, std::string name = "name", std::string replay = "replay")
      : file(std::move(given)) {
    static Execution execution;
    const Policy& policy = *FindPolicy(file.policy);
    const Arch& arch = *FindArch(file.arch);
    trace = Record(execution, file.schedule, policy, arch);
    const std::atomic<bool> stop{false};
    if (!trace.result.clean()) {
      explanation = Explain(file.schedule, trace, policy, arch, {.limits = {.states = 1}}, stop);
    }
    page = PageOf({name, file, trace, trace.result.clean() ? nullptr : &explanation, replay});
    constexpr std::string_view kBegin = R"(id="data">)";
    const size_t begin = page.find(kBegin) + kBegin.size();
    text = page.substr(begin, page.find("</script>", begin) - begin);
    data = Json::parse(text);
  }
  explicit Shown(std::string_view schedule) : Shown(FromText(schedule)) {}

  ScheduleFile file;
  Trace trace;
  Explanation explanation;
  std::string page, text;
  Json data;
};

int Count(std::string_view text, std::string_view what) {
  int count = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
  return count;
}

// 64 operations of `pages` pages each on eight CPUs, in random order. Each VMA is `vma` pages long,
// and has a gather of its own.
ScheduleFile Long(int pages, int vma, OpKind kind) {
  ScheduleFile file;
  file.policy = "full-mm";
  file.arch = "arm64";
  Schedule& schedule = file.schedule;
  schedule.cpus = 8;
  for (int page = 0; page < kPages; page += vma) {
    schedule.init.push_back(
        {.kind = InitItem::Kind::kMap, .range = {page, page + vma}, .flags = {true}});
  }
  schedule.init.push_back({.kind = InitItem::Kind::kPresent, .range = {0, kPages}, .dirty = true});
  for (int c = 0; c < 8; ++c) {
    schedule.init.push_back(
        {.kind = InitItem::Kind::kCached, .range = {0, kPages}, .cpu = MakeCpu(c)});
  }
  for (int i = 0; i < static_cast<int>(kMaxOps); ++i) {
    const int begin = i * 5 % (kPages - pages + 1);
    schedule.program.push_back({CpuAgent(MakeCpu(i % 8)),
                                {i % 3 == 2 ? OpKind::kFree : kind, {begin, begin + pages}, {}}});
  }
  schedule.tail = {Tail::Kind::kRuns, 3, 0};
  Canonicalize(schedule);
  return file;
}

// --- The page as a file ---

TEST(PageOf, IsOneFileThatAsksForNothing) {
  const Shown shown(kMail);
  for (const char* left : {"STYLE", "SCRIPT", "DATA*/"}) {
    EXPECT_THAT(shown.page, Not(HasSubstr(left)));
  }
  EXPECT_THAT(shown.page, HasSubstr("default-src 'none'"));
  // The names of SVG and of the licences are all that looks like an address.
  EXPECT_EQ(Count(shown.page, "http"),
            Count(shown.page, "http://www.w3.org/2000/svg") + Count(shown.page, "http-equiv"));
  for (const char* loads : {"src=", "<link", "@import", "url(\"", "innerHTML", "eval("}) {
    EXPECT_THAT(shown.page, Not(HasSubstr(loads)));
  }
}

TEST(PageOf, IsTheSameEachTime) { EXPECT_EQ(Shown(kMail).page, Shown(kMail).page); }

// --- Text from files ---

TEST(PageOf, TakesHostileTextAsData) {
  const std::string hostile =
      "</script><script>alert(1)</script> <!-- <img src=x onerror=alert(2)> ]]> &lt; \"'\\ R\"(";
  ScheduleFile file = FromText(kMail);
  file.intent = hostile;
  const Shown shown(file, hostile, hostile);
  EXPECT_EQ(Count(shown.page, "<script"), 2);
  EXPECT_EQ(Count(shown.page, "</script"), 2);
  EXPECT_THAT(shown.text, Not(HasSubstr("<")));
  EXPECT_THAT(shown.text, Not(HasSubstr(">")));
  EXPECT_THAT(shown.text, Not(HasSubstr("&")));
  EXPECT_EQ(shown.data["intent"], hostile);
  EXPECT_EQ(shown.data["name"], hostile);
  EXPECT_EQ(shown.data["replay"], hostile);
  EXPECT_EQ(shown.data["text"], PrintText(shown.file));
}

TEST(PageOf, ReplacesWhatIsNotUtf8AndEscapesWhatIsNotAscii) {
  ScheduleFile file = FromText(kMail);
  file.intent = "a\xff\xc3(b \xe2\x80\xa8\xe2\x80\xa9 \xc3\xa9";
  const Shown shown(file);
  for (const char c : shown.text) ASSERT_TRUE(c >= ' ' && c <= '~') << int{c};
  EXPECT_EQ(shown.data["intent"], "a\xef\xbf\xbd\xef\xbf\xbd(b \xe2\x80\xa8\xe2\x80\xa9 \xc3\xa9");
}

// --- Its bound ---

TEST(PageOf, HasRoomForTwoThousandSteps) {
  const Shown shown(Long(12, 64, OpKind::kDontneed));
  EXPECT_GE(shown.trace.steps.size(), 2000u);
  EXPECT_EQ(shown.data["first"], 0);
  EXPECT_THAT(shown.data["steps"], SizeIs(shown.trace.steps.size()));
  EXPECT_LT(shown.page.size(), kMostPageBytes * 2 / 3);
  RecordProperty("bytes", static_cast<int>(shown.page.size()));
}

TEST(PageOf, ShowsTheEndOfARunThatIsTooLong) {
  const Shown shown(Long(64, 4, OpKind::kFree));
  EXPECT_LE(shown.page.size(), kMostPageBytes);
  EXPECT_GT(shown.page.size(), kMostPageBytes * 9 / 10) << shown.trace.steps.size();
  const size_t first = shown.data["first"];
  EXPECT_GT(first, 0u);
  EXPECT_EQ(shown.data["total"], shown.trace.steps.size());
  EXPECT_EQ(first + shown.data["steps"].size(), shown.trace.steps.size());
}

TEST(PageOf, CutsTextThatIsTooLong) {
  ScheduleFile file = FromText(kMail);
  file.intent = std::string(2'000'000, '<');
  const Shown shown(file, std::string(1'000'000, '\n'), std::string(1'000'000, 'x'));
  EXPECT_LE(shown.page.size(), kMostPageBytes);
  EXPECT_EQ(shown.data["first"], 0);
  EXPECT_THAT(shown.data["intent"].get<std::string>(), HasSubstr("cut here"));
  EXPECT_THAT(shown.data["text"].get<std::string>(), HasSubstr("cut here"));
}

// --- Its data ---

// The cells of a page after each step, read as its script reads them.
class Cells {
 public:
  explicit Cells(const Json& data) : data_(data) { Take(data["start"], 0); }
  void Step(size_t k) { Take(data_["steps"][k], 5); }
  uint32_t operator()(const std::string& name, size_t k) const {
    const auto cell = cells_.find(name);
    return cell != cells_.end() && k < cell->second.size() ? cell->second[k].get<uint32_t>() : 0;
  }

 private:
  void Take(const Json& list, size_t from) {
    for (size_t i = from; i < list.size(); i += 2) {
      cells_[data_["cells"][list[i].get<size_t>()]] = data_["values"][list[i + 1].get<size_t>()];
    }
  }
  const Json& data_;
  std::map<std::string, Json> cells_;
};

class Worlds final : public StepObserver {
 public:
  void OnStep(const StepEvent&, const World& before) override { list.push_back(before); }
  std::vector<World> list;
};

void ExpectSame(const Cells& cell, const World& world, const Json& pages) {
  const auto at = [](const char* what, int i) { return what + std::to_string(i); };
  EXPECT_EQ(cell("pending", 0), world.mm.tlb_flush_pending);
  EXPECT_EQ(cell("mmap", 0), world.mm.mmap_writer);
  EXPECT_EQ(cell("mmap", 1), world.mm.mmap_readers);
  for (int f = 0; f < kFrames; ++f) {
    EXPECT_EQ(cell(at("frame.", f), 0), static_cast<uint32_t>(world.frames[f].state));
    EXPECT_EQ(cell(at("frame.", f), 1), world.frames[f].generation);
    EXPECT_EQ(cell(at("frame.", f), 4), world.frames[f].lock_owner);
  }
  for (int c = 0; c < world.cpu_count; ++c) {
    const CpuState& cpu = world.cpus[c];
    EXPECT_EQ(cell(at("gather.", c), 0), cpu.gather.live);
    if (cpu.gather.live) {
      EXPECT_EQ(cell(at("gather.", c), 1), cpu.gather.start);
      EXPECT_EQ(cell(at("gather.", c), 2), cpu.gather.end);
      EXPECT_EQ(cell(at("gather.", c), 3), cpu.gather.page_count);
      EXPECT_EQ(cell(at("gather.", c), 5) >> 3 & 1, cpu.gather.cleared_ptes);
    }
    EXPECT_EQ(cell(at("inv.", c), 0), cpu.invalidation.undelivered);
    for (const int page : pages) {
      const std::string name = at("tlb.", c) + at(".", page);
      EXPECT_EQ(cell(name, 0), cpu.tlb.small[page].mapping) << name;
      EXPECT_EQ(cell(name, 2), cpu.tlb.small[page].flags) << name;
    }
  }
  for (const int page : pages) {
    const Pte leaf = CurrentLeaf(world, page);
    if (!leaf.none()) {
      EXPECT_EQ(cell(at("pte.", page), 0), leaf.mapping) << page;
      EXPECT_EQ(cell(at("pte.", page), 1), static_cast<uint32_t>(Index(leaf.frame))) << page;
    }
    EXPECT_EQ(cell(at("pte.", page), 2) & Pte::kPresent, leaf.none() ? 0 : Pte::kPresent) << page;
  }
}

void ExpectWorlds(const Shown& shown) {
  Execution execution;
  Worlds worlds;
  execution.Execute(shown.file.schedule, *FindPolicy(shown.file.policy), *FindArch(shown.file.arch),
                    {.observer = &worlds});
  worlds.list.push_back(shown.trace.end);
  ASSERT_THAT(worlds.list, SizeIs(shown.trace.steps.size() + 1));
  const size_t first = shown.data["first"];
  Cells cells(shown.data);
  ExpectSame(cells, worlds.list[first], shown.data["pages"]);
  for (size_t k = 0; k < shown.data["steps"].size(); ++k) {
    cells.Step(k);
    ExpectSame(cells, worlds.list[first + k + 1], shown.data["pages"]);
    if (testing::Test::HasFailure()) FAIL() << "after step " << first + k + 1;
  }
}

TEST(PageData, HoldsTheStateAfterEveryStep) { ExpectWorlds(Shown(kMail)); }

TEST(PageData, HoldsItInRandomRuns) {
  Random random(7);
  for (int i = 0; i < 40; ++i) {
    ScheduleFile file;
    file.schedule = RandomSchedule(random);
    file.policy = i % 2 == 0 ? "full-mm" : "reset-range";
    file.arch = i % 4 < 2 ? "x86" : "arm64";
    SCOPED_TRACE(PrintText(file));
    ExpectWorlds(Shown(file));
    if (HasFailure()) return;
  }
}

TEST(PageData, HoldsItFromTheFirstStepShown) {
  const Shown shown(Long(64, 4, OpKind::kFree));
  ExpectWorlds(shown);
}

TEST(PageData, NamesTheViolationAndItsSteps) {
  const Shown shown(kMail);
  EXPECT_EQ(shown.data["kind"], "stale-after-return");
  EXPECT_EQ(shown.data["call"], "cpu1's madvise(MADV_DONTNEED) of 2..4");
  EXPECT_EQ(shown.data["violation"]["page"], 2);
  EXPECT_EQ(shown.data["violation"]["holder"], 1);
  EXPECT_EQ(shown.data["explanation"]["signature"], shown.explanation.signature);
  EXPECT_EQ(shown.data["explanation"]["cause"]["removed"], shown.explanation.cause.removed);
  EXPECT_EQ(shown.data["ops"], Json::parse(R"([
      [0, "dontneed 1..3", "madvise(MADV_DONTNEED) of 1..3", 0, 13, 0],
      [1, "dontneed 2..4", "madvise(MADV_DONTNEED) of 2..4", 9, 26, 1]])"));
  const Json& last = shown.data["steps"].back();
  EXPECT_EQ(shown.data["points"][last[1].get<size_t>()], "syscall_return");
}

// Without a DSB before its TLBI, CPU 0 drops what its walker then finds once more.
TEST(PageData, SaysWhatWasMissing) {
  const Shown shown(FromText(R"(
policy full-mm
arch arm64
memory weak
weaken tlb_flush
init
  map 3..5 rw
  present 3..5
  cached cpu0 3..5
cpu0
  munmap 3..4
walk0
  fill 3
order
  cpu0 until tlb_flush(3)
  inv0 until deliver(0)
  walk0 old
  rest
)"));
  ASSERT_EQ(shown.trace.result.violation.kind, ViolationKind::kFreedPageCached);
  EXPECT_EQ(shown.data["explanation"]["cause"]["missing"], "refilled");
}

TEST(PageData, OfARunWithoutAViolationHasNoExplanation) {
  ScheduleFile file = FromText(kMail);
  file.policy = "full-mm";
  const Shown shown(file);
  EXPECT_EQ(shown.data["kind"], "none");
  EXPECT_TRUE(shown.data["explanation"].is_null());
  EXPECT_THAT(shown.data["shown"].get<std::string>(), Each('1'));
}

TEST(PageData, OfARunWithoutStepsIsWhole) {
  const Shown shown("policy full-mm\narch x86\ncpus 1\norder\n  rest\n");
  EXPECT_THAT(shown.data["steps"], SizeIs(0));
  EXPECT_EQ(shown.data["total"], 0);
}

}  // namespace
}  // namespace gatherfuzz
