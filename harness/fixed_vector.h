// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A vector with its storage inside: no allocation, trivially copyable if its elements are.
#ifndef GATHERFUZZ_HARNESS_FIXED_VECTOR_H_
#define GATHERFUZZ_HARNESS_FIXED_VECTOR_H_

#include <algorithm>
#include <array>
#include <cstddef>

#include "model/check.h"

namespace gatherfuzz {

template <typename T, size_t kCapacity>
class FixedVector {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == kCapacity; }
  void clear() { size_ = 0; }
  // Keeps the first `size` items, of no fewer.
  void truncate(size_t size) {
    GATHERFUZZ_CHECK(size <= size_);
    size_ = size;
  }
  // False, and nothing is changed, if it is full.
  bool push_back(const T& item) {
    if (full()) return false;
    items_[size_++] = item;
    return true;
  }
  // False, and nothing is changed, if it is full; `at` is at most the size.
  bool insert(size_t at, const T& item) {
    if (!push_back(item)) return false;
    std::rotate(items_.begin() + at, items_.begin() + size_ - 1, items_.begin() + size_);
    return true;
  }
  void erase(size_t at) {
    GATHERFUZZ_CHECK(at < size_);
    std::copy(items_.begin() + at + 1, items_.begin() + size_, items_.begin() + at);
    --size_;
  }
  T& operator[](size_t i) {
    GATHERFUZZ_CHECK(i < size_);
    return items_[i];
  }
  const T& operator[](size_t i) const {
    GATHERFUZZ_CHECK(i < size_);
    return items_[i];
  }
  T& back() {
    GATHERFUZZ_CHECK(size_ != 0);
    return items_[size_ - 1];
  }
  const T* begin() const { return items_.data(); }
  const T* end() const { return items_.data() + size_; }
  T* begin() { return items_.data(); }
  T* end() { return items_.data() + size_; }

  friend bool operator==(const FixedVector& a, const FixedVector& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  size_t size_ = 0;
  std::array<T, kCapacity> items_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_FIXED_VECTOR_H_
