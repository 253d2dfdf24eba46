// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/check.h"

#include <cstdio>
#include <cstdlib>

namespace gatherfuzz {

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr,
               "gatherfuzz: %s:%d: '%s' does not hold; this is a fault of gatherfuzz, whatever the "
               "schedule, the policy or the tree; please report it with the schedule\n",
               file, line, condition);
  std::abort();
}

}  // namespace gatherfuzz
