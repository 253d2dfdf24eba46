// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A fixed list of named things that register themselves before main, kept sorted by name: the order
// of registration differs between linkers and must not show.
#ifndef GATHERFUZZ_MODEL_REGISTRY_H_
#define GATHERFUZZ_MODEL_REGISTRY_H_

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

namespace gatherfuzz {

template <typename T>  // T has name()
class Registry {
 public:
  void Add(const T* item) {
    if (Find(item->name()) != nullptr || count_ == items_.size()) {
      std::fprintf(stderr,
                   "gatherfuzz: cannot register '%.*s': the name is taken, or %zu are known\n",
                   static_cast<int>(item->name().size()), item->name().data(), count_);
      std::abort();
    }
    items_[count_++] = item;
    std::sort(items_.begin(), items_.begin() + count_,
              [](const T* a, const T* b) { return a->name() < b->name(); });
  }
  const T* Find(std::string_view name) const {
    for (const T* item : All()) {
      if (item->name() == name) return item;
    }
    return nullptr;
  }
  std::span<const T* const> All() const { return {items_.data(), count_}; }

 private:
  std::array<const T*, 64> items_{};
  size_t count_ = 0;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_REGISTRY_H_
