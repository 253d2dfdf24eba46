// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Stacks to run on, and switches between them.
//
// Boost.Context's fcontext functions, not its fiber class: that one unwinds an abandoned stack by
// an exception, which kernel C code on it could not let pass. Here an abandoned stack is just used
// again (or made to stand where it stood before), so what runs on it must own nothing that needs to
// be released. Each stack ends in a guard
// page, is mapped once and kept. AddressSanitizer is told of every switch, and abandoned stacks are
// unpoisoned before they are used again.
#ifndef GATHERFUZZ_HARNESS_FIBER_H_
#define GATHERFUZZ_HARNESS_FIBER_H_

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <span>

namespace gatherfuzz {

inline constexpr size_t kStackBytes = 64 << 10;

// Whether a fiber can be made to stand where it stood before (Fiber::PutBack).
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kFibersCanGoBack = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kFibersCanGoBack = false;
#else
inline constexpr bool kFibersCanGoBack = true;
#endif
#else
inline constexpr bool kFibersCanGoBack = true;
#endif

// One place where execution can stand: a fiber with a stack of its own, or (for the thread that
// runs the schedule) the thread's stack.
class Fiber {
 public:
  using Entry = void (*)(void* argument);

  Fiber() = default;
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Makes the fiber stand before entry(argument), which must never return. Whatever stood on its
  // stack is abandoned. Aborts with a message if no stack can be mapped.
  void Prepare(Entry entry, void* argument);

  // What is in use of the stack of a fiber that does not run: enough to make it stand there again
  // later, as long as nothing it points at has moved. (Not under AddressSanitizer, which keeps
  // variables elsewhere.)
  std::span<const char> Live() const {
    const auto* lowest = static_cast<const char*>(context_);
    return {lowest, static_cast<size_t>(stack_ + kStackBytes - lowest)};
  }
  void PutBack(std::span<const char> live);
  // Where its stack ends; it grows down from there.
  const char* end() const { return stack_ + kStackBytes; }

  // Leaves `from`, which is running, and goes on in `to`. Returns when something switches to
  // `from`.
  static void Switch(Fiber& from, Fiber& to);

 private:
  static void Start(boost::context::detail::transfer_t transfer);
  void Arrived(boost::context::detail::transfer_t transfer);

  boost::context::detail::fcontext_t context_ = nullptr;
  char* stack_ = nullptr;  // lowest usable address; the guard page is below
  Entry entry_ = nullptr;
  void* argument_ = nullptr;
  // For AddressSanitizer only: the stack of the thread that runs the schedule, learned at the first
  // switch away from it, and the fake stack of a fiber that does not run.
  const void* bottom_ = nullptr;
  size_t size_ = 0;
  [[maybe_unused]] void* fake_stack_ = nullptr;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_FIBER_H_
