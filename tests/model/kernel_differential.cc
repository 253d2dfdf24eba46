// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Kernel trees (GATHERFUZZ_KERNEL) against the model's own gather, on x86 and arm64, or on the
// architecture that is named; where that has no memory but sc, all run so.
//
//   kernel_differential [--runs N] [--seed S] [--policy P]... [--arch A] [--nested WHAT]
//                       [--all-operations yes] [FILE...]
//
// Runs N (20000) random schedules, some of them under weaker memory, some with `rcu`, and each
// FILE: as it is, one CPU after the other, and in 16 random orders. In each run,
//   1. a tree does what the model does whose tables queue in the tree's batches (table_batches.h):
//      the same steps, with the same fields of the gather, the same invalidations, the same frames
//      freed, the same verdict in all its fields, the same state at the end. (A TLBI of one address
//      does not say what its stride is; nothing depends on it.)
//   2. that does what full-mm does, but for more flushes and tables freed sooner, and only where a
//      table found no place: the same verdict and, where CPUs run one after the other, the same
//      memory at the end;
//   3. where the program alone determines the memory at the end (harness/final_memory.h), the tree
//      leaves it so.
// Differences are counted by class, and of each the shortest schedule is shown. Exit status 1 if
// there is one that is not named here.
//
// --all-operations yes: the random schedules are programs of whatever 6.12 has, all kinds as
// likely, but for exit, and on x86 for what is of a CPU that switches.
//
// --nested none, no-tables, no-fullmm: the trees are edited so that they are broken
// (scripts/trees), and the model is broken in the same way. Without 2 and 3.
#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bench/random_input.h"
#include "harness/final_memory.h"
#include "harness/text.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"
#include "tests/model/recording.h"
#include "tests/model/table_batches.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

struct Settings {
  uint64_t runs = 20'000;
  uint64_t seed = 1;
  bool all_operations = false;
  Nested nested = Nested::kFullMm;
  std::vector<const Policy*> trees;
  std::vector<const Arch*> archs{Archs().begin(), Archs().end()};
  std::vector<const char*> files;
};

// What there is to compare of one schedule.
struct Work {
  Schedule schedule;
  bool sequential = false;  // CPUs run one after the other
  std::string name;
};

void OneAfterTheOther(Work& work) {
  work.schedule.order.clear();
  work.schedule.tail = {};
  work.sequential = true;
}

// Where an allocation of a batch fails once and then does not, a tree's gather grows, and the
// model's does not: taken with the next larger batch.
void WithoutGrowth(Schedule& schedule) {
  while (kGeometry[schedule.batch].refused != 0) ++schedule.batch;
}

// Programs that map, unmap and zap the same few pages, with tables that go, and any batch.
Schedule DenseSchedule(Random& random) {
  Schedule schedule;
  schedule.cpus = static_cast<int>(1 + random.Below(4));
  schedule.batch = static_cast<int>(1 + random.Below(kMaxBatch));
  const int pages = 4 << random.Below(5);
  const auto range = [&] {
    const int unit = random.Below(2) == 0 ? 1 : std::min(pages, 4 << 2 * random.Below(2));
    const int begin = static_cast<int>(random.Below(static_cast<uint32_t>(pages / unit))) * unit;
    const int units = static_cast<int>(1 + random.Below(random.Below(2) == 0 ? 2 : 8));
    return PageRange{begin, std::min(pages, begin + units * unit)};
  };
  const auto some = [&] { return random.Below(2) == 0 ? PageRange{0, pages} : range(); };
  const auto flags = [&] { return VmaFlags{random.Below(4) != 0, random.Below(3) == 0}; };
  using Kind = InitItem::Kind;
  for (uint32_t n = 1 + random.Below(3); n-- > 0;) {
    schedule.init.push_back({.kind = Kind::kMap, .range = some(), .flags = flags()});
  }
  for (uint32_t n = 1 + random.Below(3); n-- > 0;) {
    const bool dirty = random.Below(2) == 0;
    schedule.init.push_back({.kind = Kind::kPresent, .range = some(), .dirty = dirty});
  }
  const auto cpu = [&] {
    return MakeCpu(static_cast<int>(random.Below(static_cast<uint32_t>(schedule.cpus))));
  };
  for (uint32_t n = random.Below(4); n-- > 0;) {
    const PageRange pages_cached = some();
    schedule.init.push_back({.kind = Kind::kCached, .range = pages_cached, .cpu = cpu()});
  }
  static constexpr OpKind kKinds[] = {OpKind::kMap,      OpKind::kMunmap,   OpKind::kMunmap,
                                      OpKind::kDontneed, OpKind::kDontneed, OpKind::kFree,
                                      OpKind::kRead,     OpKind::kWrite,    OpKind::kFill};
  for (uint32_t n = 2 + random.Below(14); n-- > 0;) {
    ProgramLine line;
    line.op.kind = kKinds[random.Below(std::size(kKinds))];
    const AgentKind kind = Info(line.op.kind).agent;
    line.agent = MakeAgent(kind, cpu());
    line.op.range = range();
    if (Info(line.op.kind).operands == Operands::kPage) {
      line.op.range.end = line.op.range.begin + 1;
    }
    if (Info(line.op.kind).operands == Operands::kMap) line.op.flags = flags();
    schedule.program.push_back(line);
  }
  const auto tail = static_cast<Tail::Kind>(1 + random.Below(kTailKinds - 1));
  schedule.tail = {
      .kind = tail, .seed = static_cast<uint32_t>(random.Next()), .joined = random.Below(2) != 0};
  Canonicalize(schedule);
  return schedule;
}

void Drop(unsigned effects, Schedule& schedule) {
  for (size_t i = schedule.program.size(); i-- > 0;) {
    if (Info(schedule.program[i].op.kind).is(effects)) schedule.program.erase(i);
  }
  Canonicalize(schedule);
}

Schedule AnyOperations(uint64_t seed) {
  std::array<uint8_t, 256> bytes;
  const size_t size = MakeInput(seed, true, bytes);
  Schedule schedule;
  DecodeBytes({bytes.data(), size}, schedule);
  using enum KernelVersion;
  MakeItOf(std::array{k6_1, k6_12, k6_12_vma}[seed % 3], schedule);
  Drop(effect::kExits, schedule);
  // Which agent a strategy picks there hangs on strides that a tree does not say.
  if (schedule.memory == MemoryModel::kLate) schedule.memory = MemoryModel::kWeak;
  return schedule;
}

// One of two from random bytes, the other dense; a quarter of either runs one CPU after the other.
Work RandomWork(uint64_t seed, bool all_operations) {
  Random random(seed);
  Work work{.name = "seed " + std::to_string(seed)};
  work.schedule = all_operations  ? AnyOperations(seed)
                  : seed % 2 == 0 ? RandomSchedule(random)
                                  : DenseSchedule(random);
  // What is around the gather in later kernels breaks any policy, in some orders; of an exit see
  // RunFile().
  if (WithoutVmaLocks(work.schedule.kernel) > kDefaultKernel || Exits(work.schedule)) {
    work.schedule = DenseSchedule(random);
  }
  if (seed % 3 == 0) work.schedule.memory = static_cast<MemoryModel>(1 + random.Below(2));
  if (seed % 4 == 1) work.schedule.rcu = true;
  if (OnlySc(work.schedule)) work.schedule.memory = MemoryModel::kSc;
  if (random.Below(4) == 0) OneAfterTheOther(work);
  WithoutGrowth(work.schedule);
  return work;
}

// Of a class of differences.
struct Class {
  uint64_t count = 0;
  size_t steps = ~size_t{0};
  std::string example;
};

class Differential {
 public:
  explicit Differential(const Settings& settings)
      : settings_(settings),
        plain_gather_(settings.nested, false, false),
        gather_(settings.nested, true, false),
        gather_by_rcu_(settings.nested, true, true),
        broken_("model", "", "", plain_gather_),
        reference_("model with batches of tables", "", "", gather_),
        by_rcu_("model with batches of tables", "", "", gather_by_rcu_),
        plain_(settings.nested == Nested::kFullMm ? *FindPolicy("full-mm") : broken_) {}

  // But where a tree has its own CPU side, which makes other steps: cpu_differential has that.
  void Run(const Work& work) {
    for (const Arch* arch : settings_.archs) {
      Work its = work;
      if (arch->counts_generations() && Switches(its.schedule)) {
        if (!settings_.all_operations) continue;
        Drop(effect::kSwitches, its.schedule);
      }
      if (arch->only_sc()) its.schedule.memory = MemoryModel::kSc;
      RunOn(its, *arch);
    }
  }

  // Prints what there was; whether all of it was expected.
  bool Report() const {
    std::printf("%-60s %d\n", "kinds of operations", std::popcount(operations_));
    for (const auto& [name, count] : counts_) {
      std::printf("%-60s %llu\n", name.c_str(), static_cast<unsigned long long>(count));
    }
    for (const auto& [name, it] : classes_) {
      std::printf("\nexpected: %s: %llu; the shortest:\n%s", name.c_str(),
                  static_cast<unsigned long long>(it.count), it.example.c_str());
    }
    for (const auto& [name, it] : faults_) {
      std::printf("\nDIFFERENCE: %s: %llu; the shortest:\n%s", name.c_str(),
                  static_cast<unsigned long long>(it.count), it.example.c_str());
    }
    return faults_.empty();
  }

 private:
  void RunOn(const Work& work, const Arch& arch) {
    const std::string on = std::string(" on ") + std::string(arch.name());
    Record(*execution_, work.schedule, reference_, arch, model_);
    ++counts_["runs" + on];
    counts_["steps" + on] += model_.steps.size();
    for (const ProgramLine& line : work.schedule.program) operations_ |= Bit(line.op.kind);
    counts_["invalidations" + on] += model_.requests.size();
    if (!model_.result.clean()) {
      ++counts_[std::string("verdict ") +
                (model_.result.limit ? "limit"
                                     : std::string(Info(model_.result.violation.kind).name)) +
                on];
    }
    ComparePlain(work, arch, on);
    for (const Policy* tree : settings_.trees) {
      Schedule schedule = work.schedule;
      if (schedule.asids != kNoAsids || schedule.rcu) {
        if (schedule.asids != kNoAsids) schedule.kernel = VersionLike(*tree, arch, schedule.kernel);
        const bool by_rcu = schedule.rcu && HandsLoneTablesOver(*tree, arch);
        Record(*execution_, schedule, by_rcu ? by_rcu_ : reference_, arch, model_);
      }
      Record(*execution_, schedule, *tree, arch, real_);
      const std::string name = std::string(tree->name()) + on;
      const Found found = Compare(real_, model_);
      const bool stride = found.difference == Difference::kStride;
      ++counts_[name + (found.difference == Difference::kNone ? ": the same"
                        : stride                              ? ": the same, but for a stride"
                                                              : ": not the same")];
      if (found.difference != Difference::kNone) {
        Note(stride ? classes_ : faults_, name + " and the model: " + NameOf(found.difference),
             found.where, work, arch);
      }
      CheckMemory(name, work, arch);
    }
  }

  // Where ASIDs are allocated, whose order of steps a tree's own context.c has: up to 6.5 it loads
  // the empty tables before it reads the ASID. Told by its first switch.
  KernelVersion VersionLike(const Policy& tree, const Arch& arch, KernelVersion or_else) {
    Schedule schedule;
    schedule.cpus = 1;
    schedule.asids = 1;
    schedule.program.push_back({CpuAgent(MakeCpu(0)), {OpKind::kSwitch, {1, 2}, {}}});
    Record(*execution_, schedule, tree, arch, real_);
    const auto loads =
        std::ranges::find(real_.steps, Point::reserved_ttbr0,
                          [](const Recording::Step& step) { return step.event.point; });
    if (loads == real_.steps.end() || loads == real_.steps.begin()) return or_else;
    if (loads[-1].event.point != Point::asid_read) return KernelVersion::k6_1;
    return std::max(or_else, kDefaultKernel);
  }

  // Whether a table for which there is no batch goes to call_rcu().
  bool HandsLoneTablesOver(const Policy& tree, const Arch& arch) {
    Schedule schedule;
    schedule.cpus = 1;
    schedule.rcu = true;
    schedule.batch = 1;  // no table finds one
    schedule.init.push_back(
        {.kind = InitItem::Kind::kMap, .range = {0, 1}, .flags = {true, false}});
    schedule.init.push_back({.kind = InitItem::Kind::kPresent, .range = {0, 1}});
    schedule.program.push_back({CpuAgent(MakeCpu(0)), {OpKind::kMunmap, {0, 1}, {}}});
    Record(*execution_, schedule, tree, arch, real_);
    return std::ranges::any_of(real_.steps, [](const Recording::Step& step) {
      return step.event.point == Point::call_rcu;
    });
  }

  // The model with batches of tables against the one without.
  void ComparePlain(const Work& work, const Arch& arch, const std::string& on) {
    Record(*execution_, work.schedule, plain_, arch, real_);
    // That loads the count whenever it likes, so stores to it are in flight for longer.
    if (model_.result.out_of_stores || real_.result.out_of_stores) {
      ++counts_["no room for stores" + on];
      return;
    }
    const Found found = Compare(real_, model_);
    const bool roomy = kGeometry[work.schedule.batch].table_batch == kAllTables;
    counts_["tables find a place" + on] += roomy;
    if (found.difference == Difference::kNone) {
      ++counts_["step for step full-mm" + on];
      return;
    }
    const std::string name = "full-mm and the model with batches of tables" + on + ": ";
    const bool verdict = found.difference == Difference::kVerdict;
    auto& classes = roomy || (verdict && settings_.nested == Nested::kFullMm) ? faults_ : classes_;
    Note(classes, name + NameOf(found.difference), found.where, work, arch);
    if (settings_.nested != Nested::kFullMm) return;
    if (real_.result.cost.invalidations > model_.result.cost.invalidations && work.sequential) {
      Note(faults_, name + "fewer invalidations", "", work, arch);
    }
    // Which frames are taken depends on when RCU frees the others.
    if (work.sequential && !work.schedule.rcu && !SameMemory(real_.end, model_.end)) {
      Note(faults_, name + "memory at the end", "", work, arch);
    }
  }

  void CheckMemory(const std::string& name, const Work& work, const Arch& arch) {
    if (settings_.nested != Nested::kFullMm || !real_.result.clean()) return;
    const Determined determined = DeterminedBy(work.schedule);
    const MemoryDifference difference =
        FirstDifference(Final(real_.end, determined), Predict(work.schedule, determined));
    if (difference) {
      Note(faults_, name + " and the program: memory", Describe(difference), work, arch);
    }
  }

  static std::string NameOf(Difference difference) {
    return kDifferences[static_cast<int>(difference)];
  }

  // Page tables, frames and VMAs; not what is cached.
  static bool SameMemory(const World& a, const World& b) {
    return std::memcmp(&a.mm, &b.mm, sizeof a.mm) == 0 &&
           std::memcmp(&a.frames, &b.frames, sizeof a.frames) == 0 &&
           a.free_frames == b.free_frames;
  }

  void Note(std::map<std::string, Class>& classes, const std::string& name,
            const std::string& where, const Work& work, const Arch& arch) const {
    Class& it = classes[name];
    ++it.count;
    if (model_.steps.size() >= it.steps) return;
    it.steps = model_.steps.size();
    it.example =
        "# " + work.name + ", " + where + "\n" +
        PrintText(
            {.policy = "full-mm", .arch = std::string(arch.name()), .schedule = work.schedule});
  }

  const Settings& settings_;
  const TableBatches plain_gather_, gather_, gather_by_rcu_;
  const Policy broken_, reference_, by_rcu_;
  const Policy& plain_;
  const std::unique_ptr<Execution> execution_ = std::make_unique<Execution>();
  Recording model_, real_;
  uint32_t operations_ = 0;
  std::map<std::string, uint64_t> counts_;
  std::map<std::string, Class> classes_, faults_;
};

bool RunFile(Differential& differential, const char* path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  const auto parsed = ParseText(text);
  if (const auto* error = std::get_if<TextError>(&parsed)) {
    std::fprintf(stderr, "%s\n", FormatError(path, *error).c_str());
    return false;
  }
  Work work{.schedule = std::get<ScheduleFile>(parsed).schedule, .name = path};
  // A tree's fullmm gather is one before it is counted, the model's right behind that, so policies
  // begin it as any other. Nobody else can tell.
  if (Exits(work.schedule)) return true;
  WithoutGrowth(work.schedule);
  differential.Run(work);
  work.schedule.order.clear();
  for (uint32_t i = 0; i < 16; ++i) {
    work.schedule.tail = {
        .kind = static_cast<Tail::Kind>(1 + i % (kTailKinds - 1)), .seed = i, .joined = i % 4 < 2};
    differential.Run(work);
  }
  OneAfterTheOther(work);
  differential.Run(work);
  return true;
}

bool ParseNested(std::string_view word, Nested& nested) {
  static constexpr std::string_view kWords[] = {"full-mm", "none", "no-tables", "no-fullmm"};
  const auto it = std::find(std::begin(kWords), std::end(kWords), word);
  nested = static_cast<Nested>(it - std::begin(kWords));
  return it != std::end(kWords);
}

// Takes the flag and its value; false if there is no such flag, or no such value.
bool TakeFlag(std::string_view flag, const char* value, Settings& settings) {
  if (value == nullptr) return false;
  if (flag == "--runs") {
    settings.runs = std::strtoull(value, nullptr, 10);
  } else if (flag == "--seed") {
    settings.seed = std::strtoull(value, nullptr, 10);
  } else if (flag == "--all-operations") {
    settings.all_operations = std::string_view(value) == "yes";
    return settings.all_operations;
  } else if (flag == "--policy") {
    settings.trees.push_back(FindPolicy(value));
    return settings.trees.back() != nullptr;
  } else if (flag == "--arch") {
    settings.archs = {FindArch(value)};
    return settings.archs.front() != nullptr;
  } else {
    return flag == "--nested" && ParseNested(value, settings.nested);
  }
  return true;
}

int Main(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "--", 2) != 0) {
      settings.files.push_back(argv[i]);
    } else if (!TakeFlag(argv[i], i + 1 < argc ? argv[i + 1] : nullptr, settings)) {
      std::fprintf(stderr, "kernel_differential: '%s' and what follows\n", argv[i]);
      return 2;
    } else {
      ++i;
    }
  }
  if (settings.trees.empty()) {
    std::copy_if(Policies().begin(), Policies().end(), std::back_inserter(settings.trees),
                 [](const Policy* policy) { return policy->foreign(); });
  }
  if (settings.trees.empty()) {
    std::fprintf(stderr, "kernel_differential: built without a tree (GATHERFUZZ_KERNEL)\n");
    return 2;
  }
  Differential differential(settings);
  for (const char* file : settings.files) {
    if (!RunFile(differential, file)) return 2;
  }
  for (uint64_t i = 0; i < settings.runs; ++i)
    differential.Run(RandomWork(settings.seed + i, settings.all_operations));
  return differential.Report() ? 0 : 1;
}

}  // namespace
}  // namespace gatherfuzz

int main(int argc, char** argv) { return gatherfuzz::Main(argc, argv); }
