// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/step/screen.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace gatherfuzz {
namespace {

// The parameters of "select graphic rendition".
const char* Rendition(Style style, bool colours) {
  switch (style) {
    case Style::kPlain: return "0";
    case Style::kDim: return "0;2";
    case Style::kBold: return "0;1";
    case Style::kBad: return colours ? "0;1;31" : "0;1";
    case Style::kHardware: return colours ? "0;35" : "0";
    case Style::kBar: return "0;7";
  }
  return "0";
}

}  // namespace

ScreenLine& ScreenLine::Add(std::string_view text, Style style) {
  std::string clean(text);
  std::replace_if(clean.begin(), clean.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  if (!clean.empty()) spans_.push_back({std::move(clean), style});
  return *this;
}

size_t ScreenLine::width() const {
  size_t width = 0;
  for (const Span& span : spans_) width += span.text.size();
  return width;
}

void ScreenLine::PadTo(size_t column) {
  const size_t at = width();
  if (at >= column) return;
  Add(std::string(column - at, ' '), is_bar() ? Style::kBar : Style::kPlain);
}

void ScreenLine::CutAt(size_t columns) {
  size_t over = width();
  if (over <= columns) return;
  over -= columns;
  while (!spans_.empty() && spans_.back().text.size() <= over) {
    over -= spans_.back().text.size();
    spans_.pop_back();
  }
  if (spans_.empty()) return;
  std::string& last = spans_.back().text;
  last.resize(last.size() - over);
  last.back() = '>';
}

void ScreenLine::Append(const ScreenLine& line) {
  spans_.insert(spans_.end(), line.spans_.begin(), line.spans_.end());
}

std::string ScreenLine::Plain() const {
  std::string text;
  for (const Span& span : spans_) text += span.text;
  text.resize(text.find_last_not_of(' ') + 1);
  return text;
}

std::string ScreenLine::Ansi(bool colours) const {
  std::string text;
  for (const Span& span : spans_) {
    absl::StrAppend(&text, "\033[", Rendition(span.style, colours), "m", span.text);
  }
  return text + "\033[0m";
}

std::string PlainText(const Screen& screen) {
  std::string text;
  for (const ScreenLine& line : screen) absl::StrAppend(&text, line.Plain(), "\n");
  return text;
}

std::string AnsiText(const Screen& screen, bool colours) {
  std::string text = "\033[H";
  for (size_t i = 0; i < screen.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : "\r\n", "\033[2K", screen[i].Ansi(colours));
  }
  return text + "\033[J";
}

}  // namespace gatherfuzz
