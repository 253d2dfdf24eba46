// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "command/chosen.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "command/options.h"
#include "explore/io/message.h"
#include "explore/io/program.h"
#include "explore/io/strings.h"
#include "harness/family.h"
#include "harness/nearest.h"
#include "model/check.h"
#include "model/policies/zoo/zoo.h"
#include "triage/replay/unreached.h"

namespace gatherfuzz {
namespace {

template <typename Items>
std::string List(const Items& items) {
  return absl::StrJoin(items, ", ", [](std::string* out, const auto* item) {
    absl::StrAppend(out, Absl(item->name()));
  });
}

// What a file, and the way to it, leave open: all of it is asked for at once.
absl::Status SaysNo(const std::string& path, bool policy, bool arch) {
  const auto either = [&](const std::string& both, const std::string& the_policy,
                          const std::string& the_arch) {
    return policy && arch ? both : policy ? the_policy : the_arch;
  };
  std::error_code error;
  const bool file = std::filesystem::is_regular_file(path, error);
  // Of what is no schedule nobody knows one.
  const absl::StatusOr<LoadedSchedule> loaded =
      file ? LoadSchedule(path) : absl::StatusOr<LoadedSchedule>(LoadedSchedule{});
  if (loaded.ok() && !loaded->doubt.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": ", loaded->doubt, "; name a schedule (as bytes of one it is run with ",
        policy && arch ? "--policy and --arch"
        : policy       ? "--policy"
                       : "--arch",
        ")"));
  }
  const std::string of_policy = absl::StrCat("--policy, one of ", List(Policies()));
  const std::string of_arch = absl::StrCat("--arch, one of ", List(AllArchs()));
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": says no ", either("policy and no arch", "policy", "arch"),
                   file ? ", nor do the folders on the way to it" : "", "; pass ",
                   either(absl::StrCat(of_policy, "; and ", of_arch), of_policy, of_arch)));
}

template <typename Lookup, typename All>
auto Find(const char* what, const std::string& name, Lookup lookup, All all)
    -> absl::StatusOr<decltype(lookup(name))> {
  if (const auto* found = lookup(name)) return found;
  const auto names = NamesOf(all(), [](const auto* item) { return item->name(); });
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown ", what, " '", name, "'", DidYouMean(name, names), "; one of ", List(all())));
}

// Which of the two are wanted, of what a file is run against.
struct Wanted {
  bool policy, arch;
};

void SayTaken(const std::string& path, const Said& taken) {
  static std::set<std::string> said;  // by folder
  const std::string what = taken.policy.empty() ? taken.arch
                           : taken.arch.empty() ? taken.policy
                                                : absl::StrCat(taken.policy, " on ", taken.arch);
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (!said.insert(absl::StrCat(folder, "\n", what)).second) return;
  Say(absl::StrCat(Printable(path), ": ", Printable(what), ", as its path says"));
}

Said FindSaid(const Options& options, const std::string& path, const ScheduleFile& file,
              Wanted wanted) {
  Said found{options.policy.empty() ? file.policy : options.policy,
             options.arch.empty() ? file.arch : options.arch};
  std::error_code error;
  if ((!found.policy.empty() || !wanted.policy) && (!found.arch.empty() || !wanted.arch)) {
    return found;
  }
  if (!std::filesystem::is_regular_file(path, error)) return found;
  Said taken = SaidByPath(path);
  if (!found.policy.empty() || !wanted.policy) taken.policy.clear();
  if (!found.arch.empty() || !wanted.arch) taken.arch.clear();
  if (taken.nothing()) return found;
  SayTaken(path, taken);
  if (found.policy.empty()) found.policy = taken.policy;
  if (found.arch.empty()) found.arch = taken.arch;
  return found;
}

// A positive number with an optional k, M or G.
std::optional<double> ParseSize(absl::string_view text) {
  double unit = 1;
  if (!text.empty()) {
    switch (text.back()) {
      case 'k': unit = 1 << 10; break;
      case 'M': unit = 1 << 20; break;
      case 'G': unit = 1 << 30; break;
      default: break;
    }
    if (unit != 1) text.remove_suffix(1);
  }
  double number = 0;
  if (!absl::SimpleAtod(text, &number) || !(number > 0) || number * unit > 1e15) return {};
  return number * unit;
}

}  // namespace

absl::Status ResolveVariant(Options& options) {
  const std::string flag = options.variant;
  if (flag.empty()) return absl::OkStatus();
  if (!options.policy.empty()) {
    return absl::InvalidArgumentError("--policy and --variant exclude each other");
  }
  const std::string id = flag.substr(0, flag.find(' '));
  const std::string rest = flag.substr(id.size());
  const ZooEntry* entry = FindZooEntry(id);
  if (entry == nullptr || (!rest.empty() && rest != " fixed")) {
    const auto append_id = [](std::string* out, const ZooEntry& it) {
      absl::StrAppend(out, Absl(it.id));
    };
    const std::vector<std::string_view> ids =
        NamesOf(kZoo, [](const ZooEntry& it) { return it.id; });
    return absl::InvalidArgumentError(
        absl::StrCat("unknown variant '", flag, "'", DidYouMean(id, ids), "; one of ",
                     absl::StrJoin(kZoo, ", ", append_id), ", and ' fixed' may follow"));
  }
  options.policy = rest.empty() ? entry->broken : entry->fixed;
  return absl::OkStatus();
}

absl::Status HasMemory(const Arch& arch, MemoryModel memory) {
  if (!arch.only_sc() || memory == MemoryModel::kSc) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("of ", Absl(arch.name()), " only memory sc is modelled, not ",
                   Absl(NameOf(memory)), "; pass another --arch, or memory sc"));
}

absl::StatusOr<const Arch*> ArchFor(const Options& options, const std::string& path,
                                    const ScheduleFile& file) {
  const Said said = FindSaid(options, path, file, {.policy = false, .arch = true});
  if (said.arch.empty()) return SaysNo(path, false, true);
  return Find("arch", said.arch, FindArch, AllArchs);
}

namespace {

// Whether CPUs switch there by a kernel tree's own tlb.c, of which it is not known what it orders.
bool SwitchesByOwnCode(const Schedule& schedule, const Target& target) {
  if (schedule.memory != MemoryModel::kTso || !Switches(schedule)) return false;
  const auto system = std::make_unique<System>();
  system->arch = target.arch;
  return target.policy->protocol().cpu_code(*system) != nullptr;
}

}  // namespace

absl::StatusOr<Target> TargetFor(const Options& options, const std::string& path,
                                 const ScheduleFile& file) {
  const Said said = SaidOf(options, path, file);
  if (said.policy.empty() || said.arch.empty()) {
    return SaysNo(path, said.policy.empty(), said.arch.empty());
  }
  const auto policy = Find("policy", said.policy, FindPolicy, [] { return Policies(); });
  if (!policy.ok()) return policy.status();
  const auto arch = Find("arch", said.arch, FindArch, AllArchs);
  if (!arch.ok()) return arch.status();
  const absl::Status memory =
      HasMemory(**arch, OnlySc(file.schedule) ? MemoryModel::kSc : file.schedule.memory);
  if (!memory.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", memory.message()));
  if (!(*policy)->RunsOn((*arch)->name())) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", Absl((*policy)->name()),
                                                   " has no code for ", Absl((*arch)->name()),
                                                   "; pass another --arch"));
  }
  const Target target{*policy, *arch};
  if (SwitchesByOwnCode(file.schedule, target)) {
    return absl::InvalidArgumentError(absl::StrCat(
        path,
        ": the tree's own tlb.c runs under memory sc only; pass --memory sc, or --config "
        "x86:GATHERFUZZ_TLB=n where the tree is built, for the model's CPU side"));
  }
  return target;
}

Said SaidOf(const Options& options, const std::string& path, const ScheduleFile& file) {
  return FindSaid(options, path, file, {.policy = true, .arch = true});
}

std::string ReplayCommand(const Options& options, std::string_view command, const std::string& path,
                          const Target& target) {
  std::string text =
      absl::StrCat(ProgramName(), " ", Absl(command), " --policy ", Absl(target.policy->name()),
                   " --arch ", Absl(target.arch->name()));
  const std::string& kernel = options.kernel_version;
  if (!kernel.empty()) absl::StrAppend(&text, " --kernel-version ", kernel);
  if (!options.hardware.empty()) absl::StrAppend(&text, " --hardware ", options.hardware);
  if (!options.memory.empty()) absl::StrAppend(&text, " --memory ", options.memory);
  if (options.rcu) absl::StrAppend(&text, " --rcu");
  if (!options.weaken.empty()) absl::StrAppend(&text, " --weaken ", options.weaken);
  if (!options.strengthen.empty()) absl::StrAppend(&text, " --strengthen ", options.strengthen);
  const std::string ignored = options.ignore;
  if (!ignored.empty()) absl::StrAppend(&text, " --ignore ", ignored);
  const std::optional<int> member = options.member;
  if (member) absl::StrAppend(&text, " --member ", *member);
  return absl::StrCat(text, " ", ShellWord(path));
}

namespace {

bool IsStrict(const Options& options) { return options.strict || options.check; }

}  // namespace

absl::Status Warn(const Options& options, const std::string& text) {
  if (IsStrict(options)) return absl::InvalidArgumentError(text);
  Say("warning: " + text);
  return absl::OkStatus();
}

namespace {

// Puts --kernel-version, if it is given, where the file's own would be.
absl::Status SetKernel(const Options& options, const std::string& path, Schedule& schedule) {
  const std::optional<KernelVersion> version = ParseKernelVersion(options.kernel_version);
  if (!version) return absl::OkStatus();
  for (const ProgramLine& line : schedule.program) {
    const OpInfo& op = Info(line.op.kind);
    if (op.exists_in(*version)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": kernel ", options.kernel_version, " has no '", op.name,
                     "'; pass --kernel-version ", Absl(NameOf(op.since)), " or a later one"));
  }
  schedule.kernel = *version;
  return absl::OkStatus();
}

absl::Status SetOrders(std::string_view flag, const std::string& names, OrderChanges& orders) {
  if (names.empty()) return absl::OkStatus();
  const bool strengthens = flag == "strengthen";
  orders = strengthens ? OrderChanges{.weaker = orders.weaker}
                       : OrderChanges{.stronger = orders.stronger,
                                      .acquires = orders.acquires,
                                      .releases = orders.releases};
  for (const std::string& name : std::vector<std::string>(absl::StrSplit(names, ','))) {
    const std::optional<Point> point = ParsePoint(name);
    const bool has_order = point && MemoryOrderOf(*point) != nullptr;
    if (strengthens ? !ParseStrengthened(name, orders) : !has_order) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", Absl(flag), " ", name,
                       ": no step that has such a memory order; docs/memory.md lists those"));
    }
    if (!strengthens) orders.weaker |= MaskOf(*point);
  }
  return absl::OkStatus();
}

// Puts --memory, --weaken and --strengthen, where given, in the place of the file's own.
absl::Status SetMemory(const Options& options, Schedule& schedule) {
  if (const auto memory = ParseMemoryModel(options.memory)) schedule.memory = *memory;
  schedule.rcu = schedule.rcu || options.rcu;
  absl::Status status = SetOrders("weaken", options.weaken, schedule.orders);
  status.Update(SetOrders("strengthen", options.strengthen, schedule.orders));
  if (!status.ok()) return status;
  if (schedule.memory != MemoryModel::kSc && OnlySc(schedule)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--memory ", Absl(NameOf(schedule.memory)),
                     ": what exits, decides on content, locks VMAs, has RCU free page tables, has "
                     "PFN maps or is of hardware faults or invlpgb is modelled under memory sc "
                     "only, and what switches or sleeps under sc and tso; pass --memory sc"));
  }
  if ((schedule.orders.weaker & schedule.orders.strengthened()) != 0) {
    return absl::InvalidArgumentError("one step is both in --weaken and in --strengthen");
  }
  if (schedule.memory == MemoryModel::kSc && !(options.weaken + options.strengthen).empty()) {
    return absl::InvalidArgumentError(
        "--weaken and --strengthen tell nothing under memory sc; pass --memory weak or tso");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LoadedSchedule> Load(const Options& options, const std::string& path) {
  absl::StatusOr<LoadedSchedule> loaded = LoadSchedule(path, options.bytes);
  if (!loaded.ok()) return loaded;
  absl::Status status = SetKernel(options, path, loaded->file.schedule);
  status.Update(SetMemory(options, loaded->file.schedule));
  if (const auto hardware = ParseHardwareKind(options.hardware)) {
    loaded->file.schedule.hardware = *hardware;
  }
  if (!loaded->doubt.empty()) {
    status.Update(Warn(
        options, absl::StrCat(Printable(path), ": ", loaded->doubt,
                              IsStrict(options) ? "; name a schedule, or pass --bytes"
                                                : "; run as bytes (--bytes: without a warning)")));
  }
  if (loaded->empty && IsStrict(options) && !options.bytes) {
    status.Update(absl::InvalidArgumentError(
        absl::StrCat(Printable(path), ": it is empty; name a schedule, or pass --bytes")));
  }
  for (const TextWarning& warning : loaded->notes.warnings) {
    status.Update(
        Warn(options, absl::StrCat(Printable(path), ":", warning.line, ": ", warning.text)));
  }
  if (!status.ok()) return status;
  return loaded;
}

std::vector<AskedPolicy> AskedPolicies(const Options& options) {
  std::vector<AskedPolicy> asked;
  const auto add = [&](const Policy* policy, bool where_safe) {
    const auto same = std::find_if(asked.begin(), asked.end(), [&](const AskedPolicy& other) {
      return other.policy == policy;
    });
    if (same == asked.end()) {
      asked.push_back({policy, where_safe});
    } else {
      same->where_safe &= where_safe;
    }
  };
  const std::string flag = options.policy.empty() ? "all" : options.policy;
  for (const std::string& name : std::vector<std::string>(absl::StrSplit(flag, ','))) {
    if (const Policy* policy = FindPolicy(name)) {
      add(policy, false);
      continue;
    }
    const PolicyGroup group = name == "planted" ? PolicyGroup::kPlanted : PolicyGroup::kPublished;
    for (const Policy* policy : Policies(group)) add(policy, name == "safe");
  }
  return asked;
}

std::vector<const Policy*> PoliciesOn(const Options& options, const Arch& arch) {
  std::vector<const Policy*> policies;
  for (const AskedPolicy& asked : AskedPolicies(options)) {
    if (asked.On(arch)) policies.push_back(asked.policy);
  }
  return policies;
}

absl::Status NobodyNamed(const Options& options) {
  return absl::InvalidArgumentError(
      absl::StrCat("--policy ", options.policy, ": there is none that runs there"));
}

bool NamesSeveral(const Options& options) {
  return !options.policy.empty() && FindPolicy(options.policy) == nullptr;
}

std::vector<const Arch*> ChosenArchs(const Options& options) {
  if (options.arch.empty()) return {Archs().begin(), Archs().end()};
  std::vector<const Arch*> archs;
  for (const std::string& name : std::vector<std::string>(absl::StrSplit(options.arch, ','))) {
    archs.push_back(FindArch(name));
  }
  return archs;
}

uint32_t IgnoredKinds(const Options& options) {
  uint32_t ignored = 0;
  for (const absl::string_view name : absl::StrSplit(options.ignore, ',', absl::SkipEmpty())) {
    const auto kind = ParseViolationKind({name.data(), name.size()});
    GATHERFUZZ_CHECK(kind.has_value());  // the parser has checked it
    ignored |= Bit(*kind);
  }
  return ignored;
}

absl::StatusOr<int> ChosenJobs(const Options& options) {
  constexpr int kMaxJobs = 1024;
  const int jobs = options.jobs;
  if (jobs < 0 || jobs > kMaxJobs) {
    return absl::InvalidArgumentError(absl::StrCat("--jobs is 0 to ", kMaxJobs));
  }
  return jobs != 0 ? jobs : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

absl::StatusOr<ExploreLimits> ChosenLimits(const Options& options) {
  ExploreLimits limits;
  for (const absl::string_view item : absl::StrSplit(options.limit, ',', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(item, absl::MaxSplits('=', 1));
    const std::optional<double> size = ParseSize(parts.second);
    if (size && parts.first == "states") {
      limits.states = static_cast<uint64_t>(*size);
    } else if (size && parts.first == "memory") {
      limits.bytes = static_cast<uint64_t>(*size);
    } else if (size && parts.first == "seconds") {
      limits.seconds = *size;
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("--limit: '", item,
                       "' is none of states=N, memory=N, seconds=N (N may end in k, M or G)"));
    }
  }
  return limits;
}

absl::StatusOr<ProgramList> ChosenPrograms(const Options& options, std::string_view or_else) {
  const std::string flag = options.programs;
  auto list = ProgramList::Parse(flag.empty() ? or_else : flag);
  if (auto* wrong = std::get_if<std::string>(&list)) {
    return absl::InvalidArgumentError(absl::StrCat("--programs: ", *wrong));
  }
  const ProgramList& programs = std::get<ProgramList>(list);
  for (const Arch* arch : ChosenArchs(options)) {
    for (const ProgramList::Part& part : programs.parts()) {
      const absl::Status has = HasMemory(*arch, part.programs.bounds().memory_model());
      if (!has.ok()) return absl::InvalidArgumentError(absl::StrCat("--programs: ", has.message()));
    }
  }
  return programs;
}

absl::StatusOr<Members> ChosenMembers(const Options& options, const std::string& path,
                                      const LoadedSchedule& loaded) {
  const std::optional<int> member = options.member;
  if (!member) return Members{0, loaded.members};
  if (loaded.was_text) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is text, which is one schedule; --member is for bytes"));
  }
  if (*member < 0 || *member >= loaded.members) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": has no member ", *member, "; --member is 0 to ", loaded.members - 1));
  }
  return Members{*member, *member + 1};
}

absl::StatusOr<int> ChosenMember(const Options& options, const std::string& path,
                                 const LoadedSchedule& loaded) {
  const absl::StatusOr<Members> chosen = ChosenMembers(options, path, loaded);
  if (!chosen.ok()) return chosen.status();
  return chosen->begin;
}

absl::Status WarnOfUnreached(const Options& options, Execution& execution, const std::string& path,
                             const LoadedSchedule& loaded, const Arch& arch, int index) {
  if (index < 0 || !loaded.was_text || MeantForAnother(execution, loaded.file, arch)) {
    return absl::OkStatus();
  }
  return Warn(options, UnreachedText(path, loaded, index));
}

absl::StatusOr<ChosenRun> ChooseRun(const Options& options,
                                    const std::vector<std::string>& arguments, uint32_t ignored) {
  if (arguments.size() != 1) return absl::InvalidArgumentError("expected one schedule file");
  const std::string& path = arguments[0];
  absl::StatusOr<LoadedSchedule> loaded = Load(options, path);
  if (!loaded.ok()) return loaded.status();
  const absl::StatusOr<Target> target = TargetFor(options, path, loaded->file);
  if (!target.ok()) return target.status();
  const absl::StatusOr<Members> members = ChosenMembers(options, path, *loaded);
  if (!members.ok()) return members.status();
  const auto execution = std::make_unique<Execution>();
  const int member = FirstUnclean(*execution, loaded->file.schedule, *members, *target->policy,
                                  *target->arch, ignored);
  const Schedule schedule = TakeMember(loaded->file.schedule, member);
  const RunResult result =
      execution->Execute(schedule, *target->policy, *target->arch, {.ignored = ignored});
  const absl::Status reached =
      WarnOfUnreached(options, *execution, path, *loaded, *target->arch, result.unreached_run);
  if (!reached.ok()) return reached;
  ChosenRun run{.file = std::move(loaded->file), .target = *target};
  run.file.schedule = schedule;
  run.file.policy = target->policy->name();
  run.file.arch = target->arch->name();
  run.file.expect_under.clear();
  return run;
}

}  // namespace gatherfuzz
