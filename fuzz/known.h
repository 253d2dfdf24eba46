// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Violations that are known already, so that fuzzing goes on to look for others.
//
// With GATHERFUZZ_KNOWN in the environment, a schedule that ends in a violation whose signature is
// a line of that file is no crash: the target leaves it and takes the next member. A line `*`
// stands for all of them: for merging corpora. After `excused ` a line, also `excused *`, is only
// about schedules under which a violation says nothing against the policy (harness/target.h): what
// is known of those hides none that does. The file may grow while targets run, by whole lines or by
// a rename: it is read again before a violation is called new.
#ifndef GATHERFUZZ_FUZZ_KNOWN_H_
#define GATHERFUZZ_FUZZ_KNOWN_H_

#include <string>

namespace gatherfuzz {

// Whether there is such a file at all.
bool KnowsViolations();

// Whether all are known. Looked up once.
bool KnowsAllViolations();

// Whether that signature (fuzz/report_crash.h) is in it, for a schedule that is excused or not. A
// file that cannot be read holds none.
bool IsKnown(const std::string& signature, bool excused);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_FUZZ_KNOWN_H_
