// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/step/facts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "harness/cause.h"

namespace gatherfuzz {
namespace {

using Values = std::vector<CellValue>;  // by cell

constexpr const char* kLevels[] = {"PTE", "PMD", "PUD"};

std::string RangeName(uint32_t begin, uint32_t end) { return absl::StrCat(begin, "..", end); }

std::string CpusIn(uint32_t mask, int kswapd) {
  std::vector<std::string> names;
  for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
    if ((mask >> cpu & 1) != 0) names.push_back(CpuName(cpu, kswapd));
  }
  return absl::StrJoin(names, ",");
}

std::string EntryName(const CellValue& value) {
  const uint32_t flags = value[2];
  if (flags == 0) return "";
  const auto letter = [&](uint32_t flag, const char* text) {
    return (flags & flag) != 0 ? text : "";
  };
  return absl::StrCat(value[0], "->f", value[1], (flags & Pte::kWrite) != 0 ? " w" : " r",
                      letter(Pte::kAccessed, "a"), letter(Pte::kDirty, "d"),
                      letter(Pte::kInvalid, " invalid"));
}

std::string GatherName(const CellValue& value) {
  if (value[0] == 0) return "";
  static constexpr const char* kBits[] = {"fullmm",          "need_flush_all",       "freed_tables",
                                          "cleared_ptes",    "cleared_pmds",         "cleared_puds",
                                          "unshared_tables", "fully_unshared_tables"};
  std::string text = absl::StrCat("of ", RangeName(value[6], value[7]), ": ");
  absl::StrAppend(&text, value[1] == MmuGather::kWholeMm ? "whole mm"
                         : value[1] >= value[2]          ? "empty"
                                                         : RangeName(value[1], value[2]));
  for (size_t i = 0; i < std::size(kBits); ++i) {
    if ((value[5] >> i & 1) != 0) absl::StrAppend(&text, " ", kBits[i]);
  }
  if (value[3] != 0) absl::StrAppend(&text, ", queued pages ", value[3]);
  if (value[4] != 0) absl::StrAppend(&text, ", queued tables ", value[4]);
  return text;
}

std::string RequestName(const CellValue& value, int kswapd) {
  if (value[0] == 0) return "";
  std::string text = value[1] != 0 ? "whole mm" : RangeName(value[2], value[3]);
  if (value[4] > 1) absl::StrAppend(&text, " stride ", value[4]);
  if (value[5] != 0) absl::StrAppend(&text, " leaf only");
  if (value[6] != 0) absl::StrAppend(&text, " level ", kLevels[value[6] - 1]);
  return absl::StrCat(text, " pending on ", CpusIn(value[0], kswapd));
}

std::string FrameName(const CellValue& value, int kswapd) {
  const auto state = static_cast<FrameState>(value[0]);
  if (state == FrameState::kFree) return value[1] == 0 ? "" : "free";
  const bool table = state == FrameState::kTable;
  std::string text = table ? absl::StrCat(kLevels[value[3]], " table") : "data";
  if (value[5] != 0) {
    absl::StrAppend(&text, " queued by ", CpuName(static_cast<int>(value[5]) - 1, kswapd));
  } else if (table && value[6] != 0) {
    absl::StrAppend(&text, " at ", value[6] - 1);
  } else if (value[2] == 0) {
    absl::StrAppend(&text, table ? " unlinked" : " unmapped");
  }
  return value[1] > 1 ? absl::StrCat(text, " use ", value[1]) : text;
}

std::string LockName(const CellValue& value, int kswapd) {
  return value[0] != 0   ? absl::StrCat("write ", CpusIn(1u << (value[0] - 1), kswapd))
         : value[1] != 0 ? absl::StrCat("read ", CpusIn(value[1], kswapd))
                         : "free";
}

std::string LoadedName(const CellValue& value) {
  if (value[0] == 0) return "";
  std::string text = value[0] == 255 ? "switching"
                     : value[0] == 1 ? "init_mm"
                                     : absl::StrCat("mm", value[0] - 2);
  if (value[1] != 0) absl::StrAppend(&text, " lazy");
  if (value[2] != 0) absl::StrAppend(&text, " irqs off");
  if (value[6] != 0 || value[5] != 0) {
    absl::StrAppend(&text, " slot ", value[4], " gen ", value[5], " of ", value[6]);
  }
  return value[7] != 0 ? absl::StrCat(text, " parked ", value[7]) : text;
}

std::string WaitName(const CellValue& value) {
  if (value[2] == 0) return "";
  return value[3] == 0 ? "waits in finish"
                       : absl::StrCat("waits in finish, overtaken ", value[3], " times");
}

// Says the state at one moment: always as many facts, in the same order.
class Sayer {
 public:
  Sayer(const std::map<std::string, size_t>& cells, const Values& values, const Trace& trace)
      : cells_(cells),
        values_(values),
        cpus_(trace.end.cpu_count),
        kswapd_(trace.end.kswapd_cpu()),
        about_(trace.result.violation) {
    table_ = about_.kind != ViolationKind::kNone && AboutTable(about_.kind);
  }

  std::vector<Fact> Say() {
    Locks();
    EachCpu("cpu", "", [&](int cpu) { return LoadedName(At("cpu", cpu)); });
    EachCpu("gather", "", [&](int cpu) { return GatherName(At("gather", cpu)); });
    EachCpu("wait", "", [&](int cpu) { return WaitName(At("call", cpu)); });
    EachCpu("inval", "of ", [&](int cpu) { return RequestName(At("inv", cpu), kswapd_); });
    const int first = table_ ? -1 : about_.page;
    if (first >= 0) Page(first);
    for (int page = 0; page < kPages; ++page) {
      if (page != first) Page(page);
    }
    for (int frame = 0; frame < kFrames; ++frame) {
      Put("frame", absl::StrCat("f", frame), FrameName(At("frame", frame), kswapd_));
    }
    for (int cpu = 0; cpu < cpus_; ++cpu) Walks(cpu);
    PolicyState();
    return std::move(facts_);
  }

 private:
  const CellValue& Cell(const std::string& name) const {
    static constexpr CellValue kNothing{};
    const auto found = cells_.find(name);
    return found == cells_.end() ? kNothing : values_[found->second];
  }
  const CellValue& At(const char* what, int i) const { return Cell(absl::StrCat(what, ".", i)); }
  const CellValue& At(const char* what, int i, int k) const {
    return Cell(absl::StrCat(what, ".", i, ".", k));
  }

  void Put(std::string group, std::string name, std::string text) {
    facts_.push_back({std::move(group), std::move(name), std::move(text), ""});
  }
  template <typename Text>
  void EachCpu(const char* group, const char* before, Text text) {
    for (int cpu = 0; cpu < cpus_; ++cpu) {
      Put(group, before + CpuName(cpu, kswapd_), text(cpu));
    }
  }
  // What was put last is stale.
  void MarkStale(bool fatal) {
    facts_.back().stale = true;
    facts_.back().fatal = fatal;
    absl::StrAppend(&facts_.back().now, fatal ? " STALE" : " stale");
  }

  void Locks() {
    Put("mm", "tlb_flush_pending", absl::StrCat(Cell("pending")[0]));
    Put("mm", "mmap_lock", LockName(Cell("mmap"), kswapd_));
    VmaLocks();
    Batched();
    for (int frame = 0; frame < kFrames; ++frame) {
      const CellValue& value = At("frame", frame);
      const std::string where =
          value[6] != 0 ? absl::StrCat(value[6] - 1) : absl::StrCat("f", frame);
      Put("mm", absl::StrCat("pte_lock at ", where),
          value[4] != 0 ? CpuName(static_cast<int>(value[4]) - 1, kswapd_) : "");
    }
  }

  // The pages of VMAs that are write-locked; for each CPU the VMA under whose lock it reads.
  void VmaLocks() {
    const CellValue& value = Cell("vmas");
    std::string pages;
    for (int page = 0; page < kPages; ++page) {
      const bool locked = (value[static_cast<size_t>(page / 32)] >> page % 32 & 1) != 0;
      if (locked) absl::StrAppend(&pages, pages.empty() ? "" : " ", page);
    }
    Put("mm", "VMAs write-locked", pages);
    EachCpu("mm", "VMA lock of ", [&](int cpu) {
      const uint32_t first = value[static_cast<size_t>(2 + cpu / 4)] >> 8 * (cpu % 4) & 0xff;
      return first == 0 ? "" : absl::StrCat("read, at ", first - 1);
    });
  }

  // Of reclaim.
  void Batched() {
    const CellValue& word = Cell("batched");
    Put("mm", "tlb_flush_batched",
        word[0] == 0 && word[1] == 0 ? ""
                                     : absl::StrCat("pending ", word[0], ", flushed ", word[1]));
    Put("mm", "rmap_lock", word[2] == 0 ? "" : absl::StrCat("read ", CpusIn(word[2], kswapd_)));
  }

  void Page(int page) {
    const std::string group = absl::StrCat("page ", page);
    const CellValue& pte = At("pte", page);
    std::string text = EntryName(pte);
    if (text.empty()) text = "none";
    if (pte[3] != 0) absl::StrAppend(&text, " huge");
    if (pte[4] == 0) absl::StrAppend(&text, " no VMA");
    Put(group, "PTE", text);
    for (int cpu = 0; cpu < cpus_; ++cpu) {
      const CellValue& small = At("tlb", cpu, page);
      const bool huge = small[2] == 0;
      const CellValue& cached = huge ? At("huge", cpu, page / kPagesPerPmd) : small;
      text = EntryName(cached);
      if (huge && !text.empty()) absl::StrAppend(&text, " huge");
      if (text.empty() && (At("absent", cpu)[page / 32] >> page % 32 & 1) != 0) text = "absent";
      Put(group, absl::StrCat("tlb", cpu), text);
      if (cached[2] == 0 || ((pte[2] & Pte::kPresent) != 0 && pte[0] == cached[0])) continue;
      MarkStale(cpu == about_.holder && !table_ && cached[0] == about_.mapping);
    }
  }

  void Walks(int cpu) {
    const auto pointer = [&](const std::string& name, Level level, const CellValue& value) {
      const bool there = value[1] != 0;
      Put("walk", name,
          there ? absl::StrCat(kLevels[static_cast<int>(level)], " table f", value[0]) : "");
      const CellValue& frame = At("frame", static_cast<int>(value[0]));
      const bool linked = frame[0] == static_cast<uint32_t>(FrameState::kTable) &&
                          frame[1] == value[1] && frame[2] != 0;
      if (there && !linked) {
        MarkStale(cpu == about_.holder && table_ && static_cast<int>(value[0]) == about_.frame);
      }
    };
    for (int i = 0; i < kPmds; ++i) {
      pointer(absl::StrCat("cpu", cpu, " ", RangeName(i * kPagesPerPmd, (i + 1) * kPagesPerPmd)),
              Level::kPte, At("wpte", cpu, i));
    }
    for (int i = 0; i < kPuds; ++i) {
      pointer(absl::StrCat("cpu", cpu, " ", RangeName(i * kPagesPerPud, (i + 1) * kPagesPerPud)),
              Level::kPmd, At("wpmd", cpu, i));
    }
    for (int k = 0; k < 2; ++k) {
      const CellValue& walk = At("walk", cpu, k);
      Put("walk", absl::StrCat("cpu", cpu, k == 0 ? " walks" : " walker walks"),
          walk[0] == 0
              ? ""
              : absl::StrCat("page ", walk[3], ", next the ", kLevels[walk[2]], " in f", walk[1]));
    }
  }

  void PolicyState() {
    std::string bytes;
    size_t used = 0;  // of the text, up to the last byte that is not 0
    for (int k = 0; k < kPolicyStateBytes; ++k) {
      const uint32_t byte = At("policy", k / 4)[0] >> 8 * (k % 4) & 0xff;
      absl::StrAppendFormat(&bytes, "%s%02x", k == 0 ? "" : " ", byte);
      if (byte != 0) used = bytes.size();
    }
    Put("policy", "bytes", bytes.substr(0, used));
  }

  const std::map<std::string, size_t>& cells_;
  const Values& values_;
  const int cpus_, kswapd_;
  const Violation& about_;
  bool table_;
  std::vector<Fact> facts_;
};

// A PTE that is not there, before and after, says something only beside a TLB entry.
bool SaysNothing(const Fact& fact) {
  const auto empty = [](const std::string& text) {
    return text.empty() || text.starts_with("none");
  };
  return empty(fact.now) && empty(fact.was);
}

}  // namespace

Facts::Facts(const MachineStates& states, const Trace& trace) : states_(states), trace_(trace) {
  for (size_t i = 0; i < states.names.size(); ++i) cells_[states.names[i]] = i;
  start_ = Sayer(cells_, states.start, trace).Say();
}

std::vector<Fact> Facts::After(int steps) const {
  Values now = states_.start, was = now;
  for (int i = 0; i < steps; ++i) {
    if (i == steps - 1) was = now;
    for (const CellChange& change : states_.steps[static_cast<size_t>(i)]) {
      now[static_cast<size_t>(change.cell)] = change.value;
    }
  }
  std::vector<Fact> facts = Sayer(cells_, now, trace_).Say();
  const std::vector<Fact> before = Sayer(cells_, was, trace_).Say();
  std::map<std::string, bool> speaks;  // by group
  for (size_t i = 0; i < facts.size(); ++i) {
    facts[i].was = before[i].now;
    if (facts[i].now.empty()) facts[i].name = before[i].name;
    if (!SaysNothing(facts[i])) speaks[facts[i].group] = true;
  }
  std::vector<Fact> said;
  for (size_t i = 0; i < facts.size(); ++i) {
    const Fact& fact = facts[i];
    if (fact.now.empty() && fact.was.empty()) continue;
    if (fact.group == "frame" && !fact.changed() && fact.now == start_[i].now) continue;
    if (speaks[fact.group]) said.push_back(fact);
  }
  return said;
}

}  // namespace gatherfuzz
