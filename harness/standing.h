// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Where a thread stands: what tells whether it came back to the same place with the same variables.
//
// A digest of its stack, from the function that asked for a step upward. That holds all that a
// thread carries from step to step: the variables of the functions it is in, and the registers that
// they expect to find again, which the function called for a step has saved first of all. What lies
// further down is ours, and whatever was left there. So two equal digests mean the same future in
// the same World. A digest holds addresses, so it is good for nothing but to be compared with
// another of the same run.
//
// Known for x86-64 and AArch64; elsewhere no thread is known to come back. Under AddressSanitizer
// variables have to be on the stack (-fsanitize-address-use-after-return=never, as the build has
// it).
#ifndef GATHERFUZZ_HARNESS_STANDING_H_
#define GATHERFUZZ_HARNESS_STANDING_H_

#include <cstdint>
#include <cstring>

#include "harness/fiber.h"
#include "model/machine/world.h"

// The lowest address of the caller's part of the stack and of its registers. To be used in the
// function that the thread called, which thereby saves all registers it has to keep: next to the
// frame pointer, before its own variables.
#if defined(__x86_64__)
#define GATHERFUZZ_STANDS_HERE()                                    \
  ({                                                                \
    asm volatile("" ::: "rbx", "r12", "r13", "r14", "r15");         \
    static_cast<const char*>(__builtin_frame_address(0)) - 5L * 8L; \
  })
#elif defined(__aarch64__)
#define GATHERFUZZ_STANDS_HERE()                                                               \
  ({                                                                                           \
    asm volatile("" ::: "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28"); \
    static_cast<const char*>(__builtin_frame_address(0));                                      \
  })
#else
#define GATHERFUZZ_STANDS_HERE() static_cast<const char*>(nullptr)
#endif

// Before `return`: the function that is called is in the place of the one that calls it.
#if defined(__clang__)
#define GATHERFUZZ_TAIL_CALL [[clang::musttail]]
#else
#define GATHERFUZZ_TAIL_CALL
#endif

#if defined(__clang__)
#define GATHERFUZZ_READS_STACK __attribute__((no_sanitize("address", "memory")))
#else
#define GATHERFUZZ_READS_STACK
#endif

namespace gatherfuzz {

GATHERFUZZ_READS_STACK GATHERFUZZ_WRAPS inline uint64_t StackDigest(const Fiber& fiber,
                                                                    const char* stands) {
  uint64_t hash = 0x2545f4914f6cdd1du;
  const char* const end = fiber.end();
  for (const char* at = stands; at < end; at += 8) {
    uint64_t word;
    __builtin_memcpy(&word, at, 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
  }
  return (hash ^ static_cast<uint64_t>(end - stands)) * 0x9e3779b97f4a7c15u;
}

inline bool SameState(const World& a, const World& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_STANDING_H_
