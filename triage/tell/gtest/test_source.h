// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A schedule as a C++ test of this tree, to be put into tests/regression/.
//
// The test holds what stays when a kernel path gets another step: the verdict and the signature. It
// says nothing of steps by number and of hashes. It is formatted as clang-format does, and the same
// run always gives the same text.
#ifndef GATHERFUZZ_TRIAGE_TELL_GTEST_TEST_SOURCE_H_
#define GATHERFUZZ_TRIAGE_TELL_GTEST_TEST_SOURCE_H_

#include <string>

#include "harness/text.h"
#include "harness/trace.h"

namespace gatherfuzz {

// `file` names the policy and the architecture under which its schedule gave `trace`; `path` is
// where it came from, of which the last part is used. What is not printable ASCII becomes '?'.
std::string TestSourceOf(const std::string& path, const ScheduleFile& file, const Trace& trace);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_GTEST_TEST_SOURCE_H_
