// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// bench/survival: its statistics against cases worked by hand and a published one, what it says of
// a results file that is not right, and what the promises are judged to be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "bench/survival_plot.h"
#include "bench/survival_table.h"

namespace gatherfuzz::survival {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<Observation> Events(std::initializer_list<double> times) {
  std::vector<Observation> observations;
  for (const double time : times) observations.push_back({time, true});
  return observations;
}

std::vector<Observation> Censored(std::initializer_list<double> times) {
  std::vector<Observation> observations;
  for (const double time : times) observations.push_back({time, false});
  return observations;
}

std::vector<Observation> operator+(std::vector<Observation> a, const std::vector<Observation>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Weeks in remission of 42 children with leukaemia (Freireich and others, Blood 21, 1963).
std::vector<Observation> SixMp() {
  return Events({6, 6, 6, 7, 10, 13, 16, 22, 23}) +
         Censored({6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35});
}
std::vector<Observation> Placebo() {
  return Events({1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23});
}

TEST(KaplanMeier, GivesThePublishedCurve) {
  const Curve curve = KaplanMeier(SixMp());
  struct Expected {
    double time;
    int at_risk, events;
    double survival, standard_error;
  };
  const std::vector<Expected> expected = {{6, 21, 3, 0.857, 0.0764},  {7, 17, 1, 0.807, 0.0869},
                                          {10, 15, 1, 0.753, 0.0963}, {13, 12, 1, 0.690, 0.1068},
                                          {16, 11, 1, 0.627, 0.1141}, {22, 7, 1, 0.538, 0.1282},
                                          {23, 6, 1, 0.448, 0.1346}};
  ASSERT_EQ(curve.steps.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(curve.steps[i].time, expected[i].time);
    EXPECT_EQ(curve.steps[i].at_risk, expected[i].at_risk);
    EXPECT_EQ(curve.steps[i].events, expected[i].events);
    EXPECT_NEAR(curve.steps[i].survival, expected[i].survival, 0.0006);
    EXPECT_NEAR(curve.steps[i].StandardError(), expected[i].standard_error, 0.00006);
  }
  EXPECT_EQ(Median(curve).low, 23);
  EXPECT_TRUE(Median(curve).Exact());
  EXPECT_EQ(curve.Reach(), 35);
  EXPECT_EQ(Median(KaplanMeier(Placebo())).low, 8);
}

TEST(RestrictedMean, GivesThePublishedMeans) {
  const Mean six_mp = RestrictedMean(KaplanMeier(SixMp()), 35);
  EXPECT_NEAR(six_mp.value, 23.287, 0.0006);
  EXPECT_NEAR(six_mp.half_width / kNormal95, 2.827, 0.0006);
  // Without censoring it is the mean, and its variance the sample's (of n, not n - 1) over n.
  const Mean placebo = RestrictedMean(KaplanMeier(Placebo()), 23);
  EXPECT_NEAR(placebo.value, 182.0 / 21, 1e-12);
  double squares = 0;
  for (const Observation& one : Placebo()) squares += std::pow(one.time - 182.0 / 21, 2);
  EXPECT_NEAR(placebo.half_width, kNormal95 * std::sqrt(squares / 21 / 21), 1e-12);
}

TEST(KaplanMeier, CountsWhatIsCensoredAtTheTimeOfAnEventAsAtRiskThen) {
  // 1: 4 at risk, 1 event, 3/4. 2: 3 at risk, 1 event, 1/2. 3: 1 at risk.
  const Curve curve = KaplanMeier(Censored({2}) + Events({3, 2, 1}));
  ASSERT_EQ(curve.steps.size(), 3u);
  EXPECT_EQ(curve.steps[1].at_risk, 3);
  EXPECT_NEAR(curve.steps[1].survival, 0.5, 1e-15);
  EXPECT_EQ(curve.steps[2].survival, 0);
  EXPECT_EQ(Median(curve).low, 2);
  EXPECT_EQ(curve.Reach(), kNever);
  // Areas: 1 + 3/4 + 1/2. Variance: (3/4 + 1/2)^2 / 12 + (1/2)^2 / 6.
  const Mean mean = RestrictedMean(curve, 10);
  EXPECT_NEAR(mean.value, 2.25, 1e-12);
  EXPECT_NEAR(mean.half_width, kNormal95 * std::sqrt(1.5625 / 12 + 0.25 / 6), 1e-12);
}

TEST(RestrictedMean, StopsAtTheLimit) {
  const Curve curve = KaplanMeier(Events({1, 2, 3, 4}));
  // 1 + 3/4 + half of 1/2; the event at 3 comes after it.
  const Mean mean = RestrictedMean(curve, 2.5);
  EXPECT_NEAR(mean.value, 2.0, 1e-12);
  EXPECT_NEAR(mean.half_width, kNormal95 * std::sqrt(1.0 / 12 + 0.25 * 0.25 / 6), 1e-12);
  EXPECT_NEAR(RestrictedMean(curve, 0.5).value, 0.5, 1e-15);
  EXPECT_EQ(RestrictedMean(curve, 0.5).half_width, 0);
}

TEST(KaplanMeier, NothingFound) {
  const Curve curve = KaplanMeier(Censored({5, 7, 5}));
  EXPECT_TRUE(curve.steps.empty());
  EXPECT_EQ(Median(curve).low, 7);
  EXPECT_EQ(Median(curve).high, kNever);
  EXPECT_EQ(MedianInterval(curve).low, kNever);
  EXPECT_EQ(curve.Reach(), 7);
  EXPECT_EQ(RestrictedMean(curve, 5).value, 5);
  EXPECT_EQ(RestrictedMean(curve, 5).half_width, 0);
}

TEST(KaplanMeier, AllAtOnceAndAlone) {
  for (const Curve& curve : {KaplanMeier(Events({4, 4, 4})), KaplanMeier(Events({4}))}) {
    EXPECT_EQ(Median(curve).high, 4);
    EXPECT_EQ(MedianInterval(curve).low, 4);
    EXPECT_EQ(MedianInterval(curve).high, 4);
    EXPECT_EQ(RestrictedMean(curve, 9).value, 4);
    EXPECT_EQ(RestrictedMean(curve, 9).half_width, 0);
  }
}

TEST(Median, IsWhereHalfAreLeftWhateverTheRounding) {
  for (int runs = 2; runs <= 200; runs += 2) {
    std::vector<Observation> observations;
    for (int i = 1; i <= runs; ++i) observations.push_back({static_cast<double>(i), true});
    EXPECT_EQ(Median(KaplanMeier(observations)).low, runs / 2) << runs;
  }
  // Half and one more are censored: the median is not known.
  EXPECT_FALSE(Median(KaplanMeier(Events({1, 2}) + Censored({3, 3, 3}))).Exact());
}

TEST(MedianInterval, IsWhereTheBandsMeetOneHalf) {
  // Twenty runs at 1..20: S = 1 - i/20, with error sqrt(S (1 - S) / 20). The lower band is at one
  // half first after 6 (0.7 - 0.201), the upper one after 14 (0.3 + 0.201) not yet, after 15 is.
  std::vector<Observation> observations;
  for (int i = 1; i <= 20; ++i) observations.push_back({static_cast<double>(i), true});
  const Bounds interval = MedianInterval(KaplanMeier(observations));
  EXPECT_EQ(interval.low, 6);
  EXPECT_EQ(interval.high, 15);
  EXPECT_EQ(MedianInterval(KaplanMeier(SixMp())).low, 13);
  EXPECT_EQ(MedianInterval(KaplanMeier(SixMp())).high, kNever);
}

std::string Error(const std::string& lines) {
  std::vector<Record> runs;
  return ParseRuns(std::string(kHeader) + "\n" + lines, runs);
}

TEST(ParseRuns, ReadsALine) {
  std::vector<Record> runs;
  EXPECT_EQ(
      ParseRuns(std::string(kHeader) + "\nnear-miss,x86,afl+both,7,1,10,160,0.250,5000,60,ab12\n",
                runs),
      "");
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].defect, "near-miss");
  EXPECT_EQ(kWays[runs[0].way], "afl+both");
  EXPECT_EQ(runs[0].seed, 7u);
  EXPECT_TRUE(runs[0].found);
  EXPECT_EQ(runs[0].executions, 10u);
  EXPECT_EQ(runs[0].schedules, 160u);
  EXPECT_EQ(runs[0].seconds, 0.25);
  EXPECT_EQ(runs[0].cap_schedules, 5000u);
  EXPECT_EQ(runs[0].cap_seconds, 60u);
  EXPECT_EQ(runs[0].commit, "ab12");
}

TEST(ParseRuns, SaysWhichLineIsWrongAndWhy) {
  const std::string good = "d,x86,pct,1,1,3,3,0.1,9,60,c\n";
  std::vector<Record> runs;
  EXPECT_THAT(ParseRuns("", runs), HasSubstr("line 1: no header"));
  EXPECT_THAT(ParseRuns("defect,arch\n", runs), HasSubstr("line 1: not the header"));
  EXPECT_EQ(Error(good + "d,x86,pct,2\n"), "line 3: 4 fields where 11 belong");
  EXPECT_EQ(Error("d,x86,pct,1,1,3,3,0.1,9,60,c,\n"), "line 2: 12 fields where 11 belong");
  EXPECT_EQ(Error("\n"), "line 2: 1 fields where 11 belong");
  EXPECT_EQ(Error(",x86,pct,1,1,3,3,0.1,9,60,c\n"), "line 2: defect is not a name: ''");
  EXPECT_EQ(Error("d,<b>,pct,1,1,3,3,0.1,9,60,c\n"), "line 2: arch is not a name: '<b>'");
  EXPECT_EQ(Error("d,x86,luck,1,1,3,3,0.1,9,60,c\n"), "line 2: way is not a way to search: 'luck'");
  EXPECT_EQ(Error("d,x86,pct,-1,1,3,3,0.1,9,60,c\n"), "line 2: seed is not a whole number: '-1'");
  EXPECT_EQ(Error("d,x86,pct,1,yes,3,3,0.1,9,60,c\n"), "line 2: found is not 0 or 1: 'yes'");
  EXPECT_EQ(Error("d,x86,pct,1,1,3.5,3,0.1,9,60,c\n"),
            "line 2: executions is not a whole number: '3.5'");
  EXPECT_EQ(Error("d,x86,pct,1,1,3,99999999999999999999,0.1,9,60,c\n"),
            "line 2: schedules is not a whole number: '99999999999999999999'");
  for (const std::string seconds : {"", "-1", "nan", "inf", "0.1s", "1e3"}) {
    EXPECT_EQ(Error("d,x86,pct,1,1,3,3," + seconds + ",9,60,c\n"),
              "line 2: seconds is not a number of seconds: '" + seconds + "'");
  }
  EXPECT_EQ(Error("d,x86,pct,1,1,3,3,0.1,0,60,c\n"), "line 2: cap_schedules is 0");
  EXPECT_EQ(Error("d,x86,pct,1,1,3,3,0.1,9,-,c\n"),
            "line 2: cap_seconds is not a whole number: '-'");
  EXPECT_EQ(Error("d,x86,pct,1,1,3,3,0.1,9,60,\n"), "line 2: commit is not a name: ''");
  EXPECT_EQ(Error("d,x86,pct,1,1,3,0,0.1,9,60,c\n"), "line 2: found by no schedule");
  EXPECT_EQ(Error(good + good), "line 3: this run has a line already");
  EXPECT_EQ(Error(good + "d,x86,pct,2,1,3,3,0.1,9,60,c"),
            "line 3: it does not end; was the writer stopped?");
}

// Runs of one way, one for each number of schedules; those at the cap of 1,000,000 found nothing.
void AddRuns(std::vector<Record>& runs, size_t way, const std::vector<uint64_t>& schedules,
             double seconds = 1) {
  constexpr uint64_t kCap = 1'000'000;
  uint64_t seed = 0;
  for (const uint64_t n : schedules) {
    runs.push_back({"d", "x86", way, ++seed, n < kCap, n, n, seconds, kCap, 60, "c"});
  }
}

struct Case {
  std::vector<uint64_t> both, pct, uniform;
  double seconds = 1;
  bool by_program = false;
};

DefectResult Judge(const Case& it) {
  std::vector<Record> runs;
  AddRuns(runs, kBoth, it.both, it.seconds);
  AddRuns(runs, kFirstStrategy, it.pct);
  AddRuns(runs, kUniform, it.uniform);
  return Summarize(runs, it.by_program ? std::set<std::string>{"d"} : std::set<std::string>{})
      .at(0);
}

std::vector<uint64_t> Times(size_t runs, uint64_t schedules, size_t capped = 0) {
  std::vector<uint64_t> times(runs, schedules);
  std::fill_n(times.begin(), capped, 1'000'000);
  return times;
}

TEST(Promises, FoundInTimeInNineteenOfTwenty) {
  const auto verdict = [](size_t runs, size_t capped, double seconds) {
    return FoundInTime(Judge({Times(runs, 5, capped), Times(20, 5), Times(20, 5), seconds}));
  };
  EXPECT_EQ(verdict(20, 0, 59), Verdict::kKept);
  EXPECT_EQ(verdict(20, 1, 59), Verdict::kKept);
  EXPECT_EQ(verdict(20, 2, 59), Verdict::kOpen);  // they were not given their minute
  EXPECT_EQ(verdict(20, 0, 61), Verdict::kBroken);
  EXPECT_EQ(verdict(20, 20, 60), Verdict::kBroken);
  EXPECT_EQ(verdict(19, 0, 1), Verdict::kOpen);
}

TEST(Promises, AHundredthOfUniform) {
  const auto verdict = [](uint64_t both, const std::vector<uint64_t>& uniform) {
    return AgainstUniform(Judge({Times(20, both), Times(20, 5), uniform})).verdict;
  };
  EXPECT_EQ(verdict(100'000, Times(20, 100'000)), Verdict::kNotAsked);
  EXPECT_EQ(verdict(2'000, Times(20, 200'000)), Verdict::kKept);
  EXPECT_EQ(verdict(2'001, Times(20, 200'000)), Verdict::kBroken);
  EXPECT_EQ(verdict(10'000, Times(20, 1, 20)), Verdict::kKept);  // uniform's is over 1,000,000
  EXPECT_EQ(verdict(10'001, Times(20, 1, 20)), Verdict::kOpen);
  EXPECT_EQ(AgainstUniform(Judge({{}, {5}, {5}})).with, std::nullopt);
}

TEST(Promises, TwiceTheBestStrategy) {
  const auto verdict = [](uint64_t both, uint64_t pct, uint64_t uniform, bool by_program = false) {
    return AgainstStrategies(
               Judge({Times(20, both), Times(20, pct), Times(20, uniform), 1, by_program}))
        .verdict;
  };
  EXPECT_EQ(verdict(900, 10, 1'000), Verdict::kNotAsked);
  EXPECT_EQ(verdict(20, 10, 1'001), Verdict::kKept);
  EXPECT_EQ(verdict(21, 10, 1'001), Verdict::kBroken);
  EXPECT_EQ(verdict(2'002, 5'000, 1'001), Verdict::kKept);
  EXPECT_EQ(verdict(10, 10, 1'000, true), Verdict::kNotAsked);
  EXPECT_EQ(verdict(9, 10, 1'001, true), Verdict::kKept);
  EXPECT_EQ(verdict(10, 10, 1'001, true), Verdict::kBroken);
  EXPECT_EQ(verdict(500'000, 1'000'000, 1'000'000), Verdict::kKept);
  EXPECT_EQ(verdict(1'000'000, 1'000'000, 1'000'000), Verdict::kOpen);
  EXPECT_EQ(verdict(1'000'000, 10, 1'000'000), Verdict::kBroken);
}

TEST(Summarize, RestrictsToWhatEveryWayReached) {
  std::vector<Record> runs;
  AddRuns(runs, kBoth, {10, 20, 30});
  AddRuns(runs, kUniform, {40, 1'000'000});
  runs.push_back({"d", "x86", kFirstStrategy, 1, false, 500, 500, 60, 1'000'000, 60, "c"});
  const DefectResult defect = Summarize(runs, {}).at(0);
  EXPECT_EQ(defect.schedules_limit, 500);
  // Uniform gave up after a second: no more is known of it.
  EXPECT_EQ(defect.seconds_limit, 1);
  runs.pop_back();
  EXPECT_EQ(Summarize(runs, {}).at(0).schedules_limit, 1'000'000);
  // Everything found: the cap, though an execution of many schedules may go beyond it.
  const DefectResult found = Summarize({{"d", "x86", kBoth, 1, true, 2, 32, 3, 20, 60, "c"},
                                        {"d", "x86", kBoth, 2, true, 1, 9, 2, 20, 60, "c"}},
                                       {})
                                 .at(0);
  EXPECT_EQ(found.schedules_limit, 20);
  EXPECT_EQ(found.seconds_limit, 3);
}

TEST(Short, KeepsFourFigures) {
  const std::vector<std::pair<double, std::string>> cases = {
      {0, "0"},           {1, "1"},
      {1542, "1542"},     {9999, "9999"},
      {10'000, "10.0k"},  {12'345, "12.3k"},
      {99'949, "99.9k"},  {99'960, "100k"},
      {999'960, "1.00M"}, {5'000'000, "5.00M"},
      {2e9, "2.00G"},     {0.0123, "0.012"},
      {0.5, "0.50"},      {1.234, "1.23"},
      {56.78, "56.8"},    {123.4, "123"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(Short(value), text);
}

TEST(Output, IsTheSameWhateverTheOrderOfTheRuns) {
  std::vector<Record> runs;
  std::mt19937 random(1);
  for (const std::string defect : {"late", "early"}) {
    for (size_t way = 0; way < kWays.size(); ++way) {
      for (uint64_t seed = 1; seed <= 20; ++seed) {
        const uint64_t n = 1 + random() % 3000;
        const double seconds = static_cast<double>(n) / 7;
        runs.push_back({defect, "x86", way, seed, n < 2500, n, n, seconds, 5000, 60, "c"});
      }
    }
  }
  const auto table = [](const std::vector<Record>& of) {
    return WriteTable(Summarize(of, {}), {});
  };
  const auto plot = [](const std::vector<Record>& of) { return WritePlot(Summarize(of, {})); };
  const std::string first_table = table(runs), first_plot = plot(runs);
  for (int i = 0; i < 5; ++i) {
    std::shuffle(runs.begin(), runs.end(), random);
    EXPECT_EQ(table(runs), first_table);
    EXPECT_EQ(plot(runs), first_plot);
  }
  EXPECT_LT(first_table.find("| early | x86 |"), first_table.find("| late | x86 |"));
}

TEST(Output, SaysWhatWasMeasuredAndWhatWasNotFound) {
  std::vector<Record> runs;
  AddRuns(runs, kBoth, {10, 10, 10});
  AddRuns(runs, kUniform, {10, 1'000'000, 1'000'000});
  Labels labels;
  labels.cpu = "a | b";
  const std::string table = WriteTable(Summarize(runs, {}), labels);
  EXPECT_THAT(table, HasSubstr("| unknown | a \\| b |"));
  EXPECT_THAT(table, HasSubstr("| d | x86 | **10** | &gt;1.00M (1/3) |"));
  EXPECT_THAT(table, HasSubstr("| uniform | c | 1000000 | 60 | 3 |"));
  // (10 + 2 * 1,000,000) / 3, and the variance of thirds.
  EXPECT_THAT(table, HasSubstr("| d | x86 | 1.00M | 10 ± 0 | 667k ± 533k |"));
  EXPECT_THAT(table, HasSubstr("| 3/3, open | &lt;1.0e-05 of uniform, pass |"));
  const std::string plot = WritePlot(Summarize(runs, {}));
  EXPECT_THAT(plot, HasSubstr("class='h w11'"));
  EXPECT_THAT(plot, HasSubstr("class='f w0'"));
  EXPECT_THAT(plot, HasSubstr(">1/3</text>"));
  EXPECT_THAT(plot, Not(HasSubstr(">3/3</text>")));
}

}  // namespace
}  // namespace gatherfuzz::survival
