// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "tests/explore/every_order.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "harness/random.h"

namespace gatherfuzz {

EveryOrder::EveryOrder(const Schedule& schedule, const ExploreSettings& settings)
    : settings_(settings) {
  stepper_.Begin(schedule, *settings.policy, *settings.arch, settings.ignored);
}

AllOrders EveryOrder::Try(uint64_t most, bool states) {
  result_ = {};
  way_.clear();
  states_.clear();
  count_states_ = states;
  do {
    if (result_.orders == most) return result_;
    RunOne();
    ++result_.orders;
    // The next order differs in the last choice that has another way.
    while (!way_.empty() && way_.back().rest.empty()) way_.pop_back();
    if (!way_.empty()) way_.back().taken = way_.back().rest.TakeFirst();
  } while (!way_.empty());
  result_.complete = true;
  result_.states = states_.size();
  return result_;
}

double EveryOrder::Estimate(int samples, Random& random, PointMask* left_at) {
  result_ = {};
  double sum = 0, squares = 0;
  for (int i = 0; i < samples; ++i) {
    double product = 1;
    Begin();
    for (;;) {
      Actions choices = Choices();
      if (choices.empty()) break;
      product *= choices.size();
      for (auto skip = random.Below(static_cast<uint32_t>(choices.size())); skip > 0; --skip) {
        choices.TakeFirst();
      }
      if (!MakeStep(choices.TakeFirst())) break;
    }
    sum += product;
    squares += product * product;
  }
  if (left_at != nullptr) *left_at = result_.left_at;
  const double mean = sum / samples, variance = squares / samples - mean * mean;
  return mean + 2 * std::sqrt(variance / samples);
}

// Repeats the choices that are made already, then takes the first of each.
void EveryOrder::RunOne() {
  Begin();
  NoteState();
  size_t depth = 0;
  for (;; ++depth) {
    if (depth == way_.size()) {
      Choice choice{.rest = Choices()};
      if (choice.rest.empty()) break;
      choice.taken = choice.rest.TakeFirst();
      way_.push_back(choice);
    }
    result_.depth = std::max(result_.depth, static_cast<int>(depth) + 1);
    if (!MakeStep(way_[depth].taken)) {
      result_.kinds |= Bit(stepper_.violation().kind);
      return;
    }
    NoteState();
  }
  NoteEnd();
}

void EveryOrder::Begin() {
  stepper_.Restart();
  last_ = kNoAction;
  preemptions_ = 0;
}

bool EveryOrder::MakeStep(Action action) {
  if (!IsDelivery(action)) {
    const Action mover = MoverOf(action);  // a detour is its thread's
    const bool left = last_ != kNoAction && mover != last_ && stepper_.Able(last_);
    if (left) result_.left_at |= MaskOf(stepper_.Next(last_).point);
    preemptions_ += Preempts(action);
    last_ = mover;
  }
  return stepper_.Step(action);
}

// "An agent that can move goes on, unless at one of these"; "at most so many preemptions".
Actions EveryOrder::Choices() const {
  const Actions able = stepper_.Able();
  if (last_ != kNoAction && able.contains(last_) &&
      (settings_.switches & MaskOf(stepper_.Next(last_).point)) == 0) {
    return Actions::Only(last_);
  }
  if (settings_.preemptions < 0) return able;
  Actions within;
  for (int i = 0; i < kActions; ++i) {
    const auto action = static_cast<Action>(i);
    if (!able.contains(action)) continue;
    if (preemptions_ + Preempts(action) <= settings_.preemptions) within.Add(action);
  }
  return within;
}

// "A switch to another agent while the one that moved last, a thread or a hardware walker, could
// have gone on." "Deliveries neither preempt nor are preempted."
bool EveryOrder::Preempts(Action next) const {
  return !IsDelivery(next) && last_ != kNoAction && MoverOf(next) != last_ && CouldGoOn(last_);
}

// "A thread that waits for its own invalidation could."
bool EveryOrder::CouldGoOn(Action agent) const {
  if (stepper_.Able(agent)) return true;
  if (KindOf(AgentOf(agent)) != AgentKind::kCpu) return false;
  const CpuId cpu = CpuOf(AgentOf(agent));
  return stepper_.ThreadLeft(cpu) && stepper_.Next(agent).point == Point::tlb_flush_done &&
         stepper_.world().at(cpu).invalidation.undelivered != 0;
}

void EveryOrder::NoteState() {
  for (int i = 0; i < stepper_.world().cpu_count; ++i) {
    const int overtaken = stepper_.world().at(MakeCpu(i)).call.overtaken;
    result_.overtaken = std::max(result_.overtaken, overtaken);
  }
  if (!count_states_) return;
  // Who moved last counts where it decides who may move next.
  const bool who = settings_.preemptions >= 0 || settings_.switches != kAllPoints;
  states_[{writer_->KeyOf(stepper_), who ? last_ : kNoAction}] = true;
}

void EveryOrder::NoteEnd() {
  if (!stepper_.Judge()) {
    result_.kinds |= Bit(stepper_.violation().kind);
    return;
  }
  std::string state = Canonical(stepper_.world(), settings_.policy->protocol());
  const auto [at, added] = result_.finals.try_emplace(end_writer_->KeyOf(stepper_), state);
  if (at->second != state) result_.one_state_each = false;
}

// --- Final states ---

namespace {

// The leaf of `page` in the tables as they are linked, or null.
Pte* LeafOf(World& world, int page) {
  const Pte pud = world.at(kRootFrame).entries[EntryIndex(page, Level::kPud)];
  if (!pud.table()) return nullptr;
  Pte& pmd = world.at(pud.frame).entries[EntryIndex(page, Level::kPmd)];
  return pmd.table() ? &world.at(pmd.frame).entries[EntryIndex(page, Level::kPte)] : &pmd;
}

// Of each CPU's translations of `page`, whether they are those that the tables hold.
std::string Ages(World& world, int page) {
  const Pte* const leaf = LeafOf(world, page);
  const Mapping now = leaf == nullptr ? Mapping{0} : leaf->mapping;
  std::string ages;
  for (int i = 0; i < world.cpu_count; ++i) {
    const Tlb& tlb = world.at(MakeCpu(i)).tlb;
    for (const Pte& entry : {tlb.small[page], tlb.huge[page / kPagesPerPmd]}) {
      if (entry.mapping != 0) ages += now == 0 || entry.mapping < now ? 'o' : 'n';
    }
  }
  return ages.empty() ? ages : std::to_string(page) + ages;
}

void ForgetTable(const World& world, TablePointer& pointer) {
  if (!pointer.valid()) return;
  pointer.generation = pointer.generation == world.at(pointer.frame).generation ? 1 : 2;
}

}  // namespace

std::string Canonical(const World& world, const GatherProtocol& protocol) {
  World state = world;
  std::string ages;
  for (int page = 0; page < kPages; ++page) ages += Ages(state, page);
  for (int page = 0; page < kPages; ++page) {
    if (Pte* const leaf = LeafOf(state, page)) leaf->mapping = 0;
  }
  for (int i = 0; i < world.cpu_count; ++i) {
    CpuState& cpu = state.at(MakeCpu(i));
    for (Pte& entry : cpu.tlb.small) entry.mapping = 0;
    for (Pte& entry : cpu.tlb.huge) entry.mapping = 0;
    for (TablePointer& pointer : cpu.walk_cache.pte_tables) ForgetTable(world, pointer);
    for (TablePointer& pointer : cpu.walk_cache.pmd_tables) ForgetTable(world, pointer);
  }
  for (Frame& frame : state.frames) frame.generation = 0;
  state.mm.next_mapping = 0;
  protocol.Canonicalize(world, state.mm.policy_state);
  state.mm.calls_begun = 0;
  const std::string text(reinterpret_cast<const char*>(&state),
                         offsetof(World, cpus) + state.cpu_count * sizeof(CpuState));
  return text + ages;
}

}  // namespace gatherfuzz
