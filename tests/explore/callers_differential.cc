// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A kernel tree's own callers (GATHERFUZZ_CALLERS) against the model's paths under full-mm, step by
// step.
//
//   callers_differential [--runs N] [--seed S]
//
// Runs N (20000) random programs, in a random order each. Whoever moves on the tree's side moves on
// the model's; a thread's steps must be the same, but for those that only the kernel makes (kOnly),
// which are counted. After each step that both have made the two states are the same: page tables,
// frames, VMAs, locks, the count, the fields and queues of every gather, each invalidation with
// what it drops and where it is pending, TLBs, walk caches, and what the oracle will hold each call
// to. Exit status 1 if there is a difference that is not named here; the shortest of each is shown.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "explore/stepper.h"
#include "harness/random.h"
#include "harness/text.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

// Where the kernel makes a step and the model does not.
struct Only {
  Point point;
  const char* why;
};
constexpr Only kOnly[] = {
    {Point::pud_read, "an entry is read once more"},
    {Point::pmd_read, "an entry is read once more"},
    {Point::rmap_unlink, "VMAs leave the rmap one by one"},
    {Point::pmd_populate, "a page table moves in two steps"},
};

Schedule RandomProgram(Random& random) {
  const auto below = [&](int n) {
    return static_cast<int>(random.Below(static_cast<uint32_t>(n)));
  };
  Schedule schedule;
  schedule.cpus = 2 + below(2);
  schedule.batch = 1 + below(kMaxBatch - 1);
  const int pages = 4 << below(4);
  const auto range = [&] {
    const int unit = below(2) == 0 ? 1 : std::min(pages, 4);
    const int begin = below(pages / unit) * unit;
    return PageRange{begin, std::min(pages, begin + (1 + below(below(2) == 0 ? 2 : 8)) * unit)};
  };
  const auto some = [&] { return below(2) == 0 ? PageRange{0, pages} : range(); };
  const auto cpu = [&] { return MakeCpu(below(schedule.cpus)); };
  using Kind = InitItem::Kind;
  for (int n = 1 + below(3); n-- > 0;) {
    schedule.init.push_back({.kind = Kind::kMap, .range = some(), .flags = {below(4) != 0}});
  }
  for (int n = 1 + below(3); n-- > 0;) {
    schedule.init.push_back({.kind = Kind::kPresent, .range = some(), .dirty = below(2) == 0});
  }
  for (int n = below(4); n-- > 0;) {
    schedule.init.push_back({.kind = Kind::kCached, .range = some(), .cpu = cpu()});
  }
  static constexpr OpKind kKinds[] = {
      OpKind::kMap,     OpKind::kMunmap,  OpKind::kMunmap, OpKind::kDontneed, OpKind::kDontneed,
      OpKind::kProtect, OpKind::kProtect, OpKind::kFree,   OpKind::kRemap,    OpKind::kRead,
      OpKind::kWrite,   OpKind::kWrite,   OpKind::kFill,   OpKind::kReclaim};
  for (int n = 2 + below(8); n-- > 0;) {
    ProgramLine line;
    line.op.kind = kKinds[below(static_cast<int>(std::size(kKinds)))];
    const OpInfo& info = Info(line.op.kind);
    line.agent = MakeAgent(info.agent, cpu());
    line.op.range = range();
    if (info.has_page()) line.op.range.end = line.op.range.begin + 1;
    if (info.operands == Operands::kMap) line.op.flags.write = below(4) != 0;
    if (info.operands == Operands::kProtect) {
      line.op.flags.write = below(2) == 0;
      line.op.flags.none = !line.op.flags.write && below(2) == 0;
    }
    if (info.has_target()) {
      const int to = line.op.range.begin % 4 + 4 * below(kPages / 4);
      line.op.to =
          static_cast<uint8_t>(std::min(to, kPages - (line.op.range.end - line.op.range.begin)));
      line.op.flags.stays = below(3) == 0;
    }
    schedule.program.push_back(line);
  }
  Canonicalize(schedule);
  return schedule;
}

Action OneOf(Actions able, Random& random) {
  for (uint32_t n = random.Below(static_cast<uint32_t>(able.size())); n > 0; --n) able.TakeFirst();
  return able.TakeFirst();
}

// What the two states differ in; empty if they do not. A move is held to all of its range, from
// when it is done with that; where the range goes on in the kernel over addresses that are no pages
// of the model, that is some reads later. So of these only the return tells.
std::string DifferIn(const World& a, const World& b, const std::array<bool, kMaxCpus>& moves) {
  const auto differ = [](const auto& x, const auto& y) {
    return std::memcmp(&x, &y, sizeof x) != 0;
  };
  if (differ(a.frames, b.frames)) return "page tables";
  if (differ(a.free_frames, b.free_frames)) return "free frames";
  Mm mm = a.mm;
  mm.detached = b.mm.detached;  // VMAs leave the rmap one by one
  if (differ(mm, b.mm)) return "the mm";
  for (size_t i = 0; i < kMaxCpus; ++i) {
    const CpuState &x = a.cpus[i], &y = b.cpus[i];
    if (differ(x.tlb, y.tlb) || differ(x.walk_cache, y.walk_cache)) return "what is cached";
    if (differ(x.invalidation, y.invalidation)) return "an invalidation";
    if (differ(x.deliveries, y.deliveries)) return "deliveries";
    if (differ(x.walks, y.walks)) return "walks";
    if (!moves[i] && differ(x.call, y.call)) return "what a call is held to";
    if (differ(x.gather, y.gather)) return "a gather";
  }
  return "";
}

struct Settings {
  uint64_t runs = 20'000, seed = 1;
};

// Of a class of differences.
struct Class {
  uint64_t count = 0;
  size_t steps = ~size_t{0};
  std::string example;
};

class Differential {
 public:
  void Run(uint64_t seed) {
    Random random(seed);
    const Schedule schedule = RandomProgram(random);
    taken_.clear();
    between_ = explained_ = false;
    kernel_->Begin(schedule, callers_, x86_);
    model_->Begin(schedule, full_mm_, x86_);
    std::string difference;
    Action last = kNoAction;
    for (Actions able = kernel_->Able(); !able.empty() && difference.empty();
         able = kernel_->Able()) {
      const bool goes_on = last != kNoAction && able.contains(last) && random.Below(4) != 0;
      const Action action = goes_on ? last : OneOf(able, random);
      last = IsDelivery(action) ? kNoAction : MoverOf(action);
      difference = Both(action);
      if (over_) break;
    }
    if (explained_) difference = GoesOnAlone(random);
    if (difference.empty() && !over_ && kernel_->Judge() != model_->Judge()) difference = "the end";
    ++counts_["runs"];
    counts_["steps"] += taken_.size();
    if (!difference.empty()) Note(difference, seed, schedule);
  }

  bool Report() const {
    for (const auto& [name, count] : counts_) {
      std::printf("%-60s %llu\n", name.c_str(), static_cast<unsigned long long>(count));
    }
    for (const auto& [name, it] : faults_) {
      std::printf("\nDIFFERENCE: %s: %llu; the shortest:\n%s", name.c_str(),
                  static_cast<unsigned long long>(it.count), it.example.c_str());
    }
    return faults_.empty();
  }

 private:
  // One step of the kernel's side, and the same of the model's.
  std::string Both(Action action) {
    const PendingStep step = kernel_->Next(action);
    const bool able = model_->Able(action);
    const PendingStep models = able ? model_->Next(action) : PendingStep{};
    const bool named = able && models.point == step.point && models.page != step.page &&
                       NamedByOther(action, step, models);
    const bool same = able && models.point == step.point && (models.page == step.page || named);
    const bool only = !same && KernelsOnly(step.point);
    taken_.push_back({action, step, only});
    over_ = false;
    const bool clean = kernel_->Step(action);
    if (only) {
      over_ = !clean;
      if (!clean) return "a verdict in a step that is the kernel's only";
      if (step.point != Point::pmd_populate || !between_) return "";
      between_ = false;
      const bool differ = !DifferIn(kernel_->world(), model_->world(), Moving()).empty();
      return differ ? Explained("somebody walked a page table while it was nowhere") : "";
    }
    if (!same && !clean) {
      over_ = true;
      return "a verdict in a step that the model does not make";
    }
    if (!same && step.point == Point::pmd_move && models.point == Point::pmd_read) {
      return Explained("a table of PMDs moves as a whole (move_normal_pud())");
    }
    if (!same && (step.point == Point::pmd_move ||
                  (step.point == Point::pmd_lock && models.point == Point::pmd_lock))) {
      return Explained("a move is widened to a whole page table (try_realign_addr())");
    }
    if (!same) {
      over_ = true;
      taken_.push_back({action, models, false});
      return std::string("a step: the kernel's ") + Told(step) + ", the model's " +
             (able ? Told(models) : "none");
    }
    over_ = !clean;
    if (model_->Step(action) != clean) {
      over_ = true;
      return std::string("the verdict: ") + (clean ? "the model's" : "the kernel's") + " is " +
             std::string(Info((clean ? *model_ : *kernel_).violation().kind).name);
    }
    if (!clean) {
      const ViolationKind kind = kernel_->violation().kind;
      ++counts_["verdict " + std::string(Info(kind).name)];
      return kind == model_->violation().kind ? "" : "the kind of the verdict";
    }
    // From the first of its two steps to the second, a page table that moves is nowhere.
    if (step.point == Point::pmd_move) between_ = true;
    if (between_) return "";
    const World &kernel = kernel_->world(), &model = model_->world();
    const std::string difference = DifferIn(kernel, model, Moving());
    if (!difference.empty() && kernel.mm.detached != model.mm.detached) {
      return Explained("reclaim found one of several VMAs that leave the rmap");
    }
    return difference;
  }

  std::array<bool, kMaxCpus> Moving() const {
    std::array<bool, kMaxCpus> moves{};
    for (int i = 0; i < kMaxCpus; ++i) {
      const CpuId cpu = MakeCpu(i);
      moves[static_cast<size_t>(i)] =
          kernel_->ThreadLeft(cpu) && kernel_->OpInProgress(cpu).kind == OpKind::kRemap;
    }
    return moves;
  }

  // The comparison ends here.
  std::string Explained(const char* why) {
    over_ = explained_ = true;
    ++counts_[std::string("ends where ") + why];
    return "";
  }

  // The kernel's side, to its end, which must be clean.
  std::string GoesOnAlone(Random& random) {
    bool clean = true;
    for (Actions able = kernel_->Able(); clean && !able.empty(); able = kernel_->Able()) {
      clean = kernel_->Step(OneOf(able, random));
    }
    if (clean && kernel_->Judge()) return "";
    return "the kernel's verdict, alone: " + std::string(Info(kernel_->violation().kind).name);
  }

  // A table that has pages of both places of a move, and is named by either.
  bool NamedByOther(Action action, const PendingStep& step, const PendingStep& models) {
    const CpuId cpu = CpuOf(AgentOf(action));
    if (KindOf(AgentOf(action)) != AgentKind::kCpu || !kernel_->ThreadLeft(cpu)) return false;
    const Op& op = kernel_->OpInProgress(cpu);
    if (op.kind != OpKind::kRemap) return false;
    const auto both = [&](int here, int there) {
      return op.range.contains(here) && MovesTo(op).contains(there);
    };
    const bool of_ptes = step.point == Point::pte_lock || step.point == Point::pte_unlock;
    const int pages = of_ptes ? kPagesPerPmd : kPagesPerPud;
    return step.page / pages == models.page / pages &&
           (both(step.page, models.page) || both(models.page, step.page));
  }

  bool KernelsOnly(Point point) {
    for (const Only& it : kOnly) {
      if (it.point != point) continue;
      ++counts_[std::string("the kernel's only: ") + Info(point).name + ": " + it.why];
      return true;
    }
    return false;
  }

  static std::string Told(const PendingStep& step) { return Info(step.point).name; }
  static std::string ToldWithPage(const PendingStep& step) {
    return Told(step) + "(" + std::to_string(step.page) + ")";
  }

  void Note(const std::string& name, uint64_t seed, const Schedule& schedule) {
    Class& it = faults_[name];
    ++it.count;
    if (taken_.size() >= it.steps) return;
    it.steps = taken_.size();
    it.example = "# seed " + std::to_string(seed) + "\n" +
                 PrintText({.policy = "callers", .arch = "x86", .schedule = schedule});
    for (const auto& [action, step, only] : taken_) {
      it.example += "# action " + std::to_string(Index(action)) + " " + ToldWithPage(step) +
                    (only ? " (kernel only)\n" : "\n");
    }
  }

  struct Taken {
    Action action;
    PendingStep step;
    bool only;
  };

  const Policy &callers_ = *FindPolicy("callers"), &full_mm_ = *FindPolicy("full-mm");
  const Arch& x86_ = *FindArch("x86");
  const std::unique_ptr<Stepper> kernel_ = std::make_unique<Stepper>(),
                                 model_ = std::make_unique<Stepper>();
  std::vector<Taken> taken_;
  bool over_ = false, between_ = false, explained_ = false;
  std::map<std::string, uint64_t> counts_;
  std::map<std::string, Class> faults_;
};

int Main(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view flag = argv[i];
    const char* const value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (value == nullptr || (flag != "--runs" && flag != "--seed")) {
      std::fprintf(stderr, "callers_differential: '%s': --runs N or --seed S\n", argv[i]);
      return 2;
    }
    (flag == "--runs" ? settings.runs : settings.seed) = std::strtoull(value, nullptr, 10);
  }
  Differential differential;
  for (uint64_t i = 0; i < settings.runs; ++i) differential.Run(settings.seed + i);
  return differential.Report() ? 0 : 1;
}

}  // namespace
}  // namespace gatherfuzz

int main(int argc, char** argv) { return gatherfuzz::Main(argc, argv); }
