// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A fixed list of named things that register themselves before main, kept sorted by name: the order
// of registration differs between linkers and must not show. What cannot be registered ends the
// program with a message and with status 2, as bad input does.
#ifndef GATHERFUZZ_MODEL_REGISTRY_H_
#define GATHERFUZZ_MODEL_REGISTRY_H_

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

namespace gatherfuzz {

// "gatherfuzz: cannot register the policy 'x': WHY".
[[noreturn, gnu::cold]] inline void RefuseToRegister(const char* what, std::string_view name,
                                                     const char* why) {
  std::fprintf(stderr, "gatherfuzz: cannot register the %s '%.*s': %s\n", what,
               static_cast<int>(name.size()), name.data(), why);
  std::_Exit(2);
}

template <typename T>  // T has name()
class Registry {
 public:
  explicit Registry(const char* what) : what_(what) {}

  void Add(const T* item) {
    if (Find(item->name()) != nullptr) {
      RefuseToRegister(what_, item->name(), "another has this name; give one of them another");
    }
    if (count_ == items_.size()) {
      RefuseToRegister(what_, item->name(), "there are too many; Registry has room for 128");
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
  const char* what_;  // is registered
  std::array<const T*, 128> items_{};
  size_t count_ = 0;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_REGISTRY_H_
