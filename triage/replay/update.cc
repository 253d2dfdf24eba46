// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/replay/update.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "explore/io/strings.h"

namespace gatherfuzz {
namespace {

// Whether the verdict may be written: a kind or none, of a policy that may be broken.
bool MayBeWritten(const PolicyVerdict& verdict) {
  const Policy& policy = *verdict.policy;
  return !verdict.result.limit && !verdict.difference && !policy.foreign() && !verdict.held_safe;
}

// The words of a line up to a comment, and where that begins.
struct Line {
  std::vector<std::string_view> words;
  std::string_view comment;
};

Line Split(std::string_view text) {
  Line line;
  size_t at = 0;
  while ((at = text.find_first_not_of(" \t\r", at)) != text.npos) {
    const size_t end = std::min(text.find_first_of(" \t\r", at), text.size());
    if (text[at] == '#') {
      line.comment = text.substr(at, text.find_last_not_of(" \t\r") + 1 - at);
      break;
    }
    line.words.push_back(text.substr(at, end - at));
    at = end;
  }
  return line;
}

bool EndsHead(std::string_view word) {
  return word == "init" || word == "order" || word == "kswapd" || word.starts_with("walk") ||
         (word.starts_with("cpu") && word != "cpus");
}

bool IsUnder(const Line& line) {
  return line.words.size() > 2 && line.words[0] == "expect" && line.words[2] == "under";
}

// A file's lines without those that are written anew, and where these belong.
struct Rest {
  std::vector<std::string_view> lines;                                  // each with its end
  size_t place = 0;                                                     // an index of `lines`
  std::vector<std::pair<std::string_view, std::string_view>> comments;  // by kind
};

Rest WithoutUnder(std::string_view text) {
  Rest rest;
  std::optional<size_t> first, expect;
  size_t after_head = 0;
  bool in_head = true;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view whole = text.substr(0, end);
    text.remove_prefix(end);
    const Line line = Split(whole.substr(0, whole.find('\n')));
    in_head = in_head && (line.words.empty() || !EndsHead(line.words[0]));
    if (in_head && IsUnder(line)) {
      if (!first) first = rest.lines.size();
      if (!line.comment.empty()) rest.comments.emplace_back(line.words[1], line.comment);
      continue;
    }
    rest.lines.push_back(whole);
    if (!in_head || line.words.empty()) continue;
    after_head = rest.lines.size();
    if (line.words[0] == "expect") expect = after_head;
  }
  rest.place = first ? *first : expect.value_or(after_head);
  return rest;
}

// The new lines, with the comments of the old: on the line of the same kind, or on their own.
std::string NewLines(const ExpectUnder& expect, Rest& rest, std::string_view line_end) {
  std::string text;
  for (const ExpectLine& line : PrintExpectUnder(expect)) {
    text += line.text;
    const auto comment =
        std::find_if(rest.comments.begin(), rest.comments.end(),
                     [&](const auto& it) { return it.first == Info(line.kind).name; });
    if (comment != rest.comments.end()) {
      absl::StrAppend(&text, "  ", Absl(comment->second));
      rest.comments.erase(comment);
    }
    text += line_end;
  }
  for (const auto& [kind, comment] : rest.comments) {
    absl::StrAppend(&text, Absl(comment), Absl(line_end));
  }
  return text;
}

}  // namespace

absl::StatusOr<ExpectUnder> UpdatedExpectations(const ScheduleFile& file,
                                                std::span<const PolicyVerdict> verdicts) {
  ExpectUnder updated = file.expect_under;
  ExpectUnder seen;  // on the architectures before
  for (const PolicyVerdict& verdict : verdicts) {
    const std::string name(verdict.policy->name());
    if (name == file.policy) continue;
    const ViolationKind kind = verdict.result.violation.kind;
    if (!verdict.result.limit && !seen.emplace(name, kind).second && seen[name] != kind) {
      return absl::InvalidArgumentError(absl::StrCat(
          "names no architecture, and ", name, " does not do the same on each; say 'arch ...'"));
    }
    if (!MayBeWritten(verdict)) continue;
    const auto before = file.expect_under.find(name);
    if (before != file.expect_under.end() && before->second == kind) continue;
    // None need not be said, but of a policy that counts only where it is named.
    const bool published = verdict.policy->group() == PolicyGroup::kPublished;
    if (kind == ViolationKind::kNone && published) {
      updated.erase(name);
    } else {
      updated[name] = kind;
    }
  }
  return updated;
}

std::string WithExpectUnder(std::string_view text, const ExpectUnder& expect) {
  Rest rest = WithoutUnder(text);
  const size_t first_end = text.find('\n');
  const bool windows = first_end != text.npos && first_end > 0 && text[first_end - 1] == '\r';
  const std::string_view line_end = windows ? "\r\n" : "\n";
  std::string updated;
  for (size_t i = 0; i <= rest.lines.size(); ++i) {
    if (i == rest.place) {
      if (!updated.empty() && updated.back() != '\n') updated += line_end;
      updated += NewLines(expect, rest, line_end);
    }
    if (i < rest.lines.size()) updated += rest.lines[i];
  }
  return updated;
}

absl::StatusOr<bool> UpdateFile(const std::string& path, ScheduleFile& file,
                                std::span<const PolicyVerdict> verdicts) {
  absl::StatusOr<ExpectUnder> updated = UpdatedExpectations(file, verdicts);
  if (!updated.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", updated.status().message()));
  }
  if (*updated == file.expect_under) return false;
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  const std::string written = WithExpectUnder(*text, *updated);
  file.expect_under = *std::move(updated);
  const auto parsed = ParseText(written);
  const auto* const again = std::get_if<ScheduleFile>(&parsed);
  if (again == nullptr || *again != file) {
    return absl::InternalError(absl::StrCat(path,
                                            ": left as it is, since it would not be the same "
                                            "with other 'expect ... under' lines"));
  }
  const absl::Status status = WriteFile(path, written);
  if (!status.ok()) return status;
  return true;
}

}  // namespace gatherfuzz
