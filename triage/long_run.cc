// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/long_run.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "triage/command.h"

namespace gatherfuzz {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "the handler stores it");

extern "C" void Interrupt(int signal_number) {
  if (interrupted.exchange(true)) {
    signal(signal_number, SIG_DFL);
    raise(signal_number);
  }
}

// A positive number with an optional k, M or G.
std::optional<double> ParseSize(absl::string_view text) {
  double unit = 1;
  if (!text.empty()) {
    switch (text.back()) {
      case 'k': unit = 1 << 10; break;
      case 'M': unit = 1 << 20; break;
      case 'G': unit = 1 << 30; break;
      default: break;
    }
    if (unit != 1) text.remove_suffix(1);
  }
  double number = 0;
  if (!absl::SimpleAtod(text, &number) || !(number > 0) || number * unit > 1e15) return {};
  return number * unit;
}

}  // namespace

Interruptible::Interruptible() {
  interrupted = false;
  signal(SIGINT, Interrupt);
  signal(SIGTERM, Interrupt);
}
Interruptible::~Interruptible() {
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
}
const std::atomic<bool>& Interruptible::flag() { return interrupted; }

bool ProgressLine::OnTerminal() { return isatty(STDERR_FILENO) != 0; }

ProgressLine::~ProgressLine() {
  if (width_ != 0) std::cerr << "\n";
}

double ProgressLine::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

bool ProgressLine::Due() {
  if (!on_terminal_ || Clock::now() - last_ < std::chrono::milliseconds(500)) return false;
  last_ = Clock::now();
  return true;
}

void ProgressLine::Show(const std::string& text) {
  const size_t blanks = width_ > text.size() ? width_ - text.size() : 0;
  std::cerr << "\r" << text << std::string(blanks, ' ') << std::flush;
  width_ = text.size();
}

absl::StatusOr<int> ChosenJobs() {
  constexpr int kMaxJobs = 1024;
  const int jobs = absl::GetFlag(FLAGS_jobs);
  if (jobs < 0 || jobs > kMaxJobs) {
    return absl::InvalidArgumentError(absl::StrCat("--jobs is 0 to ", kMaxJobs));
  }
  return jobs != 0 ? jobs : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

absl::StatusOr<ExploreLimits> ChosenLimits() {
  ExploreLimits limits;
  for (const absl::string_view item :
       absl::StrSplit(absl::GetFlag(FLAGS_limit), ',', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(item, absl::MaxSplits('=', 1));
    const std::optional<double> size = ParseSize(parts.second);
    if (size && parts.first == "states") {
      limits.states = static_cast<uint64_t>(*size);
    } else if (size && parts.first == "memory") {
      limits.bytes = static_cast<uint64_t>(*size);
    } else if (size && parts.first == "seconds") {
      limits.seconds = *size;
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("--limit: '", item,
                       "' is none of states=N, memory=N, seconds=N (N may end in k, M or G)"));
    }
  }
  return limits;
}

std::string ReasonOf(Stop stop) {
  switch (stop) {
    case Stop::kNo: return "every order was explored";
    case Stop::kViolation: return "stopped at the first violation";
    case Stop::kStates: return "the limit of states was reached";
    case Stop::kMemory: return "the limit of memory was reached";
    case Stop::kSeconds: return "the limit of seconds was reached";
    case Stop::kAsked: break;
  }
  return "interrupted";
}

std::string Counted(uint64_t count, const char* what) {
  return absl::StrCat(count, " ", what, count == 1 ? "" : "s");
}

}  // namespace gatherfuzz
