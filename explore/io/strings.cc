// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/io/strings.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace gatherfuzz {

std::string Wrapped(std::string_view text, size_t indent, size_t width) {
  std::string lines;
  size_t column = indent;
  for (const absl::string_view word : absl::StrSplit(Absl(text), ' ')) {
    if (column > indent && column + 1 + word.size() > width) {
      lines += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!lines.empty()) {
      lines += ' ';
      ++column;
    }
    lines.append(word.data(), word.size());
    column += word.size();
  }
  return lines;
}

namespace {

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         absl::StrContains("_-./,:=+@%", std::string(1, c));
}

}  // namespace

std::string Printable(std::string_view text) {
  const bool clean = std::none_of(text.begin(), text.end(), IsControl);
  return clean ? std::string(text) : absl::Utf8SafeCHexEscape(Absl(text));
}

std::string ShellWord(std::string_view text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), IsPlain)) return std::string(text);
  const bool clean = std::none_of(text.begin(), text.end(), IsControl);
  if (!clean) return absl::StrCat("$'", absl::CHexEscape(Absl(text)), "'");
  return absl::StrCat("'", absl::StrReplaceAll(Absl(text), {{"'", "'\\''"}}), "'");
}

std::string Counted(uint64_t count, const char* what) {
  return absl::StrCat(count, " ", what, count == 1 ? "" : "s");
}

}  // namespace gatherfuzz
