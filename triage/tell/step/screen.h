// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A screen of text: lines of spans, each in a style. As plain text, or as what a terminal takes.
//
// All is ASCII, one column a byte. Styles carry no meaning that the text does not have as well.
#ifndef GATHERFUZZ_TRIAGE_TELL_STEP_SCREEN_H_
#define GATHERFUZZ_TRIAGE_TELL_STEP_SCREEN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gatherfuzz {

enum class Style : uint8_t {
  kPlain,
  kDim,       // what plays no part
  kBold,      // heads, and what a step changed
  kBad,       // the violation, and what is stale
  kHardware,  // walks and deliveries
  kBar,       // reversed, up to the edge
};

class ScreenLine {
 public:
  ScreenLine() = default;
  explicit ScreenLine(std::string_view text, Style style = Style::kPlain) { Add(text, style); }

  // What is not printable ASCII becomes '?'.
  ScreenLine& Add(std::string_view text, Style style = Style::kPlain);
  // Blanks up to this column.
  void PadTo(size_t column);
  // Cuts what is beyond this column; '>' then stands in the last one.
  void CutAt(size_t columns);
  // Behind this line, those spans.
  void Append(const ScreenLine& line);
  size_t width() const;
  bool is_bar() const { return !spans_.empty() && spans_.back().style == Style::kBar; }

  std::string Plain() const;
  std::string Ansi(bool colours) const;

 private:
  struct Span {
    std::string text;
    Style style;
  };
  std::vector<Span> spans_;
};

using Screen = std::vector<ScreenLine>;

// Lines without blanks at their ends; ends in '\n'.
std::string PlainText(const Screen& screen);

// Draws over what is there, from the top left corner. Without colours, bold, dim and reversed.
std::string AnsiText(const Screen& screen, bool colours);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_STEP_SCREEN_H_
