// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Threads that look: they wait by reading the same things again and again (a busy wait).
//
// A blocked agent makes no steps, but one that looks does, and nothing in its steps says that it
// waits. What says so is that it comes back: to the same step of the same operation, with the same
// variables (standing.h), in a World that is the same byte for byte. Until the World differs it can
// do nothing but go round again, so it sleeps: others move. When only sleepers can move, each goes
// round once more on trial, watched at every step. If none of them is released by that, and nobody
// else, no order can ever release one: livelock.
//
// What does not look must not pay. So a run asks only each kAskAfter (128) steps or so, and marks
// the step before which the thread stands. Only if the thread comes back to the mark is its stack
// looked at. A mark to which it does not come back, or only with other variables, moves on, later
// and later (as in Brent's way to find a cycle), so that a round of any length is found.
//
// Deterministic: nothing but equality of addresses is used.
#ifndef GATHERFUZZ_HARNESS_LOOKING_H_
#define GATHERFUZZ_HARNESS_LOOKING_H_

#include <array>
#include <cstdint>

#include "harness/conflict.h"
#include "model/machine/world.h"

namespace gatherfuzz {

// Steps after which a run looks whether a thread does more than look.
inline constexpr uint32_t kAskAfter = 128;

class Looking {
 public:
  // Where a thread stands, but for its variables.
  struct Stand {
    int op = 0;
    PendingStep step;
    friend bool operator==(const Stand& a, const Stand& b) {
      return a.op == b.op && a.step.point == b.step.point && a.step.page == b.step.page;
    }
  };

  // A run begins. `limit` is its last step.
  void Begin(uint32_t limit);
  // The number of steps after which to call Mark().
  uint32_t ask_at() const { return ask_at_; }
  // ... which says where the thread that would go on stands.
  void Mark(CpuId cpu, const Stand& stand, uint32_t steps);

  // Before which step a thread has to be asked; none if it has no mark.
  PointMask StopsOf(CpuId cpu) const {
    return (marked_ & CpuBit(cpu)) == 0 ? 0 : MaskOf(of(cpu).mark.step.point);
  }
  void Unmark(CpuId cpu) { marked_ &= static_cast<uint8_t>(~CpuBit(cpu)); }
  bool marked(CpuId cpu) const { return (marked_ & CpuBit(cpu)) != 0; }
  // Whether the thread is back at its mark, as far as that can be told without its stack. One that
  // is elsewhere too often loses it.
  bool BackAtMark(CpuId cpu, const Stand& stand);
  // It is, with those variables: true if nothing has changed, so that it looks.
  bool Recurs(CpuId cpu, uint64_t digest, const World& world, uint32_t steps);

  // Sleepers.
  bool anybody_sleeps() const { return asleep_ != 0; }
  bool anybody_slept() const { return slept_; }  // in this run
  bool sleeps(CpuId cpu) const { return (asleep_ & CpuBit(cpu)) != 0; }
  uint32_t sleepers() const { return asleep_; }
  void Sleep(CpuId cpu) { asleep_ |= CpuBit(cpu), slept_ = true; }
  // It goes on, in this World.
  void Wake(CpuId cpu, const World& world, uint32_t steps);
  // Those of `cpus` that sleep, and for which nothing has changed.
  uint32_t Idle(uint32_t cpus, const World& world) const;

  // The trial.
  bool on_trial() const { return on_trial_; }
  void BeginTrial(CpuId cpu, const World& world, uint32_t steps);
  void NoteTrialStep(Point point) { round_ |= MaskOf(point); }
  void EndTrial() { on_trial_ = false; }
  // Somebody was chosen to move otherwise, so what trials showed is over.
  void Forget() { on_trial_ = false, seen_idle_ = 0, looks_at_ = 0; }
  // The thread recurs: whether its whole round was made on trial, and then it is known to look.
  bool Confirm(CpuId cpu);
  uint32_t confirmed() const { return seen_idle_; }
  // The steps that the confirmed make in their rounds.
  PointMask looks_at() const { return looks_at_; }

 private:
  struct Place {
    Stand mark;
    bool known = false;  // digest, world and known_at are those of the last visit that counts
    uint32_t since = 0;  // steps when it was marked
    uint32_t window = 0;
    uint32_t misses = 0, visits = 0;
    uint32_t known_at = 0;
    uint64_t digest = 0;
    World world{};
  };
  Place& of(CpuId cpu) { return places_[static_cast<size_t>(Index(cpu))]; }
  const Place& of(CpuId cpu) const { return places_[static_cast<size_t>(Index(cpu))]; }
  void Know(Place& place, uint64_t digest, const World& world, uint32_t steps);

  uint32_t ask_at_ = 0, limit_ = 0, asked_ = 0;
  uint8_t marked_ = 0, asleep_ = 0;  // bit masks of CPUs
  uint8_t asked_of_ = 0;             // ... whose places are of this run
  bool slept_ = false, on_trial_ = false;
  uint8_t seen_idle_ = 0;  // ... confirmed
  uint32_t trial_since_ = 0;
  PointMask round_ = 0, looks_at_ = 0;
  std::array<Place, kMaxCpus> places_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_LOOKING_H_
