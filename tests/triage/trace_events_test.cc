// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Chrome trace-event JSON, held against what its readers ask for (the Trace Event Format, and the
// importer of ui.perfetto.dev): slices nest, flows have both ends in slices, instants have a scope.
#include "triage/tell/perfetto/trace_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/cause.h"
#include "tests/support.h"
#include "triage/tell/perfetto/lane.h"

namespace gatherfuzz {
namespace {

using ::testing::ElementsAre;
using Json = nlohmann::json;

struct Recording {
  explicit Recording(ScheduleFile of) : file(std::move(of)) {
    static Execution execution;
    trace = Record(execution, file.schedule, *FindPolicy(file.policy), *FindArch(file.arch));
    text = TraceEventsOf(file, trace);
    json = Json::parse(text, nullptr, false);
  }
  explicit Recording(std::string_view schedule) : Recording(FromText(schedule)) {}

  std::vector<Json> Events(const std::string& phase, const std::string& category = "") const {
    std::vector<Json> found;
    for (const Json& event : json["traceEvents"]) {
      if (event["ph"] == phase && (category.empty() || event["cat"] == category)) {
        found.push_back(event);
      }
    }
    return found;
  }
  // "10: 1-23 dontneed 1..3" of each slice of that category.
  std::vector<std::string> Slices(const std::string& category) const {
    std::vector<std::string> found;
    for (const Json& event : Events("X", category)) {
      const int begin = event["ts"], end = begin + event["dur"].get<int>();
      found.push_back(event["tid"].dump() + ": " + std::to_string(begin) + "-" +
                      std::to_string(end) + " " + event["name"].get<std::string>());
    }
    return found;
  }
  size_t Steps(bool (*of)(const TraceStep&)) const {
    return static_cast<size_t>(std::count_if(trace.steps.begin(), trace.steps.end(), of));
  }

  ScheduleFile file;
  Trace trace;
  std::string text;
  Json json;
};

// Reads the events in the order of the file, as a viewer does.
class Reader {
 public:
  void Read(Json document) {
    ASSERT_TRUE(document.is_object());
    ASSERT_TRUE(document["displayTimeUnit"] == "ns" || document["displayTimeUnit"] == "ms");
    ASSERT_TRUE(document["otherData"].is_object());
    ASSERT_TRUE(document["traceEvents"].is_array());
    for (Json event : document["traceEvents"]) {
      SCOPED_TRACE(event.dump());
      ReadEvent(event);
      if (::testing::Test::HasFatalFailure()) return;
    }
    for (const auto& [id, ends] : flows_) EXPECT_EQ(ends, 2) << "flow " << id;
    EXPECT_EQ(named_, used_);
    EXPECT_EQ(sorted_, used_);
  }

 private:
  struct Open {
    int end;
    std::string category;
  };

  void ReadEvent(Json& event) {
    ASSERT_TRUE(event["ph"].is_string());
    ASSERT_TRUE(event["name"].is_string() && !event["name"].get<std::string>().empty());
    ASSERT_TRUE(event["ts"].is_number_integer());
    ASSERT_TRUE(event["pid"].is_number_integer());
    const std::string phase = event["ph"];
    const int time = event["ts"];
    if (phase == "M") return ReadMetadata(event);
    ASSERT_GE(time, time_) << "times go back";
    time_ = time;
    if (phase == "C") {
      ASSERT_EQ(event["args"].size(), 1u);
      for (const Json& value : event["args"]) ASSERT_TRUE(value.is_number());
      return;
    }
    ASSERT_TRUE(event["tid"].is_number_integer());
    ASSERT_TRUE(event["cat"].is_string());
    used_.insert(event["tid"].get<int>());
    std::vector<Open>& open = open_[event["tid"]];
    while (!open.empty() && open.back().end <= time) open.pop_back();
    if (phase == "X") return ReadSlice(event, open);
    if (phase == "i") return ReadInstant(event);
    ASSERT_TRUE(phase == "s" || phase == "f");
    ReadFlow(event, open);
  }

  void ReadMetadata(Json& event) {
    if (event["name"] == "thread_name") {
      ASSERT_TRUE(event["args"]["name"].is_string());
      ASSERT_TRUE(named_.insert(event["tid"].get<int>()).second);
    } else if (event["name"] == "thread_sort_index") {
      ASSERT_TRUE(event["args"]["sort_index"].is_number_integer());
      ASSERT_TRUE(sorted_.insert(event["tid"].get<int>()).second);
    } else {
      ASSERT_EQ(event["name"], "process_name");
      ASSERT_TRUE(event["args"]["name"].is_string());
    }
  }

  static void ReadSlice(Json& event, std::vector<Open>& open) {
    ASSERT_TRUE(event["dur"].is_number_integer());
    ASSERT_GE(event["dur"], 1);
    const int end = event["ts"].get<int>() + event["dur"].get<int>();
    if (!open.empty()) {
      ASSERT_LE(end, open.back().end) << "slices overlap";
      ASSERT_NE(open.back().category, "step") << "a slice within a step";
    } else {
      ASSERT_NE(event["cat"], "step") << "a step outside of every slice";
    }
    open.push_back({end, event["cat"]});
  }

  static void ReadInstant(Json& event) {
    ASSERT_EQ(event["s"], "g");
    ASSERT_EQ(event["cat"], "violation");
    ASSERT_TRUE(event["args"].is_object());
  }

  // A reader takes the innermost slice that it has read for the one that a flow leads from or to.
  void ReadFlow(Json& event, const std::vector<Open>& open) {
    ASSERT_TRUE(event["id"].is_number_integer());
    const bool start = event["ph"] == "s";
    const std::string id =
        event["cat"].get<std::string>() + event["name"].get<std::string>() + event["id"].dump();
    ASSERT_EQ(++flows_[id], start ? 1 : 2);
    ASSERT_FALSE(open.empty());
    ASSERT_EQ(open.back().category, start ? "flush" : "delivery");
    if (!start) {
      ASSERT_EQ(event["bp"], "e");
    }
  }

  int time_ = 0;
  std::map<int, std::vector<Open>> open_;
  std::map<std::string, int> flows_;
  std::set<int> used_, named_, sorted_;
};

// What holds of every run.
void Check(const Recording& run) {
  Reader().Read(run.json);
  const auto is_delivery = [](const TraceStep& step) { return step.event.point == Point::deliver; };
  const size_t deliveries = run.Steps(is_delivery);
  EXPECT_EQ(run.Events("X", "delivery").size(), deliveries);
  EXPECT_EQ(run.Events("s").size(), deliveries);
  EXPECT_EQ(run.Events("X", "step").size(), run.trace.steps.size() - deliveries);
  EXPECT_EQ(run.Events("i", "violation").size(), run.trace.result.clean() ? 0u : 1u);
  for (const Json& event : run.Events("X")) {
    EXPECT_LE(event["ts"].get<size_t>() + event["dur"].get<size_t>(), run.trace.steps.size() + 1);
  }
  for (const Json& event : run.Events("X", "step")) {
    EXPECT_EQ(event["ts"], event["args"]["step"]);
    EXPECT_EQ(event["dur"], 1);
  }
}

constexpr std::string_view kMailRace = R"(
    intent A "quote", a \ and a tab	here
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
    walk1
      fill 1
    order
      walk1 1
      cpu0 until pte_clear(2)
      cpu1 until done
      rest
)";

TEST(TraceEvents, TheRaceOfTheMail) {
  const Recording run(kMailRace);
  Check(run);
  const int steps = static_cast<int>(run.trace.steps.size());
  const std::vector<Json> calls = run.Events("X", "op");
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0]["name"], "dontneed 1..3");
  EXPECT_EQ(calls[0]["args"]["unfinished"], true);  // cut off by the violation
  EXPECT_EQ(calls[0]["ts"].get<int>() + calls[0]["dur"].get<int>(), steps + 1);
  EXPECT_EQ(calls[1]["name"], "dontneed 2..4");
  EXPECT_FALSE(calls[1]["args"].contains("unfinished"));
  const std::vector<Json> gathers = run.Events("X", "gather");
  ASSERT_EQ(gathers.size(), 2u);
  EXPECT_EQ(gathers[0]["args"]["range"], "1..3");
  EXPECT_EQ(gathers[1]["args"]["range"], "2..4");
  EXPECT_EQ(gathers[1]["args"]["recorded"], "3..4 cleared_ptes");  // page 2 was empty
  const std::vector<Json> flushes = run.Events("X", "flush");
  ASSERT_EQ(flushes.size(), 1u);
  EXPECT_EQ(flushes[0]["args"]["gather"], "3..4 cleared_ptes");
  EXPECT_EQ(flushes[0]["args"]["request"], "3..4");
  EXPECT_EQ(run.Events("s").size(), 2u);
  EXPECT_EQ(run.Events("f").size(), 2u);
  const Json violation = run.Events("i", "violation").at(0);
  EXPECT_EQ(violation["name"], "stale-after-return");
  EXPECT_EQ(violation["ts"], run.trace.result.violation.step);
  EXPECT_EQ(violation["args"]["page"], 2);
  EXPECT_EQ(violation["args"]["signature"], Signature(run.trace));
  std::vector<std::string> tracks;
  for (const Json& event : run.Events("M")) {
    if (event["name"] == "thread_name") tracks.push_back(event["args"]["name"]);
  }
  EXPECT_THAT(tracks,
              ElementsAre("cpu0", "cpu1", "cpu1 walker", "cpu0 deliveries", "cpu1 deliveries"));
  std::vector<int> counts;
  for (const Json& event : run.Events("C")) counts.push_back(event["args"]["gathers"]);
  EXPECT_THAT(counts, ElementsAre(0, 1, 2, 1));
  EXPECT_EQ(run.json["otherData"]["intent"], run.file.intent);
}

TEST(TraceEvents, ARunWithoutAViolation) {
  ScheduleFile file = FromText(kMailRace);
  file.policy = "full-mm";
  const Recording run(file);
  Check(run);
  EXPECT_EQ(run.json["otherData"]["verdict"], "none");
  for (const Json& event : run.Events("X")) EXPECT_FALSE(event["args"].contains("unfinished"));
  EXPECT_EQ(run.Events("X", "flush").at(0)["args"]["gather"], "whole mm fullmm freed_tables");
}

TEST(TraceEvents, NamesThatAreNoUtf8AreReplaced) {
  ScheduleFile file = FromText(kMailRace);
  file.intent = "half a letter: \xc3, and </script>\n";
  const Recording run(file);
  Check(run);
  EXPECT_EQ(run.json["otherData"]["intent"], "half a letter: \ufffd, and </script>\n");
}

TEST(TraceEvents, AWalkIsASliceOfItsThread) {
  const Recording run(R"(
    cpus 1
    policy own-range
    arch x86
    init
      map 0..4 rw
      present 1..2
    cpu0
      read 1
    walk0
      fill 1
    order
      cpu0 until walk_pmd
      walk0 until done
      rest
)");
  Check(run);
  // access, walk_pud, walk_pmd; the walker's three, since that cache is only now filled; walk_pte.
  EXPECT_THAT(run.Slices("op"), ElementsAre("10: 1-7 read 1"));
  EXPECT_THAT(run.Slices("walk"), ElementsAre("10: 2-6 walk 1", "11: 4-5 fill 1"));
}

TEST(TraceEvents, AWaitThatNeverEndsEndsWithTheTrace) {
  const Recording run(R"(
    cpus 2
    policy sync-before-dec
    arch x86
    init
      map 3..6 rw
      present 3..6
    cpu0
      dontneed 3..4
    cpu1
      dontneed 3..4
    order
      cpu0 until free_page(3)
      cpu1 until pte_unlock(3)
      rest
)");
  Check(run);
  ASSERT_EQ(run.json["otherData"]["verdict"], "deadlock");
  const int end = static_cast<int>(run.trace.steps.size()) + 1;
  const std::vector<Json> waits = run.Events("X", "wait");
  ASSERT_EQ(waits.size(), 1u);  // that of the CPU that moved last would be empty
  EXPECT_EQ(waits[0]["ts"].get<int>() + waits[0]["dur"].get<int>(), end);
  for (const char* category : {"op", "gather"}) {
    for (const Json& event : run.Events("X", category)) {
      EXPECT_EQ(event["ts"].get<int>() + event["dur"].get<int>(), end);
      EXPECT_EQ(event["args"]["unfinished"], true);
    }
  }
}

TEST(TraceEvents, AWaitThatIsStarved) {
  const Recording run(R"(
    cpus 3
    policy sync-finish
    arch arm64
    init
      map 3..4 rw
    cpu0
      dontneed 3..4
      dontneed 3..4
      dontneed 3..4
    cpu1
      dontneed 3..4
    cpu2
      dontneed 3..4
    order
      cpu1 until pending_dec
      cpu0 until mmap_read_unlock #3
      cpu2 until pending_inc
      cpu0 until syscall_return(3)
      rest
)");
  Check(run);
  ASSERT_EQ(run.json["otherData"]["verdict"], "starvation");
  bool starved = false;
  for (const Json& event : run.Events("X", "wait")) {
    starved |= event["tid"] == 20 && event["args"].contains("unfinished") && event["dur"] > 5;
  }
  EXPECT_TRUE(starved);
}

TEST(TraceEvents, AFlushThatOutlivesItsGatherGoesOn) {
  Lane lane;
  lane.Open("op", "munmap", 1);
  lane.Open("gather", "gather", 2);
  lane.Open("flush", "flush", 4);
  lane.Close("gather", 6);
  lane.Close("flush", 9);
  lane.CloseAll(10);
  std::vector<std::string> slices;
  for (const Slice& slice : lane.closed()) {
    slices.push_back(slice.name + " " + std::to_string(slice.begin) + "-" +
                     std::to_string(slice.end) + " " + std::to_string(slice.depth) +
                     (slice.args.contains("continued") ? " continued" : ""));
  }
  EXPECT_THAT(slices,
              ElementsAre("flush 4-6 2", "gather 2-6 1", "flush 6-9 1 continued", "munmap 1-10 0"));
}

TEST(TraceEvents, RandomSchedulesUnderPublishedAndPlantedPolicies) {
  std::vector<const Policy*> policies;
  for (const PolicyGroup group : {PolicyGroup::kPublished, PolicyGroup::kPlanted}) {
    for (const Policy* policy : Policies(group)) policies.push_back(policy);
  }
  Random random(11);
  std::set<std::string> verdicts;
  for (size_t i = 0; i < 200; ++i) {
    ScheduleFile file;
    file.schedule = RandomSchedule(random);
    for (size_t k = 0; k < 3; ++k) {
      file.policy = policies[(3 * i + k) % policies.size()]->name();
      file.arch = i % 2 == 0 ? "x86" : "arm64";
      SCOPED_TRACE("schedule " + std::to_string(i) + ", " + file.policy);
      const Recording run(file);
      Check(run);
      ASSERT_FALSE(HasFailure());
      verdicts.insert(run.json["otherData"]["verdict"]);
    }
  }
  EXPECT_GT(verdicts.size(), 3u);
}

}  // namespace
}  // namespace gatherfuzz
