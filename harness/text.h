// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A schedule as text: what a person writes and what the corpus keeps. docs/schedule-format.md is
// the reference of the grammar. It round-trips: ParseText(PrintText(f)) == f for canonical f.
#ifndef GATHERFUZZ_HARNESS_TEXT_H_
#define GATHERFUZZ_HARNESS_TEXT_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/schedule.h"
#include "model/violation.h"

namespace gatherfuzz {

inline constexpr int kTextVersion = 1;
inline constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // skipped at the start

// Verdicts by the name of a policy, which need not be one that this build has.
using ExpectUnder = std::map<std::string, ViolationKind, std::less<>>;

// A schedule, and what its file says of it. An empty name means that the file does not say.
struct ScheduleFile {
  std::string intent;  // what the test is for; lines are separated by '\n'
  std::string policy;
  std::string arch;
  std::optional<ViolationKind> expect;  // under its own policy
  ExpectUnder expect_under;             // under others
  Schedule schedule;
  friend bool operator==(const ScheduleFile&, const ScheduleFile&) = default;
};

struct TextError {
  int line = 0;           // counted from 1
  int column = 0;         // counted from 1, in bytes
  std::string expected;   // what should have stood there
  std::string line_text;  // the whole line
  std::string meant;      // the name that it most likely should have been; mostly empty
};

// "FILE:3:7: expected ...", the line, and a caret below the place; no newline at the end.
std::string FormatError(std::string_view file, const TextError& error);

// Whether `content` is meant as text, well formed or not: it holds no NUL, and a line of it begins
// with a word that the text form has there. Bytes that an engine made do not.
bool LooksLikeText(std::string_view content);

// What is well formed and still most likely not meant: a line of `init` that is ignored, an
// operation that is passed over.
struct TextWarning {
  int line = 0;  // counted from 1
  std::string text;
};
// What else is known of a text that was read.
struct TextNotes {
  std::vector<TextWarning> warnings;  // by line
  std::vector<int> order_lines;       // of each entry of the order
};

// The schedule is canonical (see Canonicalize).
std::variant<ScheduleFile, TextError> ParseText(std::string_view text, TextNotes* notes = nullptr);

std::string PrintText(const ScheduleFile& file);

// One line each, as they stand in the text form.
std::string PrintOp(const Op& op);
std::string PrintRun(const Run& run, int kswapd = -1, bool rcu = false);

// "expect KIND under POLICY...": a line for each kind, by kind, and its policies by name.
struct ExpectLine {
  ViolationKind kind;
  std::string text;
};
std::vector<ExpectLine> PrintExpectUnder(const ExpectUnder& expect);

// The kind or point of that name.
std::optional<ViolationKind> ParseViolationKind(std::string_view name);
std::optional<Point> ParsePoint(std::string_view name);

// "pmd_clear", as strong as it can be, or "pmd_clear:release": adds that to what is strengthened;
// false for what is no step that has an order, and for an order that it cannot have.
bool ParseStrengthened(std::string_view word, OrderChanges& orders);
// Those words, by number of step.
std::vector<std::string> PrintStrengthened(const OrderChanges& orders);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_TEXT_H_
