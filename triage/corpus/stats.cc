// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/corpus/stats.h"

#include <atomic>
#include <memory>
#include <variant>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "explore/io/foreign.h"
#include "explore/io/strings.h"
#include "harness/bytes.h"
#include "harness/text.h"
#include "harness/versions/versions.h"
#include "triage/crashes/find.h"
#include "triage/crashes/read.h"

namespace gatherfuzz {
namespace {

// Of the tally of runs: three kinds for each of three kinds of agents, then detours, then old
// values, then what was left for later.
constexpr size_t kFirstDetourRun = 9;

constexpr const char* kMaps[] = {"map r", "map rw", "map r huge", "map rw huge"};
size_t MapIndex(VmaFlags flags) { return (flags.write ? 1u : 0u) | (flags.huge ? 2u : 0u); }

Tally Named(std::string what, const std::vector<std::string>& names) {
  Tally tally{std::move(what), {}};
  for (const std::string& name : names) tally.counts.emplace_back(name, 0);
  return tally;
}

Tally Numbered(std::string what, int last) {
  Tally tally{std::move(what), {}};
  for (int i = 1; i <= last; ++i) tally.counts.emplace_back(std::to_string(i), 0);
  return tally;
}

std::vector<std::string> MapsAnd(std::vector<std::string> others) {
  others.insert(others.begin(), std::begin(kMaps), std::end(kMaps));
  return others;
}

Tally OperationsTally() {
  std::vector<std::string> others;
  for (int kind = 1; kind < kOpCount; ++kind) others.emplace_back(Info(OpKind(kind)).name);
  return Named("operations", MapsAnd(others));
}

Tally TailsTally() {
  Tally tally = Named("tails", {"rest"});
  for (const StrategyInfo& info : Strategies()) {
    tally.counts.emplace_back(absl::StrCat("rest ", Absl(info.name)), 0);
  }
  return tally;
}

// By number, then bytes that name no version, then text.
Tally VersionsTally() {
  Tally tally = Numbered("versions", kBytesVersion);
  for (const char* name : {"unknown", "text"}) tally.counts.emplace_back(name, 0);
  return tally;
}

// Kinds of violation, the first of which is none; then runs that came to the limit of steps.
Tally VerdictsTally() {
  Tally tally{"verdicts", {}};
  for (const ViolationInfo& info : kViolations) tally.counts.emplace_back(info.name, 0);
  tally.counts.emplace_back("limit", 0);
  return tally;
}

class Collector {
 public:
  explicit Collector(const StatsSettings& settings) : settings_(settings) {}

  absl::Status Take(const FoundFile& found) {
    if (!found.unread.empty()) return Unreadable(found, found.unread);
    const absl::StatusOr<std::string> content = ReadRegular(found.path);
    if (!content.ok()) return Unreadable(found, content.status().message());
    const bool text = found.path.ends_with(".gather") || LooksLikeText(*content);
    ScheduleFile file;
    int members = 1;
    if (text) {
      auto parsed = ParseText(*content);
      if (const auto* error = std::get_if<TextError>(&parsed)) {
        return absl::InvalidArgumentError(FormatError(Printable(found.path), *error));
      }
      file = std::get<ScheduleFile>(std::move(parsed));
    } else {
      const std::string doubt = WhyNoSchedule(*content);
      if (!doubt.empty() && settings_.doubtful) {
        settings_.doubtful(absl::StrCat(Printable(found.path), ": ", doubt));
      }
      members = DecodeBytes(AsBytes(*content), file.schedule);
    }
    const absl::StatusOr<Target> target = settings_.target(found.path, file);
    if (!target.ok()) return target.status();
    ++stats_->files;
    stats_->bytes += content->size();
    CountVersion(*content, text);
    CountParts(file.schedule);
    Run(file.schedule, members, *target);
    return absl::OkStatus();
  }

  std::unique_ptr<CorpusStats> Finish() {
    stats_->traces = traces_.size();
    return std::move(stats_);
  }
  CorpusStats& stats() { return *stats_; }

 private:
  static std::span<const uint8_t> AsBytes(const std::string& content) {
    return {reinterpret_cast<const uint8_t*>(content.data()), content.size()};
  }
  static absl::Status Unreadable(const FoundFile& found, absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat(Printable(found.path), ": ", why));
  }

  void CountVersion(const std::string& content, bool text) {
    const size_t first = content.empty() ? 0 : static_cast<uint8_t>(content[0]);
    const bool known = FindBytesVersion(static_cast<int>(first)) != nullptr;
    stats_->versions.Add(text ? kBytesVersion + 1u : known ? first - 1 : kBytesVersion);
  }

  void CountParts(const Schedule& schedule) {
    stats_->cpus.Add(static_cast<size_t>(schedule.cpus - 1));
    stats_->batches.Add(static_cast<size_t>(schedule.batch - 1));
    for (const InitItem& item : schedule.init) {
      stats_->init.Add(item.flags.pfn                          ? 7u
                       : item.folio                            ? 8u
                       : item.kind == InitItem::Kind::kMap     ? MapIndex(item.flags)
                       : item.kind == InitItem::Kind::kPresent ? 4u + item.dirty
                                                               : 6u);
    }
    for (const ProgramLine& line : schedule.program) {
      stats_->operations.Add(Info(line.op.kind).operands == Operands::kMap
                                 ? MapIndex(line.op.flags)
                                 : 3 + static_cast<size_t>(line.op.kind));
    }
    for (const gatherfuzz::Run& run : schedule.order) {
      const bool old = run.kind == Run::Kind::kOld, late = run.kind == Run::Kind::kLate;
      stats_->runs.Add(old    ? kFirstDetourRun + 1
                       : late ? kFirstDetourRun + 2
                              : static_cast<size_t>(KindOf(run.agent)) * 3 +
                                    static_cast<size_t>(run.kind));
    }
  }

  void Run(const Schedule& schedule, int members, const Target& target) {
    execution_.Load(schedule);
    for (int number = 0; number < members; ++number) {
      const Member member = MemberOf(schedule, number);
      stats_->reach.BeginRun();
      const RunResult result =
          execution_.RunLoaded(*target.policy, *target.arch, member, {.observer = &stats_->reach});
      ++stats_->schedules;
      ++stats_->executions;
      stats_->steps += result.steps;
      stats_->tails.Add(static_cast<size_t>(member.tail.kind));
      stats_->verdicts.Add(result.limit ? kViolationCount
                                        : static_cast<size_t>(result.violation.kind));
      traces_.insert(result.trace_hash);
    }
  }

  const StatsSettings& settings_;
  std::unique_ptr<CorpusStats> stats_ = std::make_unique<CorpusStats>();
  absl::flat_hash_set<uint64_t> traces_;
  Execution execution_;
};

}  // namespace

CorpusStats::CorpusStats()
    : versions(VersionsTally()),
      cpus(Numbered("cpus", kMaxCpus)),
      batches(Numbered("batches", kMaxBatch)),
      init(Named("init", MapsAnd({"present", "present dirty", "cached", "pfnmap", "folio"}))),
      operations(OperationsTally()),
      runs(Named("order", {"cpu N", "cpu until step", "cpu until done", "walk N", "walk until step",
                           "walk until done", "inv N", "inv until step", "inv until done", "detour",
                           "old", "late"})),
      tails(TailsTally()),
      verdicts(VerdictsTally()) {}

absl::StatusOr<std::unique_ptr<CorpusStats>> StatsOf(const StatsSettings& settings) {
  const std::atomic<bool> never{false};
  const absl::StatusOr<FoundFiles> found =
      FindCrashFiles(settings.roots, "", never, Wanted::kInputs);
  if (!found.ok()) return found.status();
  const auto collector = std::make_unique<Collector>(settings);
  collector->stats().skipped = found->skipped;
  for (const FoundFile& file : found->files) {
    const absl::Status status = collector->Take(file);
    if (status.ok()) continue;
    ++collector->stats().unreadable;
    settings.unreadable(std::string(status.message()));
  }
  return collector->Finish();
}

}  // namespace gatherfuzz
