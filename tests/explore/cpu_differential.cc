// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The arch/x86/mm/tlb.c of a kernel tree (GATHERFUZZ_KERNEL) against the model's own CPU side.
//
//   cpu_differential [--runs N] [--seed S] [--policy P]... [--hardware invlpgb] [FILE...]
//
// Runs N (2000) random programs in which CPUs switch and sleep, each in a random order, and the
// programs of each FILE in which one does, in 16, on the tree and on full-mm side by side: each
// step of the tree is made by the model as well. Both must always stand before the same step, be in
// the same state (what is cached and parked, loaded, owed for and queued; page tables and frames)
// and end in the same violation or none. The tree makes steps that the model does not: it looks at
// mm_cpumask() twice, at is_lazy behind loaded_mm, and where no other CPU is in the mask it flushes
// by itself, in two steps, where the model sends an interrupt to itself, and a range takes several
// INVLPGBs where its ends are no multiples of the stride; the model is brought to the same place
// then. Where a flush is made up for as a lazy CPU goes on, it writes loaded_mm once more. Three
// things may differ, after which a run is over: a CPU joins or leaves the mask between those two
// looks (counted as `mask`), or becomes lazy, or not, between those (`is_lazy`), or tlb_gen is
// raised between those two steps (`tlb_gen`). Exit status 1 if something else does.
//
// With --hardware invlpgb the programs are of kernel 6.17 and run with INVLPGB, so the trees should
// be of 6.15 or later.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "explore/stepper.h"
#include "harness/random.h"
#include "harness/text.h"
#include "model/policies/policy.h"
#include "tests/explore/side_by_side.h"

namespace gatherfuzz {
namespace {

constexpr PointMask kOnlyTree = MaskOf(Point::mm_cpumask_read) | MaskOf(Point::is_lazy_read) |
                                MaskOf(Point::is_lazy_write) | MaskOf(Point::invlpg);
// The steps of a flush that the tree makes by itself on its own CPU.
constexpr PointMask kByItself = kOnlyTree | MaskOf(Point::tlb_gen_read) | MaskOf(Point::write_cr3) |
                                MaskOf(Point::loaded_mm_set) | MaskOf(Point::invlpgb);
constexpr PointMask kInFlush = kByItself | MaskOf(Point::tlb_flush) |
                               MaskOf(Point::should_flush_tlb) | MaskOf(Point::tlb_flush_done);

bool In(PointMask points, Point point) {
  return point != kNoPoint && (points & MaskOf(point)) != 0;
}

Schedule RandomProgram(Random& random, bool invlpgb) {
  Schedule schedule;
  schedule.cpus = static_cast<int>(2 + random.Below(2));
  const int pages = 1 + static_cast<int>(random.Below(5));
  using Kind = InitItem::Kind;
  schedule.init.push_back({.kind = Kind::kMap, .range = {0, pages}, .flags = {true, false}});
  schedule.init.push_back(
      {.kind = Kind::kPresent, .range = {0, pages}, .dirty = random.Below(2) == 0});
  for (int i = 0; i < schedule.cpus; ++i) {
    if (random.Below(3) == 0) continue;
    schedule.init.push_back({.kind = Kind::kCached, .range = {0, pages}, .cpu = MakeCpu(i)});
  }
  static constexpr OpKind kKinds[] = {
      OpKind::kDontneed, OpKind::kMunmap, OpKind::kRead,   OpKind::kWrite,  OpKind::kFill,
      OpKind::kProtect,  OpKind::kFree,   OpKind::kSwitch, OpKind::kSwitch, OpKind::kIdle,
      OpKind::kIdle,     OpKind::kWake,   OpKind::kWake,   OpKind::kReclaim};
  static constexpr OpKind kMore[] = {OpKind::kLeave,    OpKind::kIdle, OpKind::kWake,
                                     OpKind::kDontneed, OpKind::kRead, OpKind::kRead,
                                     OpKind::kMunmap};
  if (invlpgb) {
    schedule.kernel = KernelVersion::k6_17;
    schedule.hardware = HardwareKind::kInvlpgb;
  }
  for (uint32_t n = 3 + random.Below(6); n-- > 0;) {
    schedule.program.push_back(DrawLine(random, schedule, kKinds, pages));
    if (invlpgb) schedule.program.push_back(DrawLine(random, schedule, kMore, pages));
  }
  Canonicalize(schedule);
  return schedule;
}

// Whose interrupts wait at a CPU. In which order does not matter: any of them may be next.
unsigned Waiting(const CpuState& cpu) {
  unsigned issuers = 0;
  for (int i = 0; i < cpu.deliveries.count; ++i) {
    issuers |= CpuBit(cpu.deliveries.issuers[static_cast<size_t>(i)]);
  }
  return issuers;
}

// The name of what differs, or null. `flushing` are the CPUs whose thread stands in a flush.
const char* FirstDifference(const World& a, const World& b, unsigned flushing) {
  if (!Same(a.mm, b.mm)) return "the mm";
  if (!Same(a.frames, b.frames) || a.free_frames != b.free_frames) return "page tables and frames";
  if (a.switching.tlb_gen != b.switching.tlb_gen) return "tlb_gen";
  if (a.switching.cpumask != b.switching.cpumask) return "mm_cpumask()";
  if (a.deliveries_pending != b.deliveries_pending) return "who is interrupted";
  if (a.invlpgb != 0) {
    const Broadcast &l = a.broadcast, &r = b.broadcast;
    if (l.global_asid != r.global_asid || l.asid_transition != r.asid_transition ||
        l.under_way != r.under_way || l.of_all != r.of_all)
      return "global ASIDs";
    if (!Same(l.cpus, r.cpus)) return "what is cached under a global ASID, or under way";
  }
  for (int i = 0; i < a.cpu_count; ++i) {
    const CpuState &left = a.at(MakeCpu(i)), &right = b.at(MakeCpu(i));
    if (!Same(left.tlb, right.tlb)) return "a TLB";
    if (!Same(left.walk_cache, right.walk_cache)) return "a walk cache";
    if (!Same(left.walks, right.walks)) return "a walk";
    if (!Same(left.gather, right.gather)) return "a gather";
    if (Waiting(left) != Waiting(right)) return "interrupts that wait";
    SwitchCpu l = a.switching.at(MakeCpu(i)), r = b.switching.at(MakeCpu(i));
    if (!Same(l.slots, r.slots)) return "slots";
    if (l.loaded_mm != r.loaded_mm || l.root != r.root || l.slot != r.slot ||
        l.next_slot != r.next_slot)
      return "what is loaded";
    if (l.is_lazy != r.is_lazy) return "is_lazy";
    for (SwitchCpu* it : {&l, &r}) {
      // On a stack in the tree, as is, in its flush, the mask of a batch.
      it->said_slot = it->new_slot = it->need_flush = it->flush_mask = 0;
      if ((flushing >> i & 1) != 0) it->batch_mask = 0;
      it->flush_info = {};
    }
    if (!Same(l, r)) return "what is parked or owed for";
  }
  return nullptr;
}

class Pair {
 public:
  Pair(const Schedule& schedule, const Policy& tree) : schedule_(schedule) {
    tree_->Begin(schedule_, tree, *FindArch("x86"));
    model_->Begin(schedule_, *FindPolicy("full-mm"), *FindArch("x86"));
  }

  // "" if they are the same to the end; else what differs, or "mask".
  std::string Run(Random& random) {
    while (true) {
      Actions able = tree_->Able();
      if (able.empty()) return End();
      for (auto skip = random.Below(static_cast<uint32_t>(able.size())); skip > 0; --skip) {
        able.TakeFirst();
      }
      const Action action = able.TakeFirst();
      const std::string difference = Both(action);
      if (!difference.empty() || over_) return difference;
    }
  }

  const std::string& trail() const { return trail_; }
  uint64_t steps() const { return tree_->steps(); }

 private:
  Point Stands(const Stepper& stepper, CpuId cpu) const {
    return stepper.ThreadLeft(cpu) ? stepper.Next(ActionOf(CpuAgent(cpu))).point : kNoPoint;
  }

  std::string Both(Action action) {
    const AgentId agent = AgentOf(action);
    const Point point = tree_->Next(action).point;
    trail_ += " " + AgentName(agent) + ":" + Info(point).name;
    const CpuId cpu = CpuOf(agent);
    const bool thread = KindOf(agent) == AgentKind::kCpu || KindOf(agent) == AgentKind::kDetour;
    const bool alone = thread && In(kByItself, point) && Stands(*model_, cpu) != point;
    if (thread && !alone && Stands(*model_, cpu) != StandsOf(action)) return "the next step";
    const char* expected = thread ? Look(cpu, point, tree_->Next(action).page) : nullptr;
    if (expected != nullptr) return expected;
    const bool goes_on = tree_->Step(action);
    if (alone) {
      behind_ |= CpuBit(cpu);
      if (point == Point::tlb_gen_read) read_[static_cast<size_t>(Index(cpu))] = Generation(*tree_);
    } else {
      if (!model_->Able(action)) return "the model cannot follow";
      if (model_->Step(action) != goes_on) return CatchUpToEnd(goes_on);
    }
    if (!goes_on && !alone) return Verdicts();
    if (point == Point::tlb_flush && FlushesByItself(cpu)) {
      if (looked_at_mask_ != 0 && looked_[static_cast<size_t>(Index(cpu))] != Mask()) return "mask";
      behind_ |= CpuBit(cpu);
    }
    if (thread) {
      const std::string difference = CatchUp(cpu);
      if (!difference.empty() || over_) return difference;
    }
    if (!goes_on) return "a violation of the tree's only: " + Verdict(*tree_);
    if (behind_ != 0) return "";
    unsigned flushing = 0;
    for (int i = 0; i < schedule_.cpus; ++i) {
      const Point stands = Stands(*tree_, MakeCpu(i));
      if (In(kOnlyTree | MaskOf(Point::loaded_mm_set) | MaskOf(Point::invlpgb), stands) &&
          stands != Stands(*model_, MakeCpu(i)))
        return "";
      constexpr PointMask kOfBatch = MaskOf(Point::invlpgb) | MaskOf(Point::tlbsync);
      flushing |= unsigned{In(kInFlush | kOfBatch, stands)} << i;
    }
    const char* difference = FirstDifference(tree_->world(), model_->world(), flushing);
    return difference == nullptr ? "" : difference;
  }

  // What the tree looks at twice, and the model once; not null if it has changed meanwhile.
  const char* Look(CpuId cpu, Point point, int page) {
    uint8_t& looked = looked_[static_cast<size_t>(Index(cpu))];
    const auto is_lazy = [&] { return tree_->world().switching.at(MakeCpu(page)).is_lazy; };
    if (point != Point::tlb_flush) looked_at_mask_ &= static_cast<uint8_t>(~CpuBit(cpu));
    if (point == Point::should_flush_tlb) looked = is_lazy();
    if (point == Point::is_lazy_read && looked != is_lazy()) return "is_lazy";
    if (point == Point::tlb_gen_inc || point == Point::asid_transition_read) looked = Mask();
    if (point == Point::mm_cpumask_read) {
      const bool flushes = Stands(*model_, cpu) == Point::tlb_flush;
      if (!flushes && looked != Mask()) return "mask";
      if (flushes) looked_at_mask_ |= CpuBit(cpu);
      looked = Mask();
    }
    return nullptr;
  }

  // Behind the step tlb_flush.
  bool FlushesByItself(CpuId cpu) const {
    return !In(MaskOf(Point::should_flush_tlb) | MaskOf(Point::tlb_flush_done),
               Stands(*tree_, cpu));
  }

  Point StandsOf(Action action) const {
    return tree_->Next(ActionOf(CpuAgent(CpuOf(AgentOf(action))))).point;
  }
  static uint16_t Generation(const Stepper& stepper) {
    return stepper.world().switching.tlb_gen[Index(MmId::kMm0)];
  }
  uint8_t Mask() const { return tree_->world().switching.cpumask[Index(MmId::kMm0)]; }
  std::string CatchUpToEnd(bool tree_goes_on) {
    return tree_goes_on ? "a violation of the model's only: " + Verdict(*model_)
                        : "a violation of the tree's only: " + Verdict(*tree_);
  }

  // The model makes the rest of a flush that the tree has done by itself, or not at all.
  std::string CatchUp(CpuId cpu) {
    if ((behind_ & CpuBit(cpu)) == 0) return "";
    const Point stands = Stands(*tree_, cpu);
    if (In(kInFlush, stands) && !(stands == Point::tlb_flush && Stands(*model_, cpu) == stands)) {
      if (Stands(*model_, cpu) == stands) behind_ &= static_cast<uint8_t>(~CpuBit(cpu));
      return "";
    }
    while (In(MaskOf(Point::tlb_flush) | MaskOf(Point::tlb_flush_done), Stands(*model_, cpu)) &&
           Stands(*model_, cpu) != stands) {
      const Action own = Delivery(cpu, cpu), thread = ActionOf(CpuAgent(cpu));
      const uint16_t read = read_[static_cast<size_t>(Index(cpu))];
      if (model_->Able(own) && read != 0 && read != Generation(*model_)) return "tlb_gen";
      read_[static_cast<size_t>(Index(cpu))] = 0;
      const Action next = model_->Able(own) ? own : thread;
      if (!model_->Able(next)) return "the model waits";
      if (!model_->Step(next)) return "a violation of the model's only: " + Verdict(*model_);
    }
    if (Stands(*model_, cpu) != stands) return "where the flush ends";
    behind_ &= static_cast<uint8_t>(~CpuBit(cpu));
    return "";
  }

  std::string Verdict(const Stepper& stepper) const {
    return std::string(Info(stepper.violation().kind).name) + " (" + stepper.violation().detail +
           ")";
  }
  std::string Verdicts() {
    over_ = true;
    const Violation &a = tree_->violation(), &b = model_->violation();
    return a.kind == b.kind && a.page == b.page && a.cpu == b.cpu && a.holder == b.holder
               ? ""
               : "the violation";
  }
  std::string End() {
    if (!model_->Able().empty()) return "the model can go on";
    over_ = true;
    const bool tree = tree_->Judge(), model = model_->Judge();
    if (tree != model) return "the end";
    return tree ? "" : Verdicts();
  }

  Schedule schedule_;
  std::unique_ptr<Stepper> tree_ = std::make_unique<Stepper>();
  std::unique_ptr<Stepper> model_ = std::make_unique<Stepper>();
  std::array<uint8_t, kMaxCpus> looked_{};  // what the tree's flush has seen
  std::array<uint16_t, kMaxCpus> read_{};   // tlb_gen, as it flushes its own CPU; 0: it does not
  uint8_t looked_at_mask_ = 0;              // CPUs whose flush has, and is not issued yet
  uint8_t behind_ = 0;                      // CPUs on which the model has yet to follow
  bool over_ = false;
  std::string trail_;
};

// Counts what came of each run, and shows the first that are not as they should be.
class Report {
 public:
  void Run(const Schedule& schedule, const Policy& tree, Random& random, const std::string& what) {
    Pair pair(schedule, tree);
    const std::string difference = pair.Run(random), name(tree.name());
    counts_[name + " steps"] += pair.steps();
    ++counts_[name + (difference.empty() ? ": the same" : ": " + difference)];
    if (difference.empty() || difference == "mask" || difference == "is_lazy" ||
        difference == "tlb_gen")
      return;
    if (++faults_ > 3) return;
    std::printf("DIFFERENCE of %s, %s: %s\n%s%s\n", name.c_str(), what.c_str(), difference.c_str(),
                PrintText({.policy = "full-mm", .arch = "x86", .schedule = schedule}).c_str(),
                pair.trail().c_str());
  }

  // Whether all was as it should be.
  bool Print() const {
    for (const auto& [name, count] : counts_) {
      std::printf("%-60s %llu\n", name.c_str(), static_cast<unsigned long long>(count));
    }
    return faults_ == 0;
  }

 private:
  std::map<std::string, uint64_t> counts_;
  int faults_ = 0;
};

void RunRandom(const SideBySide& settings, Report& report) {
  for (uint64_t seed = settings.seed; seed < settings.seed + settings.runs; ++seed) {
    for (const Policy* tree : settings.trees) {
      Random random(seed);
      const Schedule schedule = RandomProgram(random, settings.invlpgb);
      if (Switches(schedule)) report.Run(schedule, *tree, random, "seed " + std::to_string(seed));
    }
  }
}

bool RunFile(const SideBySide& settings, const char* path, Report& report) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  const auto parsed = ParseText(text);
  if (const auto* error = std::get_if<TextError>(&parsed)) {
    std::fprintf(stderr, "%s\n", FormatError(path, *error).c_str());
    return false;
  }
  const Schedule& schedule = std::get<ScheduleFile>(parsed).schedule;
  // Tables find a place in a tree's batches as in the model's, and the kernel is the tree's. What
  // is about ASIDs is arm64's.
  const bool kernel = settings.invlpgb ? HasInvlpgb(schedule) : schedule.kernel == kDefaultKernel;
  const bool fits = schedule.batch == kDefaultBatch && kernel && schedule.asids == kNoAsids;
  for (uint64_t seed = 0; seed < 16 && fits && Switches(schedule); ++seed) {
    for (const Policy* tree : settings.trees) {
      Random random(seed);
      report.Run(schedule, *tree, random, path);
    }
  }
  return true;
}

int Main(int argc, char** argv) {
  SideBySide settings;
  if (!ReadSideBySide(argc, argv, "cpu_differential", settings)) return 2;
  Report report;
  for (const char* file : settings.files) {
    if (!RunFile(settings, file, report)) return 2;
  }
  RunRandom(settings, report);
  return report.Print() ? 0 : 1;
}

}  // namespace
}  // namespace gatherfuzz

int main(int argc, char** argv) { return gatherfuzz::Main(argc, argv); }
