// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// How a policy becomes known, and the tools policies share.
//
// A policy is one file in this folder (or anywhere else that is linked in) which derives from
// GatherProtocol and defines one RegisterPolicy. Nothing else names it: commands, targets, tests
// and tables find it here. A file own_range.cc holds the policy own-range; the build makes its fuzz
// targets from that name. docs/architecture.md shows how to add one.
#ifndef GATHERFUZZ_MODEL_POLICIES_POLICY_H_
#define GATHERFUZZ_MODEL_POLICIES_POLICY_H_

#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "model/kernel/mmu_gather.h"
#include "model/kernel/shared.h"

namespace gatherfuzz {

enum class PolicyGroup : uint8_t {
  kPublished,  // what somebody proposed, merged, or asks about
  kPlanted,    // a defect put in on purpose, to measure what finds it; in policies/planted/
  kVariant,    // a line of the zoo, broken or fixed, that is no policy of finish; in policies/zoo/
};

// What is said of a policy beside its name.
struct PolicyTraits {
  PolicyGroup group = PolicyGroup::kPublished;
  // The architectures on which it is expected to be safe, separated by blanks: there, any violation
  // is a fault of the policy, the model or the oracle.
  std::string_view safe_on;
  // False of one that is expected to be safe there only as long as no CPU switches to another mm,
  // or sleeps (model/kernel/switch_mm.h).
  bool safe_asleep = true;
  // True of one that repairs what breaks all others under the paths of later kernels, and where
  // BrokenUnderAny() (harness/target.h): expected to be safe there as well.
  bool safe_later = false;
  // Of a planted defect: the safe policy it was made from.
  std::string_view base;
  // Exploration leaves out orders that make no difference (explore/clash.h), and has to know of:
  // a finish that may wait for others (WaitInFinish), or asks for others after lowering the count;
  bool waits = false;
  // a thread that looks at what other agents change, or changes what they look at, without a step
  // that says so. Then no order is left out.
  bool peeks = false;
  // Its verbs are not the model's but a kernel's: a thread sees the count itself, not only whether
  // it is above one, and may still do anything after lowering it.
  bool foreign = false;
  // Its calls are not the model's paths either: they may make steps in between.
  bool own_calls = false;
  // Its code may remember, over one of its steps or over a verb of the base, what it read before.
  // False if what it reads at a step is in the state before its next step, or has no effect any
  // more; and where its next step is the same, so is what follows.
  bool recalls = true;
  // Where it loads the count, and its own bytes. Any time, if it is not said, which costs states
  // under a memory model other than sc. What is loaded elsewhere ends the process.
  PolicyLoads loads;
  // The architectures for which it has code, separated by blanks; empty: every one.
  std::string_view runs_on;
};

class Policy {
 public:
  constexpr Policy(std::string_view name, std::string_view does, std::string_view origin,
                   const GatherProtocol& protocol, PolicyTraits traits = {})
      : name_(name), does_(does), origin_(origin), protocol_(&protocol), traits_(traits) {}

  std::string_view name() const { return name_; }
  std::string_view does() const { return does_; }      // in finish, when another gather is live
  std::string_view origin() const { return origin_; }  // where it comes from
  const GatherProtocol& protocol() const { return *protocol_; }
  PolicyGroup group() const { return traits_.group; }
  std::string_view base() const { return traits_.base; }  // empty unless planted
  bool waits() const { return traits_.waits; }
  bool peeks() const { return traits_.peeks; }
  bool foreign() const { return traits_.foreign; }
  bool own_calls() const { return traits_.own_calls; }
  bool recalls() const { return traits_.recalls; }
  PolicyLoads loads() const { return traits_.loads; }
  bool SafeOn(std::string_view arch) const;
  bool safe_asleep() const { return traits_.safe_asleep; }
  bool safe_later() const { return traits_.safe_later; }
  // Whatever CPUs do: for who does not choose the programs.
  bool AlwaysSafeOn(std::string_view arch) const { return safe_asleep() && SafeOn(arch); }
  // Whether it can run there at all; it must not elsewhere.
  bool RunsOn(std::string_view arch) const;

 private:
  std::string_view name_, does_, origin_;
  const GatherProtocol* protocol_;
  PolicyTraits traits_;
};

// What people call several policies at a time: no policy has such a name.
inline constexpr std::string_view kPolicyGroups[] = {"all", "published", "safe", "planted"};

class RegisterPolicy {
 public:
  explicit RegisterPolicy(const Policy* policy);
};

// All policies of a group, by name. FindPolicy looks in every group; null if there is none.
std::span<const Policy* const> Policies(PolicyGroup group = PolicyGroup::kPublished);
const Policy* FindPolicy(std::string_view name);

// A view of the policy's own bytes in the mm. State must be trivially copyable, without padding,
// and mean "no gather is live" when it is all zero.
template <typename State>
State PolicyStateIn(const PolicyBytes& bytes) {
  static_assert(std::is_trivially_copyable_v<State> && sizeof(State) <= kPolicyStateBytes);
  static_assert(std::has_unique_object_representations_v<State>);
  State state;
  std::memcpy(&state, bytes.data(), sizeof state);
  return state;
}
template <typename State>
State ReadPolicyState(const World& world) {
  return PolicyStateIn<State>(world.mm.policy_state);
}

// The step policy_read: what the thread sees there.
template <typename State>
State LoadPolicyState(const Thread& t) {
  return PolicyStateIn<State>(LoadPolicy(t, Point::policy_read));
}

// Canonicalize() of a policy with such a state: `rewrite` is called with a copy of it.
template <typename State, typename Rewrite>
void RewritePolicyState(PolicyBytes& bytes, Rewrite rewrite) {
  State state;
  std::memcpy(&state, bytes.data(), sizeof state);
  rewrite(state);
  std::memcpy(bytes.data(), &state, sizeof state);
}

// One step of kind `point` (policy_write, policy_rmw) that applies `update` to the policy's state
// and returns what that returns. The state is one variable, although a policy may mean several: so
// a write of one part passes on what was released with the others.
template <typename State, typename Update>
auto UpdatePolicyState(const Thread& t, Point point, Update update) {
  t.Step(point);
  Updates(t, point, kPolicyAt);
  State state = ReadPolicyState<State>(t.world());
  if constexpr (std::is_void_v<decltype(update(state))>) {
    update(state);
    std::memcpy(t.world().mm.policy_state.data(), &state, sizeof state);
  } else {
    const auto result = update(state);
    std::memcpy(t.world().mm.policy_state.data(), &state, sizeof state);
    return result;
  }
}

// A protocol of 5.1 and before, whose flush is skipped when the range has no end.
class Protocol51 : public GatherProtocol {
 protected:
  bool NothingToFlush(const MmuGather& gather) const override { return gather.end == 0; }
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_POLICIES_POLICY_H_
