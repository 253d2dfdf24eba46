// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/promela/promela.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "explore/io/strings.h"
#include "harness/text.h"
#include "model/kernel/ops.h"
#include "model/oracle/oracle.h"
#include "triage/tell/promela/machine.h"
#include "triage/tell/promela/policies.h"

namespace gatherfuzz {
namespace {

constexpr int kMostCpus = 4;
constexpr int kPagesOfTable = kPagesPerPmd;  // pages 0 to 3, which have one PTE table

// What machine.pml calls an operation of a thread; empty if it has none such.
std::string_view NameOf(OpKind kind) {
  if (kind == OpKind::kDontneed) return "DONTNEED";
  if (kind == OpKind::kMunmap) return "MUNMAP";
  return kind == OpKind::kRead ? "READ" : "";
}

bool IsFill(const ProgramLine& line) { return KindOf(line.agent) == AgentKind::kWalker; }
bool IsCall(const ProgramLine& line) { return !IsFill(line) && line.op.kind != OpKind::kRead; }

// What of the schedule is outside of the model's limits; nothing if all is inside.
class Limits {
 public:
  Limits(const Schedule& schedule, const Policy& policy, const Arch& arch)
      : schedule_(schedule), policy_(policy), arch_(arch) {}

  std::string Why() const {
    std::string why = WhyNotHead();
    for (const InitItem& item : schedule_.init) {
      if (why.empty()) why = WhyNot(item);
    }
    for (const ProgramLine& line : schedule_.program) {
      if (why.empty()) why = WhyNot(line);
    }
    return why;
  }

 private:
  std::string WhyNotHead() const {
    const auto append = [](std::string* out, std::string_view name) { out->append(name); };
    if (PromelaOfPolicy(policy_.name()).empty()) {
      return absl::StrCat("policy ", Absl(policy_.name()), " is not in it; one of ",
                          absl::StrJoin(PromelaPolicies(), ", ", append));
    }
    if (PromelaOfArch(arch_.name()).empty()) {
      return absl::StrCat("arch ", Absl(arch_.name()), " is not in it; x86 or arm64");
    }
    if (schedule_.memory != MemoryModel::kSc) {
      return absl::StrCat("memory ", Absl(gatherfuzz::NameOf(schedule_.memory)),
                          " is not in it; pass --memory sc");
    }
    if (schedule_.rcu) return "rcu is not in it; take the line rcu out";
    if (schedule_.hardware != HardwareKind::kPlain) {
      return absl::StrCat("hardware ", Absl(gatherfuzz::NameOf(schedule_.hardware)),
                          " is not in it; pass --hardware plain");
    }
    if (schedule_.kernel > KernelVersion::k6_12) {
      return absl::StrCat("kernel ", Absl(gatherfuzz::NameOf(schedule_.kernel)),
                          " is not in it; pass --kernel-version 6.12");
    }
    if (schedule_.cpus > kMostCpus) {
      return absl::StrCat("cpus ", schedule_.cpus, " are more than the ", kMostCpus, " it has");
    }
    const auto calls = std::count_if(schedule_.program.begin(), schedule_.program.end(), IsCall);
    if (policy_.waits() && calls > kStarvationBound) {
      return absl::StrCat("policy ", Absl(policy_.name()), " waits, and with more than ",
                          kStarvationBound, " calls that can be starvation, which is not in it");
    }
    return "";
  }

  static std::string WhyNot(const InitItem& item) {
    if (item.range.end > kPagesOfTable) return absl::StrCat("init: ", Beyond(item.range));
    if (item.kind == InitItem::Kind::kMap && item.flags.huge) {
      return absl::StrCat("init: map ", Text(item.range), " is huge, which is not in it");
    }
    if (item.flags.pfn) {
      return absl::StrCat("init: map ", Text(item.range), " is a PFN map, which is not in it");
    }
    return "";
  }

  std::string WhyNot(const ProgramLine& line) const {
    const std::string where =
        absl::StrCat(AgentName(line.agent, schedule_.kswapd_cpu()), ": '", PrintOp(line.op), "'");
    if (!IsFill(line) && NameOf(line.op.kind).empty()) {
      return absl::StrCat(where, " is not in it; it has dontneed, munmap, read, and fill");
    }
    if (line.op.range.end > kPagesOfTable) {
      return absl::StrCat(where, ": ", Beyond(line.op.range));
    }
    return "";
  }

  static std::string Text(PageRange range) { return absl::StrCat(range.begin, "..", range.end); }
  static std::string Beyond(PageRange range) {
    return absl::StrCat(Text(range), " goes beyond page ", kPagesOfTable - 1, ", its last");
  }

  const Schedule& schedule_;
  const Policy& policy_;
  const Arch& arch_;
};

// The state before the first step, as the lines of init make it.
struct InitialState {
  unsigned vma = 0, vma_starts = 0;
  std::array<int, kPagesOfTable> pte{};
  int next_mapping = 1;
  struct Cached {
    int cpu, page;
  };
  std::vector<Cached> cached;

  explicit InitialState(const Schedule& schedule) {
    for (const InitItem& item : schedule.init) {
      if (item.kind == InitItem::Kind::kMap) Map(item.range);
    }
    for (const InitItem& item : schedule.init) {
      if (item.kind == InitItem::Kind::kPresent) Populate(item.range);
    }
    for (const InitItem& item : schedule.init) {
      if (item.kind != InitItem::Kind::kCached || Index(item.cpu) >= schedule.cpus) continue;
      for (int page = item.range.begin; page < item.range.end; ++page) {
        cached.push_back({Index(item.cpu), page});
      }
    }
  }

  bool tables() const { return next_mapping != 1; }

  std::string Text() const {
    std::string text = absl::StrCat("    vma = ", vma, ";\n    vma_starts = ", vma_starts,
                                    ";\n    next_mapping = ", next_mapping, ";\n");
    if (tables()) absl::StrAppend(&text, "    pud_entry = 1;\n    pmd_entry = 1;\n");
    for (int page = 0; page < kPagesOfTable; ++page) {
      if (pte[page] != 0) absl::StrAppend(&text, "    pte[", page, "] = ", pte[page], ";\n");
    }
    for (const auto [cpu, page] : cached) {
      if (!tables()) continue;  // a walk ends at the root
      absl::StrAppend(&text, "    cpu[", cpu, "].pmd_cached = 1; cpu[", cpu,
                      "].pte_cached = 1; cpu[", cpu, "].tlb[", page, "] = ", pte[page], ";\n");
    }
    return text;
  }

 private:
  void Map(PageRange range) {
    const auto pages = static_cast<unsigned>(MaskOf(range));
    if ((vma & pages) != 0) return;
    vma |= pages;
    vma_starts |= 1u << range.begin;
  }
  void Populate(PageRange range) {
    for (int page = range.begin; page < range.end; ++page) {
      if ((vma >> page & 1) != 0 && pte[page] == 0) pte[page] = next_mapping++;
    }
  }
};

// The programs as the answers to "what comes next": of a thread, and of a walker.
std::string Next(const Schedule& schedule, bool fills) {
  std::string text = fills ? "inline next_fill() {\n  fill = PAGES;\n  if\n"
                           : "inline next_op() {\n  op = DONE;\n  if\n";
  std::array<int, kMaxCpus> at{};
  for (const ProgramLine& line : schedule.program) {
    if (IsFill(line) != fills) continue;
    const int cpu = Index(CpuOf(line.agent));
    absl::StrAppend(&text, "  :: me == ", cpu, " && i == ", at[cpu]++, " -> ");
    const auto [begin, end] = line.op.range;
    if (fills) {
      absl::StrAppend(&text, "fill = ", begin, "\n");
    } else {
      absl::StrAppend(&text, "op = ", Absl(NameOf(line.op.kind)), "; b = ", begin, "; e = ", end,
                      "\n");
    }
  }
  return text + "  :: else\n  fi;\n  i++\n}\n";
}

// Of the invalidations that are pending on a CPU any may come next.
std::string SelectIssuer(int cpus) {
  std::string text = "inline select_issuer() {\n  if\n";
  for (int cpu = 0; cpu < cpus; ++cpu) {
    absl::StrAppend(&text, "  :: HAS(cpu[", cpu, "].inv_pending, me) -> from = ", cpu, "\n");
  }
  return text + "  fi\n}\n";
}

// No ticket is held that a wait of epoch-sync is for.
std::string OlderAreGone(int cpus) {
  std::vector<std::string> each;
  each.reserve(static_cast<size_t>(cpus));
  for (int cpu = 0; cpu < cpus; ++cpu) {
    each.push_back(absl::StrCat("(cpu[", cpu, "].ticket == 0 || cpu[", cpu,
                                "].ticket > cpu[me].waits_up_to)"));
  }
  return absl::StrCat("#define OLDER_ARE_GONE ( \\\n  ", absl::StrJoin(each, " && \\\n  "), ")\n");
}

std::string PolicyPart(const Policy& policy, int cpus) {
  const std::string text = PromelaOfPolicy(policy.name());
  const bool has_tickets = absl::StrContains(text, "OLDER_ARE_GONE");
  return (has_tickets ? OlderAreGone(cpus) : "") + text;
}

// Mappings are made by init and by page faults: of a page, at most one more than calls remove.
int MostMappings(const Schedule& schedule, const InitialState& state) {
  const auto& lines = schedule.program;
  const auto calls = std::count_if(lines.begin(), lines.end(), IsCall);
  return state.next_mapping + kPagesOfTable * (static_cast<int>(calls) + 1);
}

std::string Init(const Schedule& schedule, const InitialState& state) {
  std::string text = absl::StrCat("init {\n  atomic {\n", state.Text(), "  };\n  atomic {\n");
  std::array<bool, kMaxCpus> walks{};
  for (const ProgramLine& line : schedule.program) {
    if (IsFill(line)) walks[Index(CpuOf(line.agent))] = true;
  }
  for (int cpu = 0; cpu < schedule.cpus; ++cpu) {
    absl::StrAppend(&text, "    run thread(", cpu, "); run deliveries(", cpu, ");\n");
    if (walks[cpu]) absl::StrAppend(&text, "    run walker(", cpu, ");\n");
  }
  return text + "    skip\n  }\n}\n";
}

// A name of a file within a comment.
std::string CommentOf(std::string_view name) {
  std::string text = Printable(name);
  std::replace(text.begin(), text.end(), '*', '?');
  return text;
}

}  // namespace

absl::StatusOr<std::string> PromelaOf(std::string_view name, const Schedule& schedule,
                                      const Policy& policy, const Arch& arch) {
  const std::string why = Limits(schedule, policy, arch).Why();
  if (!why.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        Printable(name), ": the Promela model has limits: ", why, " (docs/promela.md)"));
  }
  const InitialState state(schedule);
  const std::string head = absl::StrCat(
      "/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0\n   ", CommentOf(name), "\n   under ",
      Absl(policy.name()), " on ", Absl(arch.name()), ", every order of its programs.\n",
      "   spin -a MODEL && cc -O2 -DSAFETY -o pan pan.c && ./pan -m1000000 */\n\n", "#define CPUS ",
      schedule.cpus, "\n#define BATCH ", schedule.batch, "\n#define MAPPINGS ",
      MostMappings(schedule, state),
      "\n#define DONE 0\n#define READ 1\n#define DONTNEED 2\n#define MUNMAP 3\n\n");
  const std::string differs =
      absl::StrCat(PolicyPart(policy, schedule.cpus), PromelaOfArch(arch.name()), "\n",
                   Next(schedule, false), Next(schedule, true), SelectIssuer(schedule.cpus));
  const std::string machine = absl::StrReplaceAll(Absl(kPromelaMachine), {{"INSERT\n", differs}});
  return absl::StrCat(head, machine, "\n", Init(schedule, state));
}

}  // namespace gatherfuzz
