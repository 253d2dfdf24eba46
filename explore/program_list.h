// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The programs within several bounds, one after the other, as one sequence.
//
// No single bounds hold every policy that is known to be broken: one needs huge pages, another
// three CPUs and five calls. So what is explored is a list of bounds, smallest programs first. A
// program that is within two of them comes twice.
#ifndef GATHERFUZZ_EXPLORE_PROGRAM_LIST_H_
#define GATHERFUZZ_EXPLORE_PROGRAM_LIST_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "explore/programs.h"

namespace gatherfuzz {

// A list that has a name.
struct NamedBounds {
  std::string_view name;
  std::string_view help;
  std::string_view bounds;
};
std::span<const NamedBounds> AllNamedBounds();

class ProgramList {
 public:
  struct Part {
    std::string given;  // the bounds as they were given
    Programs programs;
    uint64_t first;  // index of the part's first program
  };

  // `text` is bounds (bounds.h) separated by ';', or a name. Else what is wrong with it.
  static std::variant<ProgramList, std::string> Parse(std::string_view text);

  const std::vector<Part>& parts() const { return parts_; }
  uint64_t size() const { return size_; }
  uint64_t before_symmetry() const;
  // The program, with an empty order and a plain tail. index < size().
  Schedule At(uint64_t index) const;
  const Part& PartOf(uint64_t index) const;
  // Every key of every part: the same text, the same sequence.
  std::string Print() const;

 private:
  std::vector<Part> parts_;
  uint64_t size_ = 0;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_PROGRAM_LIST_H_
