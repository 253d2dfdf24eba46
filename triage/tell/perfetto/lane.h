// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The slices of one track of a trace: strictly nested, none of them empty.
#ifndef GATHERFUZZ_TRIAGE_TELL_PERFETTO_LANE_H_
#define GATHERFUZZ_TRIAGE_TELL_PERFETTO_LANE_H_

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace gatherfuzz {

struct Slice {
  const char* category = "";  // also what it is closed by
  std::string name;
  int begin = 0, end = 0;
  size_t depth = 0;
  nlohmann::ordered_json args;
};

class Lane {
 public:
  // Times do not go back from one call to the next.
  void Open(const char* category, std::string name, int time, nlohmann::ordered_json args = {});
  // Ends the innermost open slice of that category, if there is one. What is open inside of it goes
  // on in a slice of its own.
  void Close(const char* category, int time);
  void CloseAll(int time);

  bool IsOpen(const char* category) const { return Find(category) < open_.size(); }
  // The arguments of the innermost open slice of that category, which there must be.
  nlohmann::ordered_json& ArgsOf(const char* category) { return open_[Find(category)].args; }
  // Adds an argument to all that are open.
  void MarkOpen(const char* key) {
    for (Slice& slice : open_) slice.args[key] = true;
  }
  // In the order in which they ended.
  const std::vector<Slice>& closed() const { return closed_; }

 private:
  size_t Find(const char* category) const;  // open_.size() if there is none
  void CloseInnermost(int time);

  std::vector<Slice> open_, closed_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_PERFETTO_LANE_H_
