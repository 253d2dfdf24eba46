// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Every order of a schedule's programs, one after the other, each from its beginning to its end:
// what exploration has to agree with. Nothing is merged, nothing left out, nothing gone back to.
#ifndef GATHERFUZZ_TESTS_EXPLORE_EVERY_ORDER_H_
#define GATHERFUZZ_TESTS_EXPLORE_EVERY_ORDER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "explore/explore.h"
#include "explore/key.h"
#include "explore/stepper.h"
#include "harness/random.h"

namespace gatherfuzz {

struct AllOrders {
  bool complete = false;  // there are no more orders than were asked for
  uint64_t orders = 0;
  uint32_t kinds = 0;  // Bit(kind) of the violations met
  // The states in which all are done and nothing is wrong: their keys, and for each what it stands
  // for, written out without the help of key.h.
  std::map<Key, std::string> finals;
  bool one_state_each = true;  // no key stood for two
  uint64_t states = 0;         // different ones, if asked for
  int overtaken = 0;
  int depth = 0;
  PointMask left_at = 0;  // before steps of which kinds an agent was left that could go on
};

// Of the settings, those count that say what an order is: policy, arch, ignored, preemptions and
// switches; the last two are taken by their words, not from the code of explore/.
class EveryOrder {
 public:
  // Both must outlive it; the settings' switches may be changed in between.
  EveryOrder(const Schedule& schedule, const ExploreSettings& settings);

  // Gives up after `most` orders. `states`: also counts states.
  AllOrders Try(uint64_t most, bool states = false);
  // How many there are, about: from so many of them, at random. `left_at`, if not null: as in
  // AllOrders, of these.
  double Estimate(int samples, Random& random, PointMask* left_at = nullptr);

 private:
  // A choice on the way.
  struct Choice {
    Action taken{};
    Actions rest;
  };

  void Begin();
  Actions Choices() const;
  bool Preempts(Action next) const;
  bool CouldGoOn(Action agent) const;
  bool MakeStep(Action action);
  void RunOne();
  void NoteState();
  void NoteEnd();

  const ExploreSettings& settings_;
  Stepper stepper_;
  const std::unique_ptr<StateWriter> writer_ = std::make_unique<StateWriter>();
  const std::unique_ptr<StateWriter> end_writer_ = std::make_unique<StateWriter>(false, true);
  std::vector<Choice> way_;
  Action last_ = kNoAction;  // the thread or walker that moved last
  int preemptions_ = 0;      // so far
  std::map<std::pair<Key, Action>, bool> states_;
  bool count_states_ = false;
  AllOrders result_;
};

// A state in which all are done, as text: everything that it is, but for names. Of numbers of
// mappings is kept which translations are older than what the tables hold.
std::string Canonical(const World& world, const GatherProtocol& protocol);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_EXPLORE_EVERY_ORDER_H_
