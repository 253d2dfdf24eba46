// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/gtest/test_source.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "harness/cause.h"
#include "triage/tell/explain/summary.h"

namespace gatherfuzz {
namespace {

constexpr size_t kColumns = 100;

std::string Printable(std::string text) {
  for (char& c : text) {
    if (!absl::ascii_isprint(static_cast<unsigned char>(c))) c = '?';
  }
  return text;
}

// "stale-after-return" -> "StaleAfterReturn": a part of an identifier.
std::string Identifier(const std::string& text) {
  std::string name;
  bool begins = true;
  for (const char c : text) {
    const auto letter = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(letter)) name += begins ? absl::ascii_toupper(letter) : c;
    begins = !absl::ascii_isalnum(letter);
  }
  return name;
}

// "-" is standard input, which has no name.
std::string FileName(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name == "-" ? "standard input" : name;
}

// Lines of comment, with all the words of `text`. A backslash at the end of one would go on in the
// next line.
std::string Comment(const std::string& text) {
  std::string comment, line = "//";
  for (const absl::string_view word : absl::StrSplit(Printable(text), ' ', absl::SkipEmpty())) {
    if (line.size() + 1 + word.size() > kColumns) {
      absl::StrAppend(&comment, line, "\n");
      line = "//";
    }
    absl::StrAppend(&line, " ", word);
  }
  return absl::StrReplaceAll(comment + line, {{"\\", "/"}}) + "\n";
}

std::string VerdictName(const RunResult& result) {
  return result.limit ? "limit" : std::string(Info(result.violation.kind).name);
}

// The schedule as tests write it: what the test itself says is left out.
std::string Literal(ScheduleFile file) {
  file.policy.clear();
  file.arch.clear();
  file.expect.reset();
  std::string text = "\n";
  for (const absl::string_view line : absl::StrSplit(PrintText(file), '\n', absl::SkipEmpty())) {
    absl::StrAppend(&text, "    ", Printable(std::string(line)), "\n");
  }
  std::string delimiter;  // one that nothing in the text can end
  for (int i = 1; text.find(absl::StrCat(")", delimiter, "\"")) != text.npos; ++i) {
    delimiter = absl::StrCat("text", i);
  }
  return absl::StrCat("R\"", delimiter, "(", text, ")", delimiter, "\"");
}

// A string literal for each part, one a line.
std::string SignatureConstant(const std::string& signature) {
  const std::vector<std::string> parts = absl::StrSplit(signature, '+');
  const std::string literals = absl::StrCat("\"", absl::StrJoin(parts, "\"\n    \"+"), "\"");
  return absl::StrCat("constexpr std::string_view kSignature =", parts.size() > 1 ? "\n    " : " ",
                      literals, ";\n\n");
}

// "TEST(FullMmOnX86, NoViolationInTheMail) {", on one line, however long the name of the file is.
std::string TestHead(const std::string& name, const ScheduleFile& file, const Trace& trace) {
  const std::string verdict = VerdictName(trace.result);
  const std::string head =
      absl::StrCat("TEST(", Identifier(file.policy), "On", Identifier(file.arch), ", ",
                   Identifier(verdict == "none" ? "no violation" : verdict), "In");
  const size_t room = kColumns - std::min(kColumns, head.size() + 3);
  return absl::StrCat(head, Identifier(name.substr(0, name.rfind('.'))).substr(0, room), ") {\n");
}

// The test itself: the signature, if there is one, and the expectations.
std::string Test(const std::string& name, const ScheduleFile& file, const Trace& trace) {
  const bool violates = trace.result.violation.kind != ViolationKind::kNone;
  const std::string expectation =
      absl::StrCat("  const Schedule schedule = FromText(kSchedule).schedule;\n",
                   violates ? "  ASSERT_EQ" : "  EXPECT_EQ", "(Verdict(schedule, \"", file.policy,
                   "\", \"", file.arch, "\"), \"", VerdictName(trace.result), "\");\n");
  const std::string head = TestHead(name, file, trace);
  if (!violates) return absl::StrCat(head, expectation, "}\n");
  const std::string record = absl::StrCat("Record(execution, schedule, *FindPolicy(\"", file.policy,
                                          "\"), *FindArch(\"", file.arch, "\"));\n");
  const std::string trace_is = "  const Trace trace =";
  const bool fits = trace_is.size() + record.size() <= kColumns;  // a blank more, no end of line
  return absl::StrCat(SignatureConstant(Signature(trace)), head, expectation,
                      "  static Execution execution;\n", trace_is, fits ? " " : "\n      ", record,
                      "  EXPECT_EQ(Signature(schedule, trace), kSignature);\n}\n");
}

}  // namespace

std::string TestSourceOf(const std::string& path, const ScheduleFile& file, const Trace& trace) {
  const bool violates = trace.result.violation.kind != ViolationKind::kNone;
  const std::string name = FileName(path);
  const std::string what = violates ? VerdictName(trace.result) + " in " + CallInQuestion(trace)
                           : trace.result.limit ? "A run that comes to the limit of steps"
                                                : "A run without a violation";
  return absl::StrCat(
      "// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0\n",
      Comment(absl::StrCat(what, " under ", file.policy, " on ", file.arch, ".")),
      Comment(absl::StrCat("Written by 'gatherfuzz export --gtest' from ", name, ".")),
      "#include <gtest/gtest.h>\n\n#include <string_view>\n\n",
      violates ? "#include \"harness/cause.h\"\n#include \"harness/trace.h\"\n" : "",
      "#include \"tests/support.h\"\n\nnamespace gatherfuzz {\nnamespace {\n\n",
      "constexpr std::string_view kSchedule = ", Literal(file), ";\n\n", Test(name, file, trace),
      "\n}  // namespace\n}  // namespace gatherfuzz\n");
}

}  // namespace gatherfuzz
