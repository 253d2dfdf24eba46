// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The mm/context.c of a kernel tree (GATHERFUZZ_KERNEL, or loaded), of arm64 or riscv, against the
// model's allocator of ASIDs.
//
//   asid_differential [--runs N] [--seed S] [--policy P]... [--arch riscv]
//
// Runs N (2000) random programs in which CPUs switch and ASIDs are scarce, each in a random order,
// on the tree and on full-mm side by side. Both must always stand before the same step, be in the
// same state (that of the allocator, what is cached and parked, loaded and owed for, page tables
// and frames), and end in the same violation or none. A tree that loads the empty tables before it
// reads the ASID (up to 6.5) is held against the model's kernel 6.1; one of riscv whose gathers
// flush the whole mm (6.1) in programs that have none. Exit status 1 if something differs.
#include <cstdio>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "explore/stepper.h"
#include "harness/execution.h"
#include "harness/random.h"
#include "harness/text.h"
#include "model/kernel/asids.h"
#include "model/policies/policy.h"
#include "tests/explore/side_by_side.h"

namespace gatherfuzz {
namespace {

Schedule RandomProgram(Random& random, bool gathers) {
  Schedule schedule;
  schedule.cpus = static_cast<int>(1 + random.Below(3));
  schedule.asids = static_cast<int>(random.Below(static_cast<uint32_t>(schedule.cpus + 1)));
  using Kind = InitItem::Kind;
  const int pages = 1 + static_cast<int>(random.Below(3));
  schedule.init.push_back({.kind = Kind::kMap, .range = {0, pages}, .flags = {true, false}});
  schedule.init.push_back({.kind = Kind::kPresent, .range = {0, pages}});
  for (int i = 0; i < schedule.cpus; ++i) {
    if (random.Below(2) == 0) continue;
    schedule.init.push_back({.kind = Kind::kCached, .range = {0, pages}, .cpu = MakeCpu(i)});
  }
  static constexpr OpKind kKinds[] = {OpKind::kSwitch,  OpKind::kSwitch,   OpKind::kSwitch,
                                      OpKind::kSwitch,  OpKind::kSwitch,   OpKind::kIdle,
                                      OpKind::kWake,    OpKind::kRead,     OpKind::kFill,
                                      OpKind::kReclaim, OpKind::kDontneed, OpKind::kMunmap};
  const std::span<const OpKind> kinds(kKinds, std::size(kKinds) - (gathers ? 0 : 2));
  for (uint32_t n = 4 + random.Below(12); n-- > 0;) {
    schedule.program.push_back(DrawLine(random, schedule, kinds, pages));
  }
  Canonicalize(schedule);
  return schedule;
}

const char* FirstDifference(const World& a, const World& b) {
  if (!Same(a.switching.asids, b.switching.asids)) return "the allocator";
  if (!Same(a.mm, b.mm)) return "the mm";
  if (!Same(a.frames, b.frames) || a.free_frames != b.free_frames) return "page tables and frames";
  for (int i = 0; i < a.cpu_count; ++i) {
    const CpuState &left = a.at(MakeCpu(i)), &right = b.at(MakeCpu(i));
    if (!Same(left.tlb, right.tlb)) return "a TLB";
    if (!Same(left.walk_cache, right.walk_cache)) return "a walk cache";
    if (!Same(left.walks, right.walks)) return "a walk";
    SwitchCpu l = a.switching.at(MakeCpu(i)), r = b.switching.at(MakeCpu(i));
    // On a stack in the tree.
    for (SwitchCpu* it : {&l, &r}) it->read_id = it->was_active = it->need_flush = 0;
    if (!Same(l, r)) return "what is loaded, parked or owed for";
  }
  return nullptr;
}

class Pair {
 public:
  Pair(const Schedule& schedule, const Policy& tree, const Arch& arch) {
    tree_->Begin(schedule, tree, arch);
    model_->Begin(schedule, *FindPolicy("full-mm"), arch);
  }

  // "" if they are the same to the end; else what differs.
  std::string Run(Random& random) {
    while (true) {
      Actions able = tree_->Able();
      if (able.empty()) return End();
      for (auto skip = random.Below(static_cast<uint32_t>(able.size())); skip > 0; --skip) {
        able.TakeFirst();
      }
      const Action action = able.TakeFirst();
      const Point point = tree_->Next(action).point;
      trail_ += " " + AgentName(AgentOf(action)) + ":" + Info(point).name;
      if (!model_->Able(action) || model_->Next(action).point != point) return "the next step";
      const bool goes_on = tree_->Step(action);
      if (model_->Step(action) != goes_on) return "a violation of one only";
      if (!goes_on) return Verdicts();
      if (const char* difference = FirstDifference(tree_->world(), model_->world())) {
        return difference;
      }
    }
  }

  const std::string& trail() const { return trail_; }
  int rollovers() const { return tree_->world().switching.asids.generation - 1; }

 private:
  std::string Verdicts() const {
    const Violation &a = tree_->violation(), &b = model_->violation();
    return a.kind == b.kind && a.page == b.page && a.cpu == b.cpu ? "" : "the violation";
  }
  std::string End() {
    if (!model_->Able().empty()) return "the model can go on";
    const bool tree = tree_->Judge(), model = model_->Judge();
    if (tree != model) return "the end";
    return tree ? "" : Verdicts();
  }

  std::unique_ptr<Stepper> tree_ = std::make_unique<Stepper>();
  std::unique_ptr<Stepper> model_ = std::make_unique<Stepper>();
  std::string trail_;
};

// Whether a gather of a tree flushes no more than it has cleared.
bool FlushesRanges(const Policy& tree, const Arch& arch) {
  Schedule schedule;
  schedule.cpus = 1;
  schedule.init.push_back({.kind = InitItem::Kind::kMap, .range = {0, 1}, .flags = {true, false}});
  schedule.init.push_back({.kind = InitItem::Kind::kPresent, .range = {0, 1}});
  schedule.program.push_back({CpuAgent(MakeCpu(0)), {OpKind::kDontneed, {0, 1}, {}}});
  Execution execution;
  return execution.Execute(schedule, tree, arch).cost.whole == 0;
}

// Whose order of steps a tree has: told by its first switch.
KernelVersion VersionLike(const Policy& tree, const Arch& arch) {
  Schedule schedule;
  schedule.cpus = 1;
  schedule.asids = 1;
  schedule.program.push_back({CpuAgent(MakeCpu(0)), {OpKind::kSwitch, {1, 2}, {}}});
  Stepper stepper;
  stepper.Begin(schedule, tree, arch);
  const Action thread = ActionOf(CpuAgent(MakeCpu(0)));
  Point before{};
  while (stepper.Able(thread)) {
    const Point point = stepper.Next(thread).point;
    if (point == Point::reserved_ttbr0) {
      return before == Point::asid_read ? kDefaultKernel : KernelVersion::k6_1;
    }
    before = point;
    if (!stepper.Step(thread)) break;
  }
  return kDefaultKernel;
}

// Returns whether all was the same.
bool Compare(const SideBySide& settings, const Arch& arch) {
  int faults = 0;
  for (const Policy* tree : settings.trees) {
    uint64_t runs = 0, rollovers = 0;
    const KernelVersion kernel = VersionLike(*tree, arch);
    const bool gathers = FlushesRanges(*tree, arch);
    for (uint64_t seed = settings.seed; seed < settings.seed + settings.runs; ++seed) {
      Random random(seed);
      Schedule schedule = RandomProgram(random, gathers);
      schedule.kernel = kernel;
      if (!Switches(schedule)) continue;
      Pair pair(schedule, *tree, arch);
      const std::string difference = pair.Run(random), name(tree->name());
      ++runs;
      rollovers += static_cast<uint64_t>(pair.rollovers());
      if (difference.empty() || ++faults > 3) continue;
      std::printf(
          "DIFFERENCE of %s, seed %llu: %s\n%s%s\n", name.c_str(),
          static_cast<unsigned long long>(seed), difference.c_str(),
          PrintText({.policy = "full-mm", .arch = std::string(arch.name()), .schedule = schedule})
              .c_str(),
          pair.trail().c_str());
    }
    std::printf("%-30s %llu programs, %llu rollovers\n", std::string(tree->name()).c_str(),
                static_cast<unsigned long long>(runs), static_cast<unsigned long long>(rollovers));
  }
  return faults == 0;
}

int Main(int argc, char** argv) {
  SideBySide settings;
  if (!ReadSideBySide(argc, argv, "asid_differential", settings)) return 2;
  if (!settings.files.empty()) {
    std::fprintf(stderr, "asid_differential: takes no files\n");
    return 2;
  }
  const Arch& arch = settings.arch != nullptr ? *settings.arch : *FindArch("arm64");
  for (const Policy* tree : settings.trees) {
    if (tree->RunsOn(arch.name())) continue;
    std::fprintf(stderr, "asid_differential: %s has no tree for %s\n",
                 std::string(tree->name()).c_str(), std::string(arch.name()).c_str());
    return 2;
  }
  return Compare(settings, arch) ? 0 : 1;
}

}  // namespace
}  // namespace gatherfuzz

int main(int argc, char** argv) { return gatherfuzz::Main(argc, argv); }
