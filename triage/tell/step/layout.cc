// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/step/layout.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "explore/io/strings.h"

namespace gatherfuzz {
namespace {

constexpr int kLeastColumns = 40, kLeastRows = 8;
constexpr int kColumnsForBoth = 140;
constexpr int kLeastState = 2;
constexpr size_t kNumber = 8, kLeastLane = 24;  // columns
constexpr size_t kLabel = 8;                    // of the name of a group of facts

std::string TextOf(const Fact& fact) {
  const std::string now = fact.now.empty() ? "none" : fact.now;
  std::string text = absl::StrCat(fact.changed() ? "*" : "", fact.name, " ", now);
  if (fact.changed()) {
    absl::StrAppend(&text, " (was ", fact.was.empty() ? "none" : fact.was, ")");
  }
  return text;
}

Style StyleOf(const Fact& fact) {
  return fact.stale ? Style::kBad : fact.changed() ? Style::kBold : Style::kPlain;
}

}  // namespace

Parts PartsOf(WindowSize size, int state_rows) {
  Parts parts;
  parts.too_small = size.columns < kLeastColumns || size.rows < kLeastRows;
  parts.beside = size.columns >= kColumnsForBoth;
  const int rows = size.rows - 3;
  parts.steps = parts.state = size;
  if (parts.beside) {
    parts.steps.rows = parts.state.rows = rows;
    parts.steps.columns = size.columns * 11 / 20;
    parts.state.columns = size.columns - parts.steps.columns - 2;
  } else {
    parts.state.rows = std::min(rows / 2, std::max(state_rows, kLeastState));
    parts.steps.rows = rows - parts.state.rows;
  }
  return parts;
}

std::vector<size_t> LanesFor(size_t cpus, size_t columns) {
  std::vector<size_t> lanes;
  const size_t width = cpus == 0 || columns < kNumber ? 0 : (columns - kNumber) / cpus;
  for (size_t i = 0; width >= kLeastLane && i < cpus; ++i) lanes.push_back(kNumber + i * width);
  return lanes;
}

Screen LinesOf(const std::vector<Fact>& facts, size_t columns) {
  Screen lines;
  std::string group;
  for (const Fact& fact : facts) {
    const std::string text = TextOf(fact);
    const bool begins = fact.group != group;
    const bool fits = !lines.empty() && lines.back().width() + 2 + text.size() <= columns;
    if (!begins && fits) {
      lines.back().Add("  ").Add(text, StyleOf(fact));
      continue;
    }
    std::string label = std::exchange(group, fact.group) == fact.group ? "" : fact.group;
    for (const absl::string_view part : absl::StrSplit(Wrapped(text, 0, columns - kLabel), '\n')) {
      lines.emplace_back(absl::StrFormat("%-*s", kLabel, std::exchange(label, "")), Style::kDim);
      lines.back().Add(std::string_view(part.data(), part.size()), StyleOf(fact));
    }
  }
  return lines;
}

Screen FitTo(Screen screen, WindowSize size) {
  screen.resize(static_cast<size_t>(size.rows));
  for (ScreenLine& line : screen) {
    line.CutAt(static_cast<size_t>(size.columns));
    if (line.is_bar()) line.PadTo(static_cast<size_t>(size.columns));
  }
  return screen;
}

Screen Scrolled(Screen lines, WindowSize size, int& from) {
  const int count = static_cast<int>(lines.size());
  if (count <= size.rows) {
    from = 0;
    return FitTo(std::move(lines), size);
  }
  const int most = size.rows - 1;
  from = std::clamp(from, 0, count - most);
  int first = from;
  if (from == 0) {
    const auto changed = std::find_if(lines.begin(), lines.end(), [](const ScreenLine& line) {
      return line.Plain().find(" *") != std::string::npos;
    });
    const int at = changed == lines.end() ? 0 : static_cast<int>(changed - lines.begin());
    if (at >= most) first = at - most + 1;
  }
  Screen shown(lines.begin() + first, lines.begin() + first + most);
  shown.emplace_back(
      absl::StrCat("lines ", first + 1, " to ", first + most, " of ", count, ": space b scroll"),
      Style::kDim);
  return FitTo(std::move(shown), size);
}

Screen Beside(const Screen& left, const Screen& right, int left_columns) {
  Screen screen = left;
  for (size_t i = 0; i < screen.size(); ++i) {
    screen[i].PadTo(static_cast<size_t>(left_columns));
    screen[i].Add("| ", Style::kDim);
    if (i < right.size()) screen[i].Append(right[i]);
  }
  return screen;
}

}  // namespace gatherfuzz
