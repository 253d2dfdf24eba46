// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Crash files: what their paths say of policy and architecture, which of them are looked at, and
// how they are sorted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "triage/crashes/find.h"
#include "triage/crashes/guess.h"
#include "triage/crashes/read.h"
#include "triage/crashes/sort.h"

namespace gatherfuzz {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

const Said kNothing, kOwnRange{"own-range", "x86"}, kLeaf{"full-mm-leaf", "arm64"};

TEST(GuessTest, NamesThatSayIt) {
  for (const char* name :
       {"own-range_x86", "fuzz_own-range_x86", "afl_own-range_x86",
        "own-range_x86-stale-after-return-8488e41c", "afl_own-range_x86_run2",
        "clusterfuzz-testcase-minimized-fuzz_own-range_x86-5123", "own-range_x86.old"}) {
    EXPECT_EQ(SaidByName(name), kOwnRange) << name;
  }
  EXPECT_EQ(SaidByName("full-mm-leaf_arm64"), kLeaf);
  EXPECT_EQ(SaidByName("fuzz_full-mm-leaf_arm64"), kLeaf);
  EXPECT_EQ(SaidByName("canary_x86"), (Said{"canary", "x86"}));  // planted
}

TEST(GuessTest, NamesThatDoNot) {
  for (const char* name : {"", "own-range", "x86", "own-rangex86", "not-own-range_x86",
                           "own-range_x86x", "own-range_mips", "crash-0123", "id:000000,sig:06",
                           "fuzz_any", "afl_banner", "fuzz__x8", "fuzz_x86"}) {
    EXPECT_EQ(SaidByName(name), kNothing) << name;
  }
}

// A target of a policy that is not there says so, whatever a folder further up says.
TEST(GuessTest, TargetsOfUnknownPolicies) {
  EXPECT_EQ(SaidByName("fuzz_differential_x86"), (Said{"differential", "x86"}));
  EXPECT_EQ(SaidByName("afl_my-idea_arm64"), (Said{"my-idea", "arm64"}));
  EXPECT_EQ(SaidByName("my-idea_arm64"), kNothing);
}

TEST(GuessTest, WhatAflWrote) {
  EXPECT_EQ(SaidByAfl("start_time        : 1\n"
                      "afl_banner        : afl_own-range_x86\n"
                      "command_line      : afl-fuzz -i in -o out/afl_full-mm_x86/o -- "
                      "/b/fuzz/afl_full-mm-leaf_arm64\n"),
            kLeaf);
  EXPECT_EQ(
      SaidByAfl("# command line:\n'afl-fuzz' '-i' 'in' '--' 'build/fuzz/afl_own-range_x86'\n"),
      kOwnRange);
  EXPECT_EQ(SaidByAfl("command_line : afl-fuzz -o own-range_x86 -- build/fuzz/afl_any"), kNothing);
}

class FolderTest : public ::testing::Test {
 protected:
  FolderTest() {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~FolderTest() override { fs::remove_all(root_); }

  void Write(const std::string& name, const std::string& content = "") {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << content;
  }
  std::vector<std::string> Find(const std::string& below = "") {
    const auto found = FindCrashFiles({(root_ / below).string()}, "", stop_);
    EXPECT_TRUE(found.ok()) << found.status();
    std::vector<std::string> files;
    if (!found.ok()) return files;
    skipped_ = found->skipped;
    for (const FoundFile& file : found->files) {
      files.push_back(fs::path(file.path).lexically_relative(root_).string() + " " +
                      file.said.policy + "_" + file.said.arch +
                      (file.unread.empty() ? "" : " " + file.unread));
    }
    return files;
  }

  const fs::path root_ = fs::path(::testing::TempDir()) / "gatherfuzz_crashes_test";
  const std::atomic<bool> stop_{false};
  uint64_t skipped_ = 0;
};

TEST_F(FolderTest, QueuesAreLookedAtIfInputsAreWanted) {
  Write("sync/main/fuzzer_stats");
  Write("sync/main/queue/id:000000");
  Write("sync/main/queue/.state/id:000000");
  Write("sync/main/crashes/id:000000");
  Write("own/queue/0123");
  EXPECT_THAT(Find(), ElementsAre("sync/main/crashes/id:000000 _"));
  EXPECT_EQ(skipped_, 3u);
  const auto found = FindCrashFiles({root_.string()}, "", stop_, Wanted::kInputs);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->files.size(), 3u);
  EXPECT_EQ(found->skipped, 2u) << "fuzzer_stats and .state";
}

TEST_F(FolderTest, NearestNameCounts) {
  Write("own-range_x86/crash-1");
  Write("own-range_x86/deep/er/oom-1");
  Write("own-range_x86/full-mm-leaf_arm64/timeout-1");
  Write("own-range_x86/leak-fuzz_full-mm-leaf_arm64");
  Write("corpus/full-mm-leaf/arm64/slow-unit-1");
  Write("crash-1");
  EXPECT_THAT(Find(), ElementsAre("corpus/full-mm-leaf/arm64/slow-unit-1 full-mm-leaf_arm64",
                                  "crash-1 _", "own-range_x86/crash-1 own-range_x86",
                                  "own-range_x86/deep/er/oom-1 own-range_x86",
                                  "own-range_x86/full-mm-leaf_arm64/timeout-1 full-mm-leaf_arm64",
                                  "own-range_x86/leak-fuzz_full-mm-leaf_arm64 full-mm-leaf_arm64"));
  // Named by itself, or from within, a file is where it is.
  EXPECT_THAT(Find("own-range_x86/deep/er/oom-1"),
              ElementsAre("own-range_x86/deep/er/oom-1 own-range_x86"));
  EXPECT_THAT(Find("own-range_x86/deep/er/"),
              ElementsAre("own-range_x86/deep/er/oom-1 own-range_x86"));
}

TEST_F(FolderTest, AflSyncFolders) {
  for (const std::string fuzzer : {"main", "secondary"}) {
    Write(fuzzer + "/fuzzer_stats", "command_line : afl-fuzz -- b/afl_own-range_x86\n");
    Write(fuzzer + "/queue/id:000000,orig:seed");
    Write(fuzzer + "/crashes/README.txt");
    Write(fuzzer + "/crashes/id:000000,sig:06");
    Write(fuzzer + "/.cur_input");
  }
  Write("main/crashes.2026-01-01-00:00:00/id:000001,sig:06");
  Write("main/hangs/id:000002,src:1");
  EXPECT_THAT(Find(), ElementsAre("main/crashes.2026-01-01-00:00:00/id:000001,sig:06 own-range_x86",
                                  "main/crashes/id:000000,sig:06 own-range_x86",
                                  "main/hangs/id:000002,src:1 own-range_x86",
                                  "secondary/crashes/id:000000,sig:06 own-range_x86"));
  EXPECT_EQ(skipped_, 8u);
  EXPECT_THAT(Find("main/crashes").size(), 1u);
  EXPECT_THAT(Find("secondary/crashes"),
              ElementsAre("secondary/crashes/id:000000,sig:06 own-range_x86"));
}

TEST_F(FolderTest, LitterAndWhatIsNot) {
  for (const char* name : {"plot_data", "fuzz-0.log", "notes.txt", ".hidden", "cmdline"}) {
    Write(name);
  }
  for (const char* name : {"a.gather", "crash-x.txt", "id:0,op:havoc.log", "whatever"}) Write(name);
  fs::create_directory_symlink(root_, root_ / "loop");
  fs::create_symlink("nowhere", root_ / "dangling");
  EXPECT_THAT(Find(), ElementsAre("a.gather _", "crash-x.txt _",
                                  "dangling _ is a link that leads nowhere", "id:0,op:havoc.log _",
                                  "loop _ is a link to a folder, which is not followed; name that "
                                  "folder",
                                  "whatever _"));
  EXPECT_EQ(skipped_, 5u);
}

TEST_F(FolderTest, OfATriageOnlySchedules) {
  Write(std::string("out/") + kTriageMarker);
  Write("out/index.json");
  Write("out/g1/schedule.gather");
  Write("out/g1/original");
  Write("out/g1/schedule.bytes");
  EXPECT_THAT(Find(), ElementsAre("out/g1/schedule.gather _"));
  EXPECT_THAT(Find("out"), ElementsAre("out/g1/schedule.gather _"));
  const auto found = FindCrashFiles({root_.string()}, (root_ / "out").string(), stop_);
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->files.empty());
  EXPECT_FALSE(FindCrashFiles({(root_ / "out").string()}, (root_ / "out").string(), stop_).ok());
  EXPECT_FALSE(FindCrashFiles({(root_ / "none").string()}, "", stop_).ok());
}

TEST_F(FolderTest, NobodyWaitsForAPipe) {
  Write("own-range_x86/crash-1");
  const std::string pipe = (root_ / "own-range_x86/fuzzer_stats").string();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(ReadRegular(pipe).ok());
  EXPECT_THAT(Find("own-range_x86/crash-1"), ElementsAre("own-range_x86/crash-1 own-range_x86"));
}

TEST(ReadTest, OnlyRegularFiles) {
  EXPECT_FALSE(ReadRegular("/dev/zero").ok());
  EXPECT_FALSE(ReadRegular(::testing::TempDir()).ok());
  EXPECT_FALSE(ReadRegular("/no/such/file").ok());
}

TEST(ReadTest, NothingControlsTheTerminal) {
  EXPECT_EQ(Shown("'a'\n\x1b[31m\xff<b>\\\xe2\x80\xae"),
            "'a'\\x0a\\x1b[31m\\xff<b>\\x5c\\xe2\\x80\\xae");
}

SortedFile Violating(const char* path, const char* policy, const char* signature, uint32_t steps,
                     uint64_t bytes) {
  Replayed replayed;
  replayed.outcome = ReplayOutcome::kViolation;
  replayed.policy = policy;
  replayed.arch = "x86";
  replayed.signature = signature;
  replayed.steps = steps;
  return {.found = {.path = path},
          .bytes = bytes,
          .replayed = std::make_shared<const Replayed>(replayed)};
}

TEST(SortTest, WhatSaysNothingAgainstThePolicyHidesNothing) {
  Replayed excused = *Violating("a", "full-mm", "s+1", 1, 1).replayed;
  excused.excused = true;
  SortedFile first = Violating("a", "full-mm", "s+1", 1, 1);
  first.replayed = std::make_shared<const Replayed>(excused);
  const std::vector<ViolationGroup> groups =
      GroupByViolation({first, Violating("b", "full-mm", "s+1", 9, 9)});
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].key, (ViolationKey{"full-mm", "x86", "s+1", false}));
  EXPECT_THAT(groups[0].files, ElementsAre(1));
  EXPECT_EQ(groups[1].key, (ViolationKey{"full-mm", "x86", "s+1", true}));
}

TEST(SortTest, GroupsAndTheShortestOfEach) {
  std::vector<SortedFile> files = {
      Violating("a", "own-range", "s+2", 9, 9),   Violating("b", "own-range", "s+1", 20, 50),
      Violating("c", "own-range", "s+1", 10, 50), Violating("d", "own-range", "s+1", 10, 40),
      Violating("e", "own-range", "s+1", 10, 40), Violating("f", "full-mm", "s+1", 1, 1)};
  files.push_back({.found = {.path = "g"}, .replayed = std::make_shared<const Replayed>()});
  files.push_back({.found = {.path = "h"}});  // not replayed
  const std::vector<ViolationGroup> groups = GroupByViolation(files);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].key, (ViolationKey{"full-mm", "x86", "s+1"}));
  EXPECT_EQ(groups[1].key, (ViolationKey{"own-range", "x86", "s+1"}));
  EXPECT_THAT(groups[1].files, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(groups[1].shortest, 3u);
  EXPECT_THAT(groups[2].files, ElementsAre(0));
}

}  // namespace
}  // namespace gatherfuzz
