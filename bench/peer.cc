// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A peer for what a step costs with a choice at each step: Relacy, of Debian's relacy-dev, with its
// random scheduler. `peer ITERATIONS` runs three threads that lock, read and write a few words, and
// prints how many operations that were and nanoseconds of user time for one. scripts/stream builds
// it with GCC, as Relacy's users do, and holds it beside `search --strategy uniform`.
//
// Relacy models the memory of C++ and a toy; gatherfuzz models page tables, TLBs and an oracle. So
// the two figures say whether they are of one order, and no more.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <relacy/relacy.hpp>
#include <sstream>

namespace {

constexpr int kThreads = 3, kTurns = 3;
constexpr int kOperations = kThreads * kTurns * 6;  // each `($)` below, and lock and unlock

struct LocksAndWords : rl::test_suite<LocksAndWords, kThreads> {
  rl::mutex lock;
  rl::var<int> words[kThreads + 1];

  void before() {
    for (auto& word : words) word($) = 0;
  }
  void thread(unsigned self) {
    for (int turn = 0; turn < kTurns; ++turn) {
      lock.lock($);
      const int own = words[self]($);
      words[(self + turn) % kThreads]($) = own + 1;
      const int shared = words[kThreads]($);
      words[kThreads]($) = shared + 1;
      lock.unlock($);
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  const int iterations = argc == 2 ? std::atoi(argv[1]) : 0;
  if (iterations < 1) {
    std::fputs("usage: peer ITERATIONS\n", stderr);
    return 2;
  }
  std::ostringstream said;
  rl::test_params params;
  params.iteration_count = static_cast<rl::iteration_t>(iterations);
  params.output_stream = params.progress_stream = &said;
  if (!rl::simulate<LocksAndWords>(params)) {
    std::fputs(said.str().c_str(), stderr);
    return 1;
  }
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const double ns = usage.ru_utime.tv_sec * 1e9 + usage.ru_utime.tv_usec * 1e3;
  const double operations = static_cast<double>(iterations) * kOperations;
  std::printf("operations %.0f ns %.2f\n", operations, ns / operations);
  return 0;
}
