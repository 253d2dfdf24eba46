// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Whether a thread goes round: comes back to a step of its operation with the same variables.
//
// What a thread has read since its operation began stands for its variables (learned.h), and a
// thread that waits by looking reads on and on. Once it is back where it stood, what it read in
// between is forgotten, and so its states are finite. It also says of itself that it goes round,
// from then on to the end of the operation: states of such threads may form cycles, so no order is
// left out there (Independence), and it may be stuck (stepper.h).
//
// A function of the operation and of what was read, as the variables are; so two states that are
// written the same still have the same future. Steps are marked at powers of two (Brent), of what
// was noted since the thread settled. So a round is not seen in which it does.
#ifndef GATHERFUZZ_EXPLORE_ROUND_H_
#define GATHERFUZZ_EXPLORE_ROUND_H_

#include <bit>
#include <cstdint>

#include "explore/learned.h"
#include "harness/conflict.h"

namespace gatherfuzz {

class Round {
 public:
  // The thread has made a step of operation number `op` and stands before `next`.
  // `digest` (standing.h) is asked for only if it is needed. True if the thread is back where it
  // was marked; then `learned` is what it was there.
  template <typename Digest>
  bool Stands(int op, PendingStep next, Learned& learned, Digest digest) {
    if (op != op_) *this = {}, op_ = static_cast<int16_t>(op);
    if (learned.noted < count_) marked_ = false;
    count_ = learned.noted;
    const bool back =
        marked_ && next.point == mark_.point && next.page == mark_.page && digest() == digest_;
    if (back) {
      learned = learned_;
      count_ = learned.noted;
      goes_round_ = true;
    } else if (count_ >= kFirstMark && std::has_single_bit(count_)) {
      marked_ = true;
      mark_ = next;
      digest_ = digest();
      learned_ = learned;
    }
    return back;
  }
  bool goes_round() const { return goes_round_; }

 private:
  static constexpr uint32_t kFirstMark = 8;

  int16_t op_ = -1;
  bool marked_ = false, goes_round_ = false;
  PendingStep mark_;
  uint32_t count_ = 0;
  uint64_t digest_ = 0;
  Learned learned_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_ROUND_H_
