// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/minimize.h"

#include <algorithm>

#include "harness/trace.h"

namespace gatherfuzz {
namespace {

template <typename List>
void Erase(List& list, size_t index) {
  List shorter;
  for (size_t i = 0; i < list.size(); ++i) {
    if (i != index) shorter.push_back(list[i]);
  }
  list = shorter;
}

AgentId Lowered(AgentId agent, CpuId gone) {
  const int cpu = Index(CpuOf(agent));
  return MakeAgent(KindOf(agent), MakeCpu(cpu > Index(gone) ? cpu - 1 : cpu));
}

// The schedule without `gone` and all that it does; CPUs above it move down by one.
Schedule WithoutCpu(const Schedule& schedule, CpuId gone) {
  Schedule without = schedule;
  --without.cpus;
  without.init.clear();
  without.program.clear();
  without.order.clear();
  for (InitItem item : schedule.init) {
    if (item.kind == InitItem::Kind::kCached) {
      if (item.cpu == gone) continue;
      item.cpu = CpuOf(Lowered(CpuAgent(item.cpu), gone));
    }
    without.init.push_back(item);
  }
  for (ProgramLine line : schedule.program) {
    if (CpuOf(line.agent) == gone) continue;
    line.agent = Lowered(line.agent, gone);
    without.program.push_back(line);
  }
  for (Run run : schedule.order) {
    if (CpuOf(run.agent) == gone) continue;
    run.agent = Lowered(run.agent, gone);
    without.order.push_back(run);
  }
  return without;
}

class Minimizer {
 public:
  Minimizer(Execution& execution, const Schedule& schedule, const Policy& policy, const Arch& arch)
      : execution_(execution), policy_(policy), arch_(arch), best_(schedule) {
    const Trace trace = Record(execution_, schedule, policy_, arch_);
    kind_ = trace.result.violation.kind;
    Try(NameSwitches(schedule, trace));
  }

  Schedule Run() {
    for (bool helped = true; helped;) {
      helped = DropCpus();
      helped |= DropEach(&Schedule::program);
      helped |= DropEach(&Schedule::order);
      helped |= DropEach(&Schedule::init);
      helped |=
          Narrow(&Schedule::program, [](ProgramLine& line) -> PageRange& { return line.op.range; });
      helped |= Narrow(&Schedule::init, [](InitItem& item) -> PageRange& { return item.range; });
      helped |= DropPairs();
      helped |= Simplify();
      helped |= Rename();
    }
    return best_;
  }

 private:
  bool Try(const Schedule& candidate) {
    if (execution_.Execute(candidate, policy_, arch_).violation.kind != kind_) return false;
    best_ = candidate;
    return true;
  }

  bool DropCpus() {
    bool helped = false;
    for (int cpu = best_.cpus - 1; cpu >= 0 && best_.cpus > 1; --cpu) {
      helped |= Try(WithoutCpu(best_, MakeCpu(cpu)));
    }
    return helped;
  }

  template <typename List>
  bool DropEach(List Schedule::* list) {
    bool helped = false;
    for (size_t i = (best_.*list).size(); i-- > 0;) {
      Schedule candidate = best_;
      Erase(candidate.*list, i);
      helped |= Try(candidate);
    }
    return helped;
  }

  // An operation and the switch that names a step of it have to go together.
  bool DropPairs() {
    bool helped = false;
    for (size_t line = best_.program.size(); line-- > 0;) {
      for (size_t run = best_.order.size(); run-- > 0;) {
        if (line >= best_.program.size()) break;
        if (CpuOf(best_.order[run].agent) != CpuOf(best_.program[line].agent)) continue;
        Schedule candidate = best_;
        Erase(candidate.program, line);
        Erase(candidate.order, run);
        helped |= Try(candidate);
      }
    }
    return helped;
  }

  // What is not the plainest: the size of a batch, dirty pages, huge VMAs.
  bool Simplify() {
    Schedule candidate = best_;
    candidate.batch = kDefaultBatch;
    bool helped = best_.batch != kDefaultBatch && Try(candidate);
    for (size_t i = 0; i < best_.init.size(); ++i) {
      candidate = best_;
      candidate.init[i].dirty = false;
      helped |= best_.init[i].dirty && Try(candidate);
      candidate = best_;
      candidate.init[i].flags.huge = false;
      helped |= best_.init[i].flags.huge && Try(candidate);
    }
    return helped;
  }

  // Ranges are cut to half, then by a page, from either end.
  template <typename List, typename RangeOf>
  bool Narrow(List Schedule::* list, RangeOf range_of) {
    bool helped = false;
    for (size_t i = 0; i < (best_.*list).size(); ++i) {
      for (bool cut = true; cut;) {
        const PageRange range = range_of((best_.*list)[i]);
        const int size = range.end - range.begin;
        cut = false;
        for (const int by : {size / 2, 1}) {
          if (by == 0 || by >= size || cut) continue;
          for (const PageRange cut_range :
               {PageRange{range.begin, range.end - by}, PageRange{range.begin + by, range.end}}) {
            Schedule candidate = best_;
            range_of((candidate.*list)[i]) = cut_range;
            cut = cut || Try(candidate);
          }
        }
        helped |= cut;
      }
    }
    return helped;
  }

  // The switches of the run as it is now may need fewer words, and fewer of them.
  bool Rename() {
    const Trace trace = Record(execution_, best_, policy_, arch_);
    const Schedule named = NameSwitches(best_, trace);
    return named.order.size() < best_.order.size() && Try(named);
  }

  Execution& execution_;
  const Policy& policy_;
  const Arch& arch_;
  Schedule best_;
  ViolationKind kind_ = ViolationKind::kNone;
};

}  // namespace

Schedule Minimize(Execution& execution, const Schedule& schedule, const Policy& policy,
                  const Arch& arch) {
  return Minimizer(execution, schedule, policy, arch).Run();
}

}  // namespace gatherfuzz
