// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "command/words.h"

#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/agents.h"

namespace gatherfuzz {

std::string ReasonOf(Stop stop) {
  switch (stop) {
    case Stop::kNo: return "every order was explored";
    case Stop::kViolation: return "stopped at the first violation";
    case Stop::kStates: return "the limit of states was reached";
    case Stop::kMemory: return "the limit of memory was reached";
    case Stop::kSeconds: return "the limit of seconds was reached";
    case Stop::kStores: return "more stores were in flight than the memory model has room for";
    case Stop::kSteps: return "a way did not end within the limit of steps";
    case Stop::kAsked: break;
  }
  return "interrupted";
}

std::string DidNotEnd() {
  return absl::StrCat("the run did not end within ", kStepLimit, " steps");
}

std::string NoEnd() { return "a thread looks again and again, so there are ways that have no end"; }

std::string TimeLeft::After(double seconds, double done, double all) {
  if (last_seconds_ < 0) {
    last_seconds_ = seconds;
    last_done_ = done;
  } else if (seconds > last_seconds_) {
    const double rate = (done - last_done_) / (seconds - last_seconds_);
    rate_ = rate_ == 0 ? rate : 0.9 * rate_ + 0.1 * rate;
    last_seconds_ = seconds;
    last_done_ = done;
  }
  if (rate_ <= 0) return "";
  const double left = (all - done) / rate_;
  return left < 100 ? absl::StrFormat("about %.0f s left", left)
                    : absl::StrFormat("about %.0f min left", left / 60);
}

std::string Short(uint64_t number) {
  constexpr const char* kUnits[] = {"", " k", " M", " G", " T"};
  if (number < 10000) return absl::StrCat(number);
  auto value = static_cast<double>(number);
  size_t unit = 0;
  for (; value >= 1000 && unit + 1 < std::size(kUnits); ++unit) value /= 1000;
  return absl::StrFormat("%.*f%s", value < 10 ? 2 : value < 100 ? 1 : 0, value, kUnits[unit]);
}

}  // namespace gatherfuzz
