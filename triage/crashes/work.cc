// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/crashes/work.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"

namespace gatherfuzz {

void StoppableWork::Look() {
  if (Interruptible::flag() || clock_.seconds() > seconds_) stop_ = true;
}

void StoppableWork::Each(size_t count, const char* doing, const std::function<void(size_t)>& one) {
  std::atomic<size_t> next{0}, done{0};
  std::mutex mutex;
  std::condition_variable ended;
  size_t running = std::min(static_cast<size_t>(jobs_), count);
  std::vector<std::thread> threads;
  ProgressLine progress;
  const auto work = [&] {
    for (size_t i = next++; i < count && !stop_; i = next++) {
      one(i);
      ++done;
    }
    const std::lock_guard lock(mutex);
    if (--running == 0) ended.notify_one();
  };
  Look();
  for (size_t job = running; job > 0; --job) threads.emplace_back(work);
  {
    std::unique_lock lock(mutex);
    while (!ended.wait_for(lock, std::chrono::milliseconds(50), [&] { return running == 0; })) {
      Look();
      if (progress.Due()) progress.Show(absl::StrFormat("%d of %d %s", done.load(), count, doing));
    }
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace gatherfuzz
