// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What makes two states of an exploration the same.
//
// A state is the machine's value, each agent's place, and what each thread carries (learned.h).
// Written out as words it is canonical: left out or renamed is what no later step can tell.
//   - What nobody reads any more (live.h): TLB entries, cached pointers to tables, A and D; what a
//     call has examined, but for the translations that it answers for.
//   - Free frames, and how often a frame has been given out: pointers to tables say instead whether
//     the frame still is the table it was.
//   - Numbers of mappings: kept is which TLB entries are older than the moments calls answer for,
//     and, where MADV_FREE comes, than what the tables hold; and whether what a page fault found is
//     there still.
//   - Numbers of calls: kept is which of the waits under way a call counts against.
//   - Of stores in flight, which are in order as they are (memory.h): their numbers of mappings,
//   but
//     for how they compare with what is cached, linked, or answered for. Where nobody loads any
//     more there are none; so what a program ends in is written the same under every memory model.
//   - The order in which invalidations wait at a CPU, as any order of deliveries is explored.
// So two states that are written the same have the same future, up to those names: the same actions
// lead to states that are written the same, and to violations of the same kinds. verify.h holds
// every merge against exactly that.
#ifndef GATHERFUZZ_EXPLORE_KEY_H_
#define GATHERFUZZ_EXPLORE_KEY_H_

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <utility>

#include "explore/live.h"
#include "explore/stepper.h"

namespace gatherfuzz {

struct Key {
  uint64_t low = 0, high = 0;
  friend auto operator<=>(const Key&, const Key&) = default;
  template <typename H>
  friend H AbslHashValue(H hash, const Key& key) {
    return H::combine(std::move(hash), key.low);
  }
};

// Writes states; reuses its room, so keep one. What Words() returned is good until the next call.
class StateWriter {
 public:
  // `queue_order` keeps the order of invalidations that wait at a CPU, for what takes the oldest.
  // `all` writes also what nobody reads any more.
  explicit StateWriter(bool queue_order = false, bool all = false)
      : queue_order_(queue_order), all_(all) {}

  std::span<const uint64_t> Words(const Stepper& stepper);
  // A 128-bit hash of the words.
  Key KeyOf(const Stepper& stepper);

 private:
  void Put(uint64_t word) { words_[count_++] = word; }
  void PutMm(const Mm& mm);
  void PutPolicy(const Stepper& stepper);
  void PutPolicyBytes(const Stepper& stepper, PolicyBytes bytes);
  void PutFrames(const World& world, const Live& live);
  void PutFolio(const Folio& folio);
  void PutPfnMaps(const PfnMaps& maps);
  void PutTlb(const Tlb& tlb, const LiveOfCpu& live);
  void PutWalks(const World& world, const CpuState& cpu, const LiveOfCpu& live);
  void PutCall(const World& world, const Call& call, bool starves);
  void PutGather(const MmuGather& gather, int in_hand);
  void PutInvalidation(const CpuState& cpu);
  void PutPlaces(const Stepper& stepper, CpuId cpu);
  void PutSwitching(const Stepper& stepper);
  void PutAsids(const World& world);
  void PutCallbacks(const Callbacks& all);
  void PutCpuCode(const World& world);
  void PutBroadcast(const World& world);
  void PutSlot(const World& world, CpuId cpu, int slot);
  void PutAges(const World& world, const Live& live);
  void PutMemory(const Stepper& stepper, const Live& live);

  bool queue_order_, all_;
  size_t count_ = 0;
  std::array<uint64_t, 8192> words_;  // more than the largest state has
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_KEY_H_
