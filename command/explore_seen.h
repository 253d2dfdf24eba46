// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What schedule files, or executions that a strategy draws, have seen of a schedule's programs
// (explore/seen_by.h), as gatherfuzz explore prints it.
#ifndef GATHERFUZZ_COMMAND_EXPLORE_SEEN_H_
#define GATHERFUZZ_COMMAND_EXPLORE_SEEN_H_

#include <nlohmann/json_fwd.hpp>

#include "explore/seen_by.h"

namespace gatherfuzz {

void PrintForPeople(const SeenReport& report);
nlohmann::ordered_json JsonOf(const SeenReport& report);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_EXPLORE_SEEN_H_
