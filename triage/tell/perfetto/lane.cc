// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/perfetto/lane.h"

#include <string_view>

namespace gatherfuzz {

size_t Lane::Find(const char* category) const {
  for (size_t i = open_.size(); i-- > 0;) {
    if (std::string_view(open_[i].category) == category) return i;
  }
  return open_.size();
}

void Lane::Open(const char* category, std::string name, int time, nlohmann::ordered_json args) {
  open_.push_back({category, std::move(name), time, time, open_.size(), std::move(args)});
}

void Lane::CloseInnermost(int time) {
  Slice slice = std::move(open_.back());
  open_.pop_back();
  slice.end = time;
  if (slice.begin < slice.end) closed_.push_back(std::move(slice));
}

void Lane::Close(const char* category, int time) {
  const size_t at = Find(category);
  if (at == open_.size()) return;
  const std::vector<Slice> inside(open_.begin() + static_cast<std::ptrdiff_t>(at) + 1, open_.end());
  while (open_.size() > at) CloseInnermost(time);
  for (const Slice& slice : inside) {
    Open(slice.category, slice.name, time, slice.args);
    open_.back().args["continued"] = true;
  }
}

void Lane::CloseAll(int time) {
  while (!open_.empty()) CloseInnermost(time);
}

}  // namespace gatherfuzz
