// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Words that several commands print.
#ifndef GATHERFUZZ_COMMAND_WORDS_H_
#define GATHERFUZZ_COMMAND_WORDS_H_

#include <cstdint>
#include <string>

#include "explore/explore.h"

namespace gatherfuzz {

// Why an exploration stopped, as a clause: "the limit of states was reached".
std::string ReasonOf(Stop stop);

// Of a run that came to the limit of steps: "the run did not end within 131072 steps".
std::string DidNotEnd();

// Why what is added up over all ways is not computed, as a clause, where a way has no end.
std::string NoEnd();

// Guesses from how fast things were done lately when the rest will be.
class TimeLeft {
 public:
  // `done` of `all` after so many seconds; "about 3 min left", or nothing if that is not known.
  std::string After(double seconds, double done, double all);

 private:
  double last_seconds_ = -1, last_done_ = 0, rate_ = 0;
};

// "1234", "12.3 k", "4.56 M", "1.23 G".
std::string Short(uint64_t number);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_WORDS_H_
