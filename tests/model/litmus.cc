// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "tests/model/litmus.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <functional>
#include <map>

namespace gatherfuzz::litmus {
namespace {

using Kind = Instruction::Kind;
using Registers = std::vector<std::vector<int>>;  // by CPU

int IndexOfVariable(char x) { return x == 'x' ? 0 : x == 'y' ? 1 : x == 'z' ? 2 : 3; }
Location At(char x) { return EntryLocation(kRootFrame, IndexOfVariable(x)); }
// Locks are those of two frames.
int LockId(char k) { return k == 'k' ? 1 : 2; }

std::string Name(const Registers& registers) {
  std::string text;
  for (size_t cpu = 0; cpu < registers.size(); ++cpu) {
    if (registers[cpu].empty()) continue;
    text += (text.empty() ? "" : " ") + std::to_string(cpu) + ":";
    for (size_t i = 0; i < registers[cpu].size(); ++i) {
      text += (i == 0 ? "" : ",") + std::to_string(registers[cpu][i]);
    }
  }
  return text;
}

struct Machine {
  World world{};
  std::vector<size_t> at;
  Registers registers;
  std::array<int, 3> holder{};  // of a lock: CPU + 1

  Pte& entry(char x) {
    return world.at(kRootFrame).entries[static_cast<size_t>(IndexOfVariable(x))];
  }
};

class Explorer {
 public:
  Explorer(const Program& program, MemoryModel memory) : program_(program) {
    Reset(start_.world, static_cast<int>(program.size()), 4);
    start_.world.mm.memory = memory;
    for (uint64_t& looks : start_.world.weak.looks)
      looks = memory == MemoryModel::kSc ? 0 : ~uint64_t{0};
    start_.at.resize(program.size());
    start_.registers.resize(program.size());
    for (int cpu = 0; memory != MemoryModel::kSc && cpu < start_.world.cpu_count; ++cpu) {
      Leave(start_, cpu);
    }
  }

  Explored Run() {
    Visit(start_);
    return result_;
  }

 private:
  // Who has nothing left to load.
  void Leave(Machine& machine, int cpu) {
    const auto& code = program_[static_cast<size_t>(cpu)];
    const size_t at = machine.at[static_cast<size_t>(cpu)];
    const bool walks = std::any_of(code.begin() + static_cast<ptrdiff_t>(at), code.end(),
                                   [](const Instruction& it) { return it.kind == Kind::kWalk; });
    if (at == code.size()) NoteGone(machine.world, ThreadOf(MakeCpu(cpu)));
    if (!walks) NoteGone(machine.world, WalkerOf(MakeCpu(cpu)));
  }

  void Visit(const Machine& machine) {
    if (!seen_.insert(Digested(machine)).second) return;
    ++result_.states;
    result_.most_in_flight = std::max<int>(result_.most_in_flight, machine.world.weak.count);
    bool done = true;
    for (size_t cpu = 0; cpu < program_.size(); ++cpu) {
      if (machine.at[cpu] == program_[cpu].size()) continue;
      done = false;
      const Instruction& next = program_[cpu][machine.at[cpu]];
      if (next.kind == Kind::kLock && machine.holder[static_cast<size_t>(LockId(next.variable))]) {
        continue;
      }
      const Observer observer = next.kind == Kind::kWalk ? WalkerOf(MakeCpu(static_cast<int>(cpu)))
                                                         : static_cast<int>(cpu);
      const bool loads = next.kind == Kind::kLoad || next.kind == Kind::kWalk;
      const int open =
          loads && !machine.world.sc() ? OpenValues(machine.world, observer, At(next.variable)) : 0;
      for (int old = 0; old <= open; ++old) {
        Machine after = machine;
        Step(after, static_cast<int>(cpu), next, observer, old);
        ++after.at[cpu];
        if (!after.world.sc()) Leave(after, static_cast<int>(cpu));
        Visit(after);
      }
    }
    if (done) result_.outcomes.insert(Name(machine.registers));
  }

  std::string Digested(const Machine& machine) const {
    std::string key(reinterpret_cast<const char*>(&machine.world), sizeof machine.world);
    for (const size_t at : machine.at) key += static_cast<char>('0' + at);
    return key + Name(machine.registers) + std::to_string(machine.holder[1]) + "," +
           std::to_string(machine.holder[2]);
  }

  void Step(Machine& machine, int index, const Instruction& it, Observer observer, int old) {
    const CpuId cpu = MakeCpu(index);
    World& world = machine.world;
    auto& registers = machine.registers[static_cast<size_t>(index)];
    if (world.sc()) return StepPlainly(machine, index, it);
    switch (it.kind) {
      case Kind::kLoad:
      case Kind::kWalk:
        registers.push_back(EntryIn(ValueAt(world, At(it.variable), old).value).mapping);
        NoteLoad(world, observer, At(it.variable), it.order, old);
        break;
      case Kind::kExchange:
        registers.push_back(machine.entry(it.variable).mapping);
        NoteStore(world, cpu, At(it.variable), it.order, Access::kUpdate);
        machine.entry(it.variable).mapping = static_cast<Mapping>(it.value);
        break;
      case Kind::kStore:
        NoteStore(world, cpu, At(it.variable), it.order, Access::kStore);
        machine.entry(it.variable).mapping = static_cast<Mapping>(it.value);
        break;
      case Kind::kBarrier:
        if (it.order == MemoryOrder::acquire) {
          NoteReadBarrier(world, cpu);
        } else if (it.order == MemoryOrder::release) {
          NoteWriteBarrier(world, cpu);
        } else {
          NoteBarrier(world, cpu);
        }
        break;
      case Kind::kLock:
        machine.holder[static_cast<size_t>(LockId(it.variable))] = index + 1;
        NoteLock(world, cpu, LockId(it.variable), MemoryOrder::acquire);
        break;
      case Kind::kUnlock:
        machine.holder[static_cast<size_t>(LockId(it.variable))] = 0;
        NoteUnlock(world, cpu, LockId(it.variable), MemoryOrder::release);
        break;
      case Kind::kDsb: NoteDsb(world, cpu, it.order); break;
    }
    result_.full |= world.weak.full != 0;
  }

  // The newest value, of everything.
  static void StepPlainly(Machine& machine, int index, const Instruction& it) {
    Mapping& variable = machine.entry(it.variable).mapping;
    auto& registers = machine.registers[static_cast<size_t>(index)];
    const bool loads =
        it.kind == Kind::kLoad || it.kind == Kind::kWalk || it.kind == Kind::kExchange;
    if (loads) registers.push_back(variable);
    if (it.kind == Kind::kStore || it.kind == Kind::kExchange) {
      variable = static_cast<Mapping>(it.value);
    }
    if (it.kind != Kind::kLock && it.kind != Kind::kUnlock) return;
    machine.holder[static_cast<size_t>(LockId(it.variable))] =
        it.kind == Kind::kLock ? index + 1 : 0;
  }

  const Program& program_;
  Machine start_;
  std::set<std::string> seen_;
  Explored result_;
};

}  // namespace

Explored Explore(const Program& program, MemoryModel memory) {
  return Explorer(program, memory).Run();
}

// --- Store buffers ---

namespace {

struct Buffered {
  std::array<int, 4> memory{};
  std::vector<size_t> at;
  std::vector<std::deque<std::pair<int, int>>> buffer;  // variable, value; the oldest first
  Registers registers;
  auto operator<=>(const Buffered&) const = default;
};

void VisitBuffered(const Program& program, const Buffered& machine, std::set<Buffered>& seen,
                   Outcomes& outcomes) {
  if (!seen.insert(machine).second) return;
  bool done = true;
  for (size_t cpu = 0; cpu < program.size(); ++cpu) {
    if (!machine.buffer[cpu].empty()) {
      Buffered after = machine;
      const auto [variable, value] = after.buffer[cpu].front();
      after.buffer[cpu].pop_front();
      after.memory[static_cast<size_t>(variable)] = value;
      VisitBuffered(program, after, seen, outcomes);
    }
    if (machine.at[cpu] == program[cpu].size()) continue;
    done = false;
    const Instruction& it = program[cpu][machine.at[cpu]];
    const bool drains = it.kind == Kind::kExchange || IsFullBarrier(it);
    if (drains && !machine.buffer[cpu].empty()) continue;
    Buffered after = machine;
    ++after.at[cpu];
    const int variable = IndexOfVariable(it.variable);
    int& memory = after.memory[static_cast<size_t>(variable)];
    if (it.kind == Kind::kLoad) {
      int value = memory;
      for (const auto& [stored, to] : machine.buffer[cpu]) value = stored == variable ? to : value;
      after.registers[cpu].push_back(value);
    } else if (it.kind == Kind::kStore) {
      after.buffer[cpu].emplace_back(variable, it.value);
    } else if (it.kind == Kind::kExchange) {
      after.registers[cpu].push_back(memory);
      memory = it.value;
    }
    VisitBuffered(program, after, seen, outcomes);
  }
  if (done) outcomes.insert(Name(machine.registers));
}

}  // namespace

Outcomes ByStoreBuffers(const Program& program) {
  Buffered start;
  start.at.resize(program.size());
  start.buffer.resize(program.size());
  start.registers.resize(program.size());
  std::set<Buffered> seen;
  Outcomes outcomes;
  VisitBuffered(program, start, seen, outcomes);
  return outcomes;
}

// --- Axioms ---

namespace {

// One execution: events in an order that interleaves the programs, so that stores are ordered as
// they come; of each load, which store it reads, of those that came before it.
class Axioms {
 public:
  explicit Axioms(const Program& program) : program_(program) {}

  Outcomes Run() {
    at_.resize(program_.size());
    registers_.resize(program_.size());
    Extend();
    return outcomes_;
  }

 private:
  struct Event {
    Instruction it;
    int cpu;
    int reads = -1;  // the event whose value it takes; -1: the initial one
  };
  using Relation = std::vector<std::vector<bool>>;

  void Extend() {
    bool done = true;
    for (size_t cpu = 0; cpu < program_.size(); ++cpu) {
      if (at_[cpu] == program_[cpu].size()) continue;
      done = false;
      const Instruction& it = program_[cpu][at_[cpu]++];
      Event event{it, static_cast<int>(cpu)};
      const bool loads = it.kind == Kind::kLoad || it.kind == Kind::kExchange;
      if (!loads) {
        events_.push_back(event);
        Extend();
        events_.pop_back();
      } else {
        const std::vector<int> stores = StoresTo(it.variable);
        for (int choice = static_cast<int>(stores.size()) - 1; choice >= -1; --choice) {
          event.reads = choice < 0 ? -1 : stores[static_cast<size_t>(choice)];
          events_.push_back(event);
          registers_[cpu].push_back(
              event.reads < 0 ? 0 : events_[static_cast<size_t>(event.reads)].it.value);
          if (Consistent()) Extend();
          registers_[cpu].pop_back();
          events_.pop_back();
          if (it.kind == Kind::kExchange) break;  // it replaces what it reads
        }
      }
      --at_[cpu];
    }
    if (done) outcomes_.insert(Name(registers_));
  }

  std::vector<int> StoresTo(char x) const {
    std::vector<int> stores;
    for (size_t i = 0; i < events_.size(); ++i) {
      if (Stores(events_[i]) && events_[i].it.variable == x) stores.push_back(static_cast<int>(i));
    }
    return stores;
  }
  static bool Stores(const Event& event) {
    return event.it.kind == Kind::kStore || event.it.kind == Kind::kExchange;
  }
  static bool Full(const Event& event) {
    return IsFullBarrier(event.it) ||
           (event.it.kind == Kind::kExchange && event.it.order == MemoryOrder::full);
  }
  static bool Releases(const Event& event) {
    return Stores(event) && (event.it.order == MemoryOrder::release || Full(event));
  }
  static bool Acquires(const Event& event) {
    return event.reads >= 0 && (event.it.order == MemoryOrder::acquire || Full(event));
  }

  // Of store `b`, whether it is in the release sequence that `a` heads: by updates from it on.
  bool InSequence(int a, int b) const {
    while (b >= 0 && b != a) {
      const Event& event = events_[static_cast<size_t>(b)];
      b = event.it.kind == Kind::kExchange ? event.reads : -1;
    }
    return a == b;
  }

  bool Before(int a, int b) const {
    return happens_[static_cast<size_t>(a)][static_cast<size_t>(b)];
  }

  // Synchronizes: a release, or a barrier before a store; to an acquire, or a load before a
  // barrier.
  void MakeHappensBefore() {
    const auto count = events_.size();
    happens_.assign(count, std::vector<bool>(count, false));
    for (size_t b = 0; b < count; ++b) {
      for (size_t a = 0; a < b; ++a) {
        happens_[a][b] = events_[a].cpu == events_[b].cpu;  // in the order of the program
      }
    }
    for (size_t read = 0; read < count; ++read) {
      if (events_[read].reads < 0) continue;
      for (size_t store = 0; store < count; ++store) {
        if (!Stores(events_[store]) || events_[store].it.variable != events_[read].it.variable ||
            !InSequence(static_cast<int>(store), events_[read].reads)) {
          continue;
        }
        for (size_t from = 0; from <= store; ++from) {
          const bool heads = from == store
                                 ? Releases(events_[store])
                                 : Full(events_[from]) && events_[from].cpu == events_[store].cpu;
          if (!heads) continue;
          for (size_t to = read; to < count; ++to) {
            const bool ends = to == read
                                  ? Acquires(events_[read])
                                  : Full(events_[to]) && events_[to].cpu == events_[read].cpu;
            if (ends) happens_[from][to] = true;
          }
        }
      }
    }
    for (size_t k = 0; k < count; ++k) {
      for (size_t a = 0; a < count; ++a) {
        for (size_t b = 0; happens_[a][k] && b < count; ++b) {
          if (happens_[k][b]) happens_[a][b] = true;
        }
      }
    }
  }

  // Whether `store` comes after what `read` reads, in the order of stores.
  bool Overwrites(int store, const Event& read) const {
    return Stores(events_[static_cast<size_t>(store)]) &&
           events_[static_cast<size_t>(store)].it.variable == read.it.variable &&
           store > read.reads;
  }

  // No load reads what was overwritten before it: by a store that happens before it, or before what
  // is read by a load that happens before it; or by one that a full barrier before it has seen.
  bool Consistent() {
    MakeHappensBefore();
    const int count = static_cast<int>(events_.size());
    for (int read = 0; read < count; ++read) {
      const Event& event = events_[static_cast<size_t>(read)];
      const bool loads = event.it.kind == Kind::kLoad || event.it.kind == Kind::kExchange;
      if (!loads) continue;
      for (int store = 0; store < count; ++store) {
        if (store == read || !Overwrites(store, event)) continue;
        if (Before(store, read) || SeenBefore(store, read)) return false;
      }
    }
    return BarriersInOneOrder();
  }
  // A load of that variable which happens before `read` has read `store` or a later one.
  bool SeenBefore(int store, int read) const {
    for (size_t other = 0; other < events_.size(); ++other) {
      if (events_[other].reads >= store &&
          events_[other].it.variable == events_[static_cast<size_t>(read)].it.variable &&
          Before(static_cast<int>(other), read)) {
        return true;
      }
    }
    return false;
  }

  // The order of full barriers by what is seen across them has no cycle.
  bool BarriersInOneOrder() const {
    const auto count = events_.size();
    Relation order(count, std::vector<bool>(count, false));
    // Extended coherence between accesses: reads, overwrites, and what follows of them.
    Relation coherence(count, std::vector<bool>(count, false));
    for (size_t a = 0; a < count; ++a) {
      for (size_t b = 0; b < count; ++b) {
        if (a == b || events_[a].it.variable != events_[b].it.variable) continue;
        const bool stores_a = Stores(events_[a]), stores_b = Stores(events_[b]);
        const bool loads_a =
            events_[a].it.kind == Kind::kLoad || events_[a].it.kind == Kind::kExchange;
        const bool loads_b =
            events_[b].it.kind == Kind::kLoad || events_[b].it.kind == Kind::kExchange;
        const bool rf = stores_a && loads_b && events_[b].reads == static_cast<int>(a);
        const bool co = stores_a && stores_b && a < b;
        const bool fr = loads_a && stores_b && static_cast<int>(b) > events_[a].reads && a != b;
        coherence[a][b] = rf || co || fr;
      }
    }
    Close(coherence);
    for (size_t f = 0; f < count; ++f) {
      for (size_t g = 0; g < count; ++g) {
        if (!Full(events_[f]) || !Full(events_[g]) || f == g) continue;
        bool ordered = happens_[f][g];
        for (size_t a = 0; a < count && !ordered; ++a) {
          const bool after_f = a == f ? events_[f].it.kind == Kind::kExchange : happens_[f][a];
          for (size_t b = 0; after_f && b < count && !ordered; ++b) {
            const bool before_g = b == g ? events_[g].it.kind == Kind::kExchange : happens_[b][g];
            ordered = before_g && coherence[a][b];
          }
        }
        order[f][g] = ordered;
      }
    }
    Close(order);
    for (size_t f = 0; f < count; ++f) {
      if (order[f][f]) return false;
    }
    return true;
  }
  static void Close(Relation& relation) {
    for (size_t k = 0; k < relation.size(); ++k) {
      for (size_t a = 0; a < relation.size(); ++a) {
        for (size_t b = 0; relation[a][k] && b < relation.size(); ++b) {
          if (relation[k][b]) relation[a][b] = true;
        }
      }
    }
  }

  const Program& program_;
  std::vector<size_t> at_;
  std::vector<Event> events_;
  Registers registers_;
  Relation happens_;
  Outcomes outcomes_;
};

}  // namespace

Outcomes ByAxioms(const Program& program) { return Axioms(program).Run(); }

std::string Print(const Program& program) {
  static constexpr const char* kNames[] = {"R", "W", "X", "mb", "lock", "unlock", "dsb", "walk"};
  static constexpr const char* kOrders[] = {"", ".acq", ".rel", ".full"};
  std::string text;
  for (const auto& code : program) {
    for (const Instruction& it : code) {
      text += kNames[static_cast<int>(it.kind)];
      text += kOrders[static_cast<int>(it.order)];
      if (it.kind != Kind::kBarrier && it.kind != Kind::kDsb)
        text += std::string(" ") + it.variable;
      if (it.kind == Kind::kStore || it.kind == Kind::kExchange)
        text += "=" + std::to_string(it.value);
      text += "; ";
    }
    text += "\n";
  }
  return text;
}

}  // namespace gatherfuzz::litmus
