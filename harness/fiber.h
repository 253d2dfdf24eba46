// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Stacks to run on, and switches between them.
//
// On x86-64 a switch is a few instructions of assembly, inline: the compiler saves what is alive
// and no more (no floating-point modes, which nothing here changes), and each place that switches
// has a jump of its own for the processor to predict. Elsewhere, and under sanitizers, it is
// Boost.Context's fcontext functions. Not its fiber class: that one unwinds an abandoned stack by
// an exception, which kernel C code on it could not let pass.
//
// An abandoned stack is just used again (or made to stand where it stood before), so what runs on
// it must own nothing that needs to be released. Each stack ends in a guard page, is mapped once
// and kept. AddressSanitizer is told of every switch, and abandoned stacks are unpoisoned before
// they are used again.
#ifndef GATHERFUZZ_HARNESS_FIBER_H_
#define GATHERFUZZ_HARNESS_FIBER_H_

#include <cstddef>
#include <span>

#if defined(__has_feature)
#define GATHERFUZZ_HAS_FEATURE(name) __has_feature(name)
#else
#define GATHERFUZZ_HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || GATHERFUZZ_HAS_FEATURE(address_sanitizer)
#define GATHERFUZZ_ASAN 1
#endif
// Not with what follows switches in its own way, nor with a shadow stack (CET).
#if defined(__x86_64__) && !defined(__ILP32__) && !defined(GATHERFUZZ_ASAN) &&    \
    !defined(__SANITIZE_THREAD__) && !GATHERFUZZ_HAS_FEATURE(thread_sanitizer) && \
    !GATHERFUZZ_HAS_FEATURE(memory_sanitizer) && !defined(GATHERFUZZ_BOOST_SWITCH)
#if !defined(__CET__) || (__CET__ & 2) == 0
#define GATHERFUZZ_OWN_SWITCH 1
#endif
#endif

#ifndef GATHERFUZZ_OWN_SWITCH
#include <boost/context/detail/fcontext.hpp>
#endif

namespace gatherfuzz {

inline constexpr size_t kStackBytes = 64 << 10;

// Whether a fiber can be made to stand where it stood before (Fiber::PutBack).
#ifdef GATHERFUZZ_ASAN
inline constexpr bool kFibersCanGoBack = false;
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
#ifdef GATHERFUZZ_OWN_SWITCH
  [[noreturn]] static void Start(Fiber* self);
#else
  static void Start(boost::context::detail::transfer_t transfer);
  void Arrived(boost::context::detail::transfer_t transfer);
#endif

  void* context_ = nullptr;  // of one that does not run, its stack pointer: where to go on is there
  char* stack_ = nullptr;    // lowest usable address; the guard page is below
  Entry entry_ = nullptr;
  void* argument_ = nullptr;
  // For AddressSanitizer only: the stack of the thread that runs the schedule, learned at the first
  // switch away from it, and the fake stack of a fiber that does not run.
  const void* bottom_ = nullptr;
  size_t size_ = 0;
  [[maybe_unused]] void* fake_stack_ = nullptr;
};

#ifdef GATHERFUZZ_OWN_SWITCH
// On the stack of a fiber that does not run stand, from its pointer up: where to go on, and the
// frame pointer, which must not be named as clobbered. %rdi is for Start().
inline void Fiber::Switch(Fiber& from, Fiber& to) {
  Fiber* arrives = &to;
  void** leaves = &from.context_;
  void* next = to.context_;
  asm volatile(
      "leaq -128(%%rsp), %%rsp\n\t"  // past the red zone
      "pushq %%rbp\n\t"
      "leaq 1f(%%rip), %%rax\n\t"
      "pushq %%rax\n\t"
      "movq %%rsp, (%[leaves])\n\t"
      "movq %[next], %%rsp\n\t"
      "popq %%rax\n\t"
      "jmpq *%%rax\n"
      "1:\n\t"
      "popq %%rbp\n\t"
      "leaq 128(%%rsp), %%rsp"
      : "+D"(arrives), [leaves] "+S"(leaves), [next] "+d"(next)
      :
      : "rax", "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory",
        "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#ifdef __AVX512F__
        ,
        "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",
        "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4", "k5",
        "k6", "k7"
#endif
  );
}
#endif

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_FIBER_H_
