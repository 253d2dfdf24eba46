// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/io/long_run.h"

#include <signal.h>
#include <unistd.h>

#include <iostream>

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

}  // namespace gatherfuzz
