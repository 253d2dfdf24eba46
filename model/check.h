// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Assertions: invariants of our own, which no schedule, policy or kernel tree can break.
//
// What a policy can break is the oracle's business (model/oracle) and ends a run with a violation.
// A check that fails is a fault of gatherfuzz: it says where, and ends the process. Off with
// -DGATHERFUZZ_CHECKS=OFF (CMake), as for long campaigns; what is then compiled is what it would be
// without the line.
#ifndef GATHERFUZZ_MODEL_CHECK_H_
#define GATHERFUZZ_MODEL_CHECK_H_

namespace gatherfuzz {

[[noreturn, gnu::cold]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace gatherfuzz

#ifdef GATHERFUZZ_NO_CHECKS
#define GATHERFUZZ_CHECK(condition) static_cast<void>(sizeof(!(condition)))
#else
#define GATHERFUZZ_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::gatherfuzz::CheckFailed(#condition, __FILE__, __LINE__))
#endif

// Of what holds as long as no violation that leaves disorder (model/violation.h) is ignored.
#define GATHERFUZZ_CHECK_IN_ORDER(system, condition) \
  GATHERFUZZ_CHECK(((system).ignored & ::gatherfuzz::kDisorder) != 0 || (condition))

#endif  // GATHERFUZZ_MODEL_CHECK_H_
