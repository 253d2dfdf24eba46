// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What work that takes long shares: Ctrl-C, and a line of progress on a terminal.
#ifndef GATHERFUZZ_EXPLORE_IO_LONG_RUN_H_
#define GATHERFUZZ_EXPLORE_IO_LONG_RUN_H_

#include <atomic>
#include <chrono>
#include <string>

namespace gatherfuzz {

// While one lives, Ctrl-C (SIGINT) and SIGTERM set flag() in place of ending the process; a second
// one ends it.
class Interruptible {
 public:
  Interruptible();
  ~Interruptible();
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;
  static const std::atomic<bool>& flag();
};

// Rewrites one line of standard error, now and then; nothing if that is no terminal.
class ProgressLine {
 public:
  ~ProgressLine();
  // Whether it is time for another; Show() then writes it.
  bool Due();
  void Show(const std::string& text);
  double seconds() const;  // since this was made

 private:
  using Clock = std::chrono::steady_clock;
  const bool on_terminal_ = OnTerminal();
  const Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
  size_t width_ = 0;

  static bool OnTerminal();
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_IO_LONG_RUN_H_
