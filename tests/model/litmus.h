// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Litmus tests of the memory, as programs of a few loads and stores: every order and every choice
// of values, and the outcomes that come of it.
#ifndef GATHERFUZZ_TESTS_MODEL_LITMUS_H_
#define GATHERFUZZ_TESTS_MODEL_LITMUS_H_

#include <set>
#include <string>
#include <vector>

#include "model/machine/memory.h"

namespace gatherfuzz::litmus {

// Variables are 'x', 'y', 'z' and 'w', all 0 at first; locks 'k' and 'l'.
struct Instruction {
  enum class Kind {
    kLoad,
    kStore,
    kExchange,  // an update: stores `value`, and takes what was there into the register
    kBarrier,   // acquire: of loads; release: of stores; else full
    kLock,
    kUnlock,
    kDsb,
    kWalk,  // a load of its CPU's hardware walker
  };
  Kind kind{};
  char variable = 'x';
  int value = 0;  // of a store
  MemoryOrder order = MemoryOrder::relaxed;
};
using Program = std::vector<std::vector<Instruction>>;  // by CPU

constexpr Instruction R(char x, MemoryOrder order = MemoryOrder::relaxed) {
  return {Instruction::Kind::kLoad, x, 0, order};
}
constexpr Instruction Racq(char x) { return R(x, MemoryOrder::acquire); }
constexpr Instruction W(char x, int value, MemoryOrder order = MemoryOrder::relaxed) {
  return {Instruction::Kind::kStore, x, value, order};
}
constexpr Instruction Wrel(char x, int value) { return W(x, value, MemoryOrder::release); }
constexpr Instruction X(char x, int value, MemoryOrder order = MemoryOrder::relaxed) {
  return {Instruction::Kind::kExchange, x, value, order};
}
constexpr Instruction Mb() { return {Instruction::Kind::kBarrier}; }
constexpr Instruction Rmb() { return {Instruction::Kind::kBarrier, 'x', 0, MemoryOrder::acquire}; }
constexpr Instruction Wmb() { return {Instruction::Kind::kBarrier, 'x', 0, MemoryOrder::release}; }
constexpr bool IsFullBarrier(const Instruction& it) {
  return it.kind == Instruction::Kind::kBarrier && it.order != MemoryOrder::acquire &&
         it.order != MemoryOrder::release;
}
constexpr Instruction Lock(char k) { return {Instruction::Kind::kLock, k}; }
constexpr Instruction Unlock(char k) { return {Instruction::Kind::kUnlock, k}; }
constexpr Instruction Dsb(MemoryOrder order) { return {Instruction::Kind::kDsb, 'x', 0, order}; }
constexpr Instruction HwWalk(char x) { return {Instruction::Kind::kWalk, x}; }

// What each load took, in the order of the programs: "0:1 1:0,2" is CPU 0's 1, then CPU 1's 0, 2.
using Outcomes = std::set<std::string>;

struct Explored {
  Outcomes outcomes;
  size_t states = 0;
  int most_in_flight = 0;
  bool full = false;  // the pool had no room
};
Explored Explore(const Program& program, MemoryModel memory);

// The same of x86-TSO by its store buffers, as a machine of its own.
Outcomes ByStoreBuffers(const Program& program);
// ... and by the axioms: coherence of each variable with what happens before, full barriers in one
// order, and stores in the order of some interleaving (release and acquire, without promises).
Outcomes ByAxioms(const Program& program);

std::string Print(const Program& program);

}  // namespace gatherfuzz::litmus

#endif  // GATHERFUZZ_TESTS_MODEL_LITMUS_H_
