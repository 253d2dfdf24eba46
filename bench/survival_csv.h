// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The results file that scripts/survival writes and bench/survival reads: a line for each run.
//
//   defect,arch,way,seed,found,executions,schedules,seconds,cap_schedules,cap_seconds,commit
//
// `found` is 1 if the run ended with the first violation, at the given executions, schedules and
// seconds, and 0 if it gave up there. A cap of 0 is none. No quotes, no blanks, and every line
// ends; a file that is anything else is refused with the number of the line.
#ifndef GATHERFUZZ_BENCH_SURVIVAL_CSV_H_
#define GATHERFUZZ_BENCH_SURVIVAL_CSV_H_

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace gatherfuzz::survival {

// In the order in which tables and plots show them.
inline constexpr std::array<std::string_view, 12> kWays = {"libfuzzer+both",
                                                           "libfuzzer+mutator",
                                                           "libfuzzer+features",
                                                           "libfuzzer",
                                                           "afl+both",
                                                           "afl",
                                                           "pct",
                                                           "pos",
                                                           "surw",
                                                           "landmark",
                                                           "runs",
                                                           "uniform"};
inline constexpr size_t kBoth = 0, kFirstStrategy = 6, kUniform = 11;
static_assert(kWays[kFirstStrategy] == "pct" && kWays[kUniform] == "uniform");

inline constexpr std::string_view kHeader =
    "defect,arch,way,seed,found,executions,schedules,seconds,cap_schedules,cap_seconds,commit";

struct Record {
  std::string defect, arch;
  size_t way;  // index into kWays
  uint64_t seed;
  bool found;
  uint64_t executions, schedules;
  double seconds;
  uint64_t cap_schedules, cap_seconds;
  std::string commit;
};

namespace csv {

inline bool IsName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '+';
  });
}

inline bool ParseWhole(std::string_view text, uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

inline bool ParseSeconds(std::string_view text, double& value) {
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  return error == std::errc() && end == text.data() + text.size() && value >= 0 && value < 1e9;
}

// Splits at commas; returns how many fields there are, of which the first eleven are kept.
inline size_t Split(std::string_view line, std::array<std::string_view, 11>& fields) {
  size_t count = 0;
  for (;;) {
    const size_t comma = line.find(',');
    if (count < fields.size()) fields[count] = line.substr(0, comma);
    ++count;
    if (comma == std::string_view::npos) return count;
    line.remove_prefix(comma + 1);
  }
}

inline std::string NotA(std::string_view field, std::string_view what, std::string_view got) {
  return std::string(field) + " is not " + std::string(what) + ": '" + std::string(got) + "'";
}

// What is wrong with the line, or nothing.
inline std::string ParseRun(std::string_view line, Record& run) {
  std::array<std::string_view, 11> f;
  if (const size_t count = Split(line, f); count != f.size()) {
    return std::to_string(count) + " fields where 11 belong";
  }
  if (!IsName(f[0])) return NotA("defect", "a name", f[0]);
  if (!IsName(f[1])) return NotA("arch", "a name", f[1]);
  const auto way = std::find(kWays.begin(), kWays.end(), f[2]);
  if (way == kWays.end()) return NotA("way", "a way to search", f[2]);
  if (!ParseWhole(f[3], run.seed)) return NotA("seed", "a whole number", f[3]);
  if (f[4] != "0" && f[4] != "1") return NotA("found", "0 or 1", f[4]);
  if (!ParseWhole(f[5], run.executions)) return NotA("executions", "a whole number", f[5]);
  if (!ParseWhole(f[6], run.schedules)) return NotA("schedules", "a whole number", f[6]);
  if (!ParseSeconds(f[7], run.seconds)) return NotA("seconds", "a number of seconds", f[7]);
  if (!ParseWhole(f[8], run.cap_schedules)) return NotA("cap_schedules", "a whole number", f[8]);
  if (run.cap_schedules == 0) return "cap_schedules is 0";
  if (!ParseWhole(f[9], run.cap_seconds)) return NotA("cap_seconds", "a whole number", f[9]);
  if (!IsName(f[10])) return NotA("commit", "a name", f[10]);
  run.commit = f[10];
  run.defect = f[0];
  run.arch = f[1];
  run.way = static_cast<size_t>(way - kWays.begin());
  run.found = f[4] == "1";
  if (run.found && (run.schedules == 0 || run.executions == 0)) return "found by no schedule";
  return {};
}

}  // namespace csv

// Appends the runs of `text`. Returns what is wrong, with the number of the line, or nothing.
inline std::string ParseRuns(std::string_view text, std::vector<Record>& runs) {
  std::set<std::tuple<std::string, std::string, size_t, uint64_t>> seen;
  size_t number = 0;
  while (!text.empty()) {
    const std::string place = "line " + std::to_string(++number) + ": ";
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return place + "it does not end; was the writer stopped?";
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (number == 1) {
      if (line != kHeader) return place + "not the header, which is " + std::string(kHeader);
      continue;
    }
    Record run;
    if (const std::string wrong = csv::ParseRun(line, run); !wrong.empty()) return place + wrong;
    if (!seen.insert({run.defect, run.arch, run.way, run.seed}).second) {
      return place + "this run has a line already";
    }
    runs.push_back(run);
  }
  return number == 0 ? "line 1: no header; the file is empty" : std::string();
}

}  // namespace gatherfuzz::survival

#endif  // GATHERFUZZ_BENCH_SURVIVAL_CSV_H_
