// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "command/junit.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "explore/io/files.h"
#include "explore/io/strings.h"

namespace gatherfuzz {
namespace {

// A name may have what XML cannot.
std::string Escaped(absl::string_view text) {
  return absl::StrReplaceAll(Printable({text.data(), text.size()}),
                             {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

// As the value of an attribute.
std::string Quoted(const std::string& text) { return absl::StrCat("\"", Escaped(text), "\""); }

// As what stands in an element.
std::string Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) lines.push_back(Escaped(line));
  return absl::StrJoin(lines, "\n");
}

}  // namespace

absl::Status JUnit::Write(const std::string& path) const {
  if (path.empty()) return absl::OkStatus();
  const auto count = [&](auto of) { return std::count_if(cases_.begin(), cases_.end(), of); };
  const std::string counts =
      absl::StrCat(" name=", Quoted(suite_), " tests=\"", cases_.size(), "\" failures=\"",
                   count([](const Case& it) { return !it.failures.empty(); }), "\" errors=\"",
                   count([](const Case& it) { return !it.error.empty(); }), "\" skipped=\"",
                   count([](const Case& it) { return !it.skipped.empty(); }), "\">\n");
  std::string text = absl::StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", counts,
                                  "<testsuite", counts);
  for (const Case& it : cases_) {
    absl::StrAppend(&text, "<testcase classname=", Quoted(suite_), " name=", Quoted(it.name), ">");
    for (const auto& [why, details] : it.failures) {
      absl::StrAppend(&text, "\n  <failure message=", Quoted(why),
                      details.empty() ? "/>" : absl::StrCat(">", Lines(details), "</failure>"));
    }
    if (!it.error.empty()) {
      absl::StrAppend(&text, "\n  <error message=", Quoted(it.error), "/>");
    }
    if (!it.skipped.empty()) {
      absl::StrAppend(&text, "\n  <skipped message=", Quoted(it.skipped), "/>");
    }
    absl::StrAppend(&text, "</testcase>\n");
  }
  return WriteFile(path, absl::StrCat(text, "</testsuite>\n</testsuites>\n"));
}

}  // namespace gatherfuzz
