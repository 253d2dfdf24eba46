// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/litmus/litmus.h"

#include <map>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/machine/memory.h"

namespace gatherfuzz {
namespace {

class Litmus {
 public:
  Litmus(const Schedule& schedule, const Trace& trace, const Arch& arch)
      : trace_(trace), column_(arch.orders()), changes_(schedule.orders) {}

  std::string Write(const std::string& name) {
    for (const TraceStep& step : trace_.steps) {
      if (KindOf(step.event.agent) == AgentKind::kCpu) Add(step);
      // Where it stands in its program it was written as the thread left it for later.
      if (step.event.point == Point::pending_inc_done) Count(1);
    }
    std::string text = absl::StrCat("C ", name, "\n\n{}\n");
    int number = 0;
    for (const auto& [cpu, thread] : threads_) {
      absl::StrAppend(&text, "\nP", number, "(", absl::StrJoin(arguments_, ", "), ")\n{\n");
      for (int i = 0; i < thread.registers; ++i) absl::StrAppend(&text, "\tint r", i, ";\n");
      for (const std::string& line : thread.lines) absl::StrAppend(&text, "\t", line, "\n");
      text += "}\n";
      for (const auto& [which, value] : thread.loads) {
        conditions_.push_back(absl::StrCat(number, ":r", which, "=", value));
      }
      ++number;
    }
    return absl::StrCat(text, "\nexists (", absl::StrJoin(conditions_, " /\\ "), ")\n");
  }

 private:
  struct Thread {
    std::vector<std::string> lines;
    int registers = 0;
    std::vector<std::pair<int, int>> loads;  // register, value
  };

  MemoryOrder OrderOf(const OrderInfo& info) const {
    return Changed(changes_, info.point, trace_.asked.Of(info.point, info.on(column_)));
  }

  void Add(const TraceStep& step) {
    if (step.event.point == Point::pending_inc_later) {
      arguments_.insert("atomic_t *tlb_flush_pending");
      threads_[CpuOf(step.event.agent)].lines.emplace_back("atomic_inc(tlb_flush_pending);");
      return;
    }
    const OrderInfo* info = MemoryOrderOf(step.event.point);
    if (info == nullptr || Info(step.event.point).is(role::kWalk)) return;
    Thread& thread = threads_[CpuOf(step.event.agent)];
    const MemoryOrder order = OrderOf(*info);
    switch (info->access) {
      case MemoryAccess::kLoad: return Load(thread, step, order);
      case MemoryAccess::kStore: return Store(thread, step, order);
      case MemoryAccess::kUpdate: return Update(thread, step, order);
      case MemoryAccess::kLock: return Lock(thread, step, order);
      case MemoryAccess::kUnlock: return Unlock(thread, step, order);
      case MemoryAccess::kDsb:
        if (order == MemoryOrder::full) thread.lines.emplace_back("smp_mb();");
        if (order == MemoryOrder::release) thread.lines.emplace_back("smp_wmb();");
        return;
      case MemoryAccess::kInterrupt: break;
    }
  }

  // The variable, among the arguments of each thread.
  std::string Variable(const TraceStep& step) {
    const Location at = step.at;
    std::string name = at == kCountAt    ? "tlb_flush_pending"
                       : at == kPolicyAt ? "policy"
                                         : absl::StrCat("e", Index(TableOf(at)), "_", IndexOf(at));
    arguments_.insert(absl::StrCat(at == kCountAt ? "atomic_t *" : "int *", name));
    return name;
  }
  // tlb_flush_pending is changed by so much.
  void Count(int by) {
    ++stores_[kCountAt];
    counts_.push_back(counts_.back() + by);
  }
  // The number of the newest store: 0 is what was there at first.
  int Newest(Location at) { return stores_[at]; }

  void Load(Thread& thread, const TraceStep& step, MemoryOrder order) {
    if (step.at == kNoLocation) return;
    const std::string x = Variable(step);
    const bool count = step.at == kCountAt;
    const int value = count ? counts_[static_cast<size_t>(Newest(step.at) - step.event.old)]
                            : Newest(step.at) - step.event.old;
    const char* load =
        count ? (order == MemoryOrder::relaxed ? "atomic_read(" : "atomic_read_acquire(")
              : (order == MemoryOrder::relaxed ? "READ_ONCE(*" : "smp_load_acquire(");
    thread.lines.push_back(absl::StrCat("r", thread.registers, " = ", load, x, ");"));
    thread.loads.emplace_back(thread.registers++, value);
  }

  void Store(Thread& thread, const TraceStep& step, MemoryOrder order) {
    if (!step.stored) return;
    const std::string x = Variable(step);
    const int value = ++stores_[step.at];
    thread.lines.push_back(order == MemoryOrder::relaxed
                               ? absl::StrCat("WRITE_ONCE(*", x, ", ", value, ");")
                               : absl::StrCat("smp_store_release(", x, ", ", value, ");"));
  }

  void Update(Thread& thread, const TraceStep& step, MemoryOrder order) {
    if (step.at == kNoLocation) return;
    const std::string x = Variable(step);
    if (step.at == kCountAt) {
      const bool inc = step.event.point == Point::pending_inc;
      Count(inc ? 1 : -1);
      if (order == MemoryOrder::full) thread.lines.emplace_back("smp_mb__before_atomic();");
      thread.lines.push_back(absl::StrCat(inc ? "atomic_inc(" : "atomic_dec(", x, ");"));
      if (order == MemoryOrder::full) thread.lines.emplace_back("smp_mb__after_atomic();");
      return;
    }
    ++stores_[step.at];
    static constexpr const char* kNames[] = {"xchg_relaxed", "xchg_acquire", "xchg_release",
                                             "xchg"};
    thread.lines.push_back(absl::StrCat("r", thread.registers, " = ",
                                        kNames[static_cast<int>(order)], "(", x, ", ",
                                        Newest(step.at), ");"));
    thread.loads.emplace_back(thread.registers++, Newest(step.at) - 1);
  }

  // Of a table its page's name, of mmap_lock an atomic.
  static bool OfMmap(Point point) {
    const Touches touches = TouchesOf(point);
    return ((touches.reads | touches.writes) & MaskOf(Thing::kMmapLock)) != 0;
  }
  std::string LockName(const TraceStep& step) {
    const bool pte = step.event.point == Point::pte_lock || step.event.point == Point::pte_unlock;
    const int span = pte ? kPagesPerPmd : kPagesPerPud;
    std::string name = absl::StrCat(pte ? "ptl" : "pmdl", step.event.page / span);
    arguments_.insert(absl::StrCat("spinlock_t *", name));
    return name;
  }

  void Lock(Thread& thread, const TraceStep& step, MemoryOrder order) {
    if (OfMmap(step.event.point)) return Mmap(thread, order, "acquire");
    thread.lines.push_back(absl::StrCat("spin_lock(", LockName(step), ");"));
    // What it sees at once under a lock is a load of its own.
    if (step.at != kNoLocation && step.event.old != 0) Load(thread, step, MemoryOrder::relaxed);
  }
  void Unlock(Thread& thread, const TraceStep& step, MemoryOrder order) {
    if (OfMmap(step.event.point)) return Mmap(thread, order, "release");
    thread.lines.push_back(absl::StrCat("spin_unlock(", LockName(step), ");"));
  }
  void Mmap(Thread& thread, MemoryOrder asked, const std::string& half) {
    const std::string order = asked == MemoryOrder::relaxed ? "relaxed"
                              : asked == MemoryOrder::full  ? ""
                                                            : half;
    arguments_.insert("atomic_t *mmap_lock");
    thread.lines.push_back(absl::StrCat("r", thread.registers, " = atomic_fetch_add",
                                        order.empty() ? "" : "_", order, "(1, mmap_lock);"));
    thread.loads.emplace_back(thread.registers++, mmap_++);
  }

  const Trace& trace_;
  const OrderColumn column_;
  const OrderChanges changes_;
  std::map<CpuId, Thread> threads_;
  std::set<std::string> arguments_;
  std::map<Location, int> stores_;
  std::vector<int> counts_{0};  // the count after each of its stores
  int mmap_ = 0;
  std::vector<std::string> conditions_;
};

}  // namespace

std::string LitmusOf(const std::string& name, const Schedule& schedule, const Trace& trace,
                     const Arch& arch) {
  return Litmus(schedule, trace, arch).Write(name);
}

}  // namespace gatherfuzz
