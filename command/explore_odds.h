// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The odds of a schedule's programs (explore/odds_report.h), as gatherfuzz explore prints them.
#ifndef GATHERFUZZ_COMMAND_EXPLORE_ODDS_H_
#define GATHERFUZZ_COMMAND_EXPLORE_ODDS_H_

#include <nlohmann/json_fwd.hpp>

#include "explore/odds_report.h"

namespace gatherfuzz {

void PrintForPeople(const OddsReport& report);
nlohmann::ordered_json JsonOf(const OddsReport& report);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_EXPLORE_ODDS_H_
