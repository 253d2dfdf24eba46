// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "command/junit.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "explore/io/files.h"
#include "explore/io/strings.h"

namespace gatherfuzz {
namespace {

// As the value of an attribute; a name may have what XML cannot.
std::string Quoted(const std::string& text) {
  return absl::StrCat(
      "\"",
      absl::StrReplaceAll(Printable(text),
                          {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}}),
      "\"");
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
    for (const std::string& why : it.failures) {
      absl::StrAppend(&text, "\n  <failure message=", Quoted(why), "/>");
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
