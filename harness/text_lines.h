// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A text read line by line, word by word, and where in it something else was expected.
//
// Words are separated by blanks, tabs and carriage returns; a '#' that begins a word begins a
// comment. Lines without a word are passed over. Base of the parser of the text form.
#ifndef GATHERFUZZ_HARNESS_TEXT_LINES_H_
#define GATHERFUZZ_HARNESS_TEXT_LINES_H_

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "harness/nearest.h"
#include "harness/text.h"

namespace gatherfuzz {

constexpr bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

class TextLines {
 public:
  using Names = std::vector<std::string_view>;

  explicit TextLines(std::string_view text)
      : text_(text.substr(text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0)) {}

 protected:
  size_t size() const { return text_.size(); }
  const TextError& error() const { return error_; }

  // Moves to the next line that has a word.
  bool NextLine() {
    while (next_ < text_.size()) {
      const size_t end = std::min(text_.find('\n', next_), text_.size());
      line_ = text_.substr(next_, end - next_);
      next_ = end + 1;
      if (line_.ends_with('\r')) line_.remove_suffix(1);
      ++line_number_;
      at_ = 0;
      if (!Peek().empty()) return true;
    }
    return false;
  }

  // Whether a '#' that comes next is an occurrence, as in `until pte_clear #3`, not a comment.
  bool AtOccurrence() {
    while (at_ < line_.size() && IsBlank(line_[at_])) ++at_;
    return at_ + 1 < line_.size() && line_[at_] == '#' && '0' <= line_[at_ + 1] &&
           line_[at_ + 1] <= '9';
  }

  // The next word of the line, without taking it; empty at the end of the line or at a comment.
  std::string_view Peek() {
    while (at_ < line_.size() && IsBlank(line_[at_])) ++at_;
    if (at_ == line_.size() || line_[at_] == '#') return {};
    return Word();
  }
  std::string_view Word() const {
    size_t end = at_;
    while (end < line_.size() && !IsBlank(line_[end])) ++end;
    return line_.substr(at_, end - at_);
  }
  std::string_view Take() {
    const std::string_view word = Peek();
    at_ += word.size();
    return word;
  }

  bool Fail(std::string expected) {
    error_ = {std::max(line_number_, 1), static_cast<int>(at_) + 1, std::move(expected),
              std::string(line_), ""};
    return false;
  }
  int line_number() const { return line_number_; }
  bool FailAt(std::string_view word, std::string expected) {
    at_ = static_cast<size_t>(word.data() - line_.data());
    return Fail(std::move(expected));
  }
  // At a word that is none of the names.
  bool FailNear(std::string_view word, std::string expected, const Names& names) {
    word.empty() ? Fail(std::move(expected)) : FailAt(word, std::move(expected));
    error_.meant = Nearest(word, names);
    return false;
  }
  bool End() { return Peek().empty() || Fail("the end of the line"); }

  // The line, and the place in it.
  std::string_view line_;
  size_t at_ = 0;

 private:
  const std::string_view text_;
  size_t next_ = 0;  // where the next line begins
  int line_number_ = 0;
  TextError error_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_TEXT_LINES_H_
