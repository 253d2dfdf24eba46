// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Work for all cores, which can be stopped: by Ctrl-C or by a limit of seconds.
#ifndef GATHERFUZZ_TRIAGE_CRASHES_WORK_H_
#define GATHERFUZZ_TRIAGE_CRASHES_WORK_H_

#include <atomic>
#include <cstddef>
#include <functional>

#include "explore/io/long_run.h"

namespace gatherfuzz {

class StoppableWork {
 public:
  StoppableWork(int jobs, double seconds) : jobs_(jobs), seconds_(seconds) {}

  // Calls `one` with 0 to count - 1, each once, on all threads, in that order as far as they begin.
  // Returns when all are done, or, after a stop, when those that had begun are. `doing` is for the
  // line of progress.
  void Each(size_t count, const char* doing, const std::function<void(size_t)>& one);

  // Whether it is to stop; is looked at in between.
  const std::atomic<bool>& stop() const { return stop_; }
  bool interrupted() const { return Interruptible::flag(); }

 private:
  void Look();

  const int jobs_;
  const double seconds_;
  std::atomic<bool> stop_{false};
  const Interruptible interruptible_;
  const ProgressLine clock_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_CRASHES_WORK_H_
