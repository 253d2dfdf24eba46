// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Text to schedule: a line at a time, a word at a time.
#include <algorithm>
#include <array>
#include <charconv>

#include "harness/codes.h"
#include "harness/ignored.h"
#include "harness/nearest.h"
#include "harness/search/strategy.h"
#include "harness/text.h"
#include "harness/text_lines.h"
#include "model/arch/arch.h"
#include "model/machine/memory.h"
#include "model/policies/policy.h"
#include "model/policies/zoo/zoo.h"

namespace gatherfuzz {
namespace {

constexpr size_t kMaxTextBytes = 1 << 20;
constexpr std::string_view kOnceInHead[] = {"cpus",       "policy",   "arch",   "batch",
                                            "kernel",     "expect",   "memory", "weaken",
                                            "strengthen", "hardware", "asids",  "rcu"};
constexpr std::string_view kKswapd = "kswapd";
constexpr auto kNameOf = [](const auto* item) { return item->name(); };
constexpr auto kNameIn = [](const auto& info) { return std::string_view(info.name); };

// "a, b or c".
std::string OneOf(const std::vector<std::string_view>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    text += i == 0 ? "" : i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

std::optional<long> Number(std::string_view word) {
  unsigned long value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || word.empty()) return std::nullopt;
  return value <= 0xffffffffu ? std::optional<long>(static_cast<long>(value)) : std::nullopt;
}

bool IsPolicyName(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') ||
           std::string_view("-_.@").find(c) != std::string_view::npos;
  });
}

class Parser : TextLines {
 public:
  using TextLines::TextLines;

  std::variant<ScheduleFile, TextError> Parse(TextNotes* notes) {
    if (size() > kMaxTextBytes) {
      return TextError{1, 1, "a text of at most 1 MiB", ""};
    }
    bool good = true;
    while (good && NextLine()) good = Line();
    if (good && !seen_first_) {
      good = Fail("'gatherfuzz 1' on the first line");
    }
    if (!good) return error();
    if (notes != nullptr) *notes = {Warnings(), std::move(order_lines_)};
    Canonicalize(file_.schedule);
    return file_;
  }

 private:
  enum class Section { kHead, kInit, kProgram, kOrder, kEnd };

  bool TakeNumber(const char* what, long least, long most, long& value) {
    const std::string_view word = Take();
    const std::optional<long> number = Number(word);
    if (number && *number >= least && *number <= most) {
      value = *number;
      return true;
    }
    std::string expected =
        std::string(what) + ", " + std::to_string(least) + " to " + std::to_string(most);
    return word.empty() ? Fail(expected) : FailAt(word, expected);
  }

  bool TakePage(PageRange& range) {
    long page = 0;
    if (!TakeNumber("a page", 0, kPages - 1, page)) return false;
    range = {static_cast<int>(page), static_cast<int>(page) + 1};
    return true;
  }

  bool TakeMm(PageRange& range) {
    const std::string_view word = Take();
    const auto mm = word.starts_with("mm") ? Number(word.substr(2)) : std::nullopt;
    if (!mm || *mm >= kUserMms) {
      const std::string expected = "a user mm, mm0 to mm" + std::to_string(kUserMms - 1);
      return word.empty() ? Fail(expected) : FailAt(word, expected);
    }
    range = {static_cast<int>(*mm), static_cast<int>(*mm) + 1};
    return true;
  }

  // At the second of the two lines.
  bool LocksFitMemory() {
    const Schedule& schedule = file_.schedule;
    if (schedule.rcu && schedule.memory != MemoryModel::kSc) {
      return FailAt(Peek(), "no 'rcu' under 'memory " + std::string(NameOf(schedule.memory)) +
                                "'; under 'memory sc', the default, there is");
    }
    const bool only_sc =
        schedule.hardware == HardwareKind::kFaults || schedule.hardware == HardwareKind::kInvlpgb;
    if (only_sc && schedule.memory != MemoryModel::kSc) {
      return FailAt(Peek(), "no 'hardware " + std::string(NameOf(schedule.hardware)) +
                                "' under 'memory " + std::string(NameOf(schedule.memory)) +
                                "'; under 'memory sc', the default, there is");
    }
    if (!HasVmaLocks(schedule.kernel) || schedule.memory == MemoryModel::kSc) return true;
    return FailAt(Peek(), "no locks of VMAs (kernel " + std::string(NameOf(schedule.kernel)) +
                              ") under 'memory " + std::string(NameOf(schedule.memory)) +
                              "'; under 'memory sc', the default, there are some");
  }

  // At the second of the two lines.
  bool ArchHasMemory() {
    const Arch* const arch = FindArch(file_.arch);
    const MemoryModel memory = file_.schedule.memory;
    if (arch == nullptr || !arch->only_sc() || memory == MemoryModel::kSc) return true;
    return FailAt(Peek(), "no 'memory " + std::string(NameOf(memory)) + "' on " + file_.arch +
                              ", of which only 'memory sc', the default, is modelled");
  }

  // An operation that its CPU cannot do where it stands in the program is passed over.
  bool Runs(std::string_view word, const Op& op) {
    if (KindOf(agent_) != AgentKind::kCpu) return true;
    const OpInfo& info = Info(op.kind);
    const MemoryModel memory = file_.schedule.memory;
    if (memory != MemoryModel::kSc && info.is(OnlyScUnder(memory))) {
      const bool switches = info.is(effect::kSwitches);
      return FailAt(word, "no " + std::string(switches ? "switch" : info.name) + " under 'memory " +
                              std::string(NameOf(memory)) + "'; under 'memory sc', the default, " +
                              (switches ? "and 'memory tso' " : "") + "there are some");
    }
    Running& it = running_[static_cast<size_t>(Index(CpuOf(agent_)))];
    const std::string cpu = AgentName(agent_, file_.schedule.kswapd_cpu());
    if (it.May(op)) {
      it.Do(op);
    } else {
      op_warnings_.push_back({line_number(), PassedOver(it, cpu, word, info)});
    }
    return true;
  }

  static std::string PassedOver(const Running& it, const std::string& cpu, std::string_view word,
                                const OpInfo& info) {
    const std::string what = "'" + std::string(word) + "' is passed over: ";
    if (it.exited) return what + "the thread of " + cpu + " has exited before it";
    if (!info.is(effect::kSwitches)) {
      return what + "it is of mm0, and " + cpu +
             (it.idle ? " is idle" : " runs mm" + std::to_string(it.mm)) + " here; 'switch mm0'" +
             (it.idle && it.mm == 0 ? " or 'wake'" : "") + " comes before it";
    }
    if (info.operands == Operands::kMm) return what + cpu + " runs that mm";
    return what + cpu + (it.idle ? " is idle already" : " is not idle here");
  }

  bool TakeRange(PageRange& range) {
    const std::string_view word = Take();
    const size_t dots = word.find("..");
    const auto begin = Number(word.substr(0, std::min(dots, word.size())));
    const auto end = dots == word.npos ? std::nullopt : Number(word.substr(dots + 2));
    if (!begin || !end || *begin >= *end || *end > kPages) {
      const std::string expected =
          "a range of pages BEGIN..END, 0 <= BEGIN < END <= " + std::to_string(kPages);
      return word.empty() ? Fail(expected) : FailAt(word, expected);
    }
    range = {static_cast<int>(*begin), static_cast<int>(*end)};
    return true;
  }

  // CPUs on which the mm runs.
  int MmCpus() const { return file_.schedule.cpus - file_.schedule.kswapd; }

  // `detour`: what the detour of a CPU is called here, if it has a name.
  std::optional<AgentId> Agent(std::string_view word, std::string_view detour = {}) const {
    const std::string_view names[] = {"cpu", "walk", "inv", detour};
    if (word == kKswapd && file_.schedule.kswapd) return CpuAgent(MakeCpu(MmCpus()));
    for (size_t kind = 0; kind < std::size(names); ++kind) {
      if (names[kind].empty() || !word.starts_with(names[kind])) continue;
      const auto cpu = Number(word.substr(names[kind].size()));
      if (!cpu || *cpu >= MmCpus()) return std::nullopt;
      return MakeAgent(static_cast<AgentKind>(kind), MakeCpu(static_cast<int>(*cpu)));
    }
    return std::nullopt;
  }
  std::string AgentsExpected(const char* which) const {
    return std::string(which) + " with a number below " + std::to_string(MmCpus()) +
           " ('cpus' says how many)";
  }

  bool Line() {
    if (!seen_first_) return First();
    if (section_ == Section::kEnd) return Fail("nothing after 'rest'");
    if (section_ == Section::kOrder) return OrderLine();
    const std::string_view word = Peek();
    if (word == "init" || word == "order") {
      if (word == "init" && section_ != Section::kHead) return Fail("'init' before the programs");
      section_ = word == "init" ? Section::kInit : Section::kOrder;
      Take();
      return End();
    }
    if (word.starts_with("cpu") && word != "cpus") return ProgramHead();
    if (word.starts_with("walk")) return ProgramHead();
    if (word == kKswapd) return KswapdHead();
    switch (section_) {
      case Section::kHead: return HeadLine();
      case Section::kInit: return InitLine();
      case Section::kProgram:
      case Section::kOrder:
      case Section::kEnd: break;
    }
    return OpLine();
  }

  bool First() {
    if (Take() != "gatherfuzz") return FailAt(line_, "'gatherfuzz 1' on the first line");
    if (Peek() != std::to_string(kTextVersion)) {
      return Fail("'" + std::to_string(kTextVersion) + "', the version of the format that is read");
    }
    Take();
    seen_first_ = true;
    return End();
  }

  bool HeadLine() {
    const std::string_view word = Take();
    long number = 0;
    if (word == "intent") return Intent();
    if (word == "expect" && UnderFollows()) return ExpectedUnder();
    for (size_t i = 0; i < std::size(kOnceInHead); ++i) {
      if (word != kOnceInHead[i]) continue;
      if ((head_seen_ >> i & 1) != 0)
        return FailAt(word, "one '" + std::string(word) + "' line only");
      head_seen_ |= 1u << i;
    }
    if (word == "cpus") {
      if (!TakeNumber("a number of CPUs", 1, kMaxCpus, number)) return false;
      file_.schedule.cpus = static_cast<int>(number);
      return End();
    }
    if (word == "batch") {
      if (!TakeNumber("a number of pages", 1, kMaxBatch, number)) return false;
      file_.schedule.batch = static_cast<int>(number);
      return End();
    }
    if (word == "asids") {
      if (!TakeNumber("how many ASIDs are free", 0, kMaxFreeAsids, number)) return false;
      file_.schedule.asids = static_cast<int>(number);
      asids_line_ = line_number();
      return End();
    }
    if (word == "rcu") {
      file_.schedule.rcu = true;
      return LocksFitMemory() && End();
    }
    if (word == "variant") return Variant(word);
    if (word == "policy") {
      file_.policy = Peek();
      if (FindPolicy(file_.policy) == nullptr) {
        return FailOneOf(Peek(), "a policy: ", NamesOf(Policies(), kNameOf));
      }
      if (file_.expect_under.contains(file_.policy)) {
        return Fail("a policy that no line 'expect ... under' is about");
      }
      return Take(), End();
    }
    if (word == "arch") {
      file_.arch = Peek();
      if (FindArch(file_.arch) == nullptr) {
        return FailOneOf(Peek(), "an architecture: ", NamesOf(AllArchs(), kNameOf));
      }
      return ArchHasMemory() && (Take(), End());
    }
    if (word == "kernel") {
      const std::optional<KernelVersion> kernel = ParseKernelVersion(Peek());
      if (!kernel) {
        // No version is a misspelt other one.
        return FailNear(
            Peek(),
            "a kernel version: " + OneOf({std::begin(kKernelVersions), std::end(kKernelVersions)}),
            {});
      }
      file_.schedule.kernel = *kernel;
      return LocksFitMemory() && (Take(), End());
    }
    if (word == "memory") {
      const std::optional<MemoryModel> memory = ParseMemoryModel(Peek());
      if (!memory) {
        return FailOneOf(Peek(),
                         "a memory model: ", {std::begin(kMemoryModels), std::end(kMemoryModels)});
      }
      file_.schedule.memory = *memory;
      return LocksFitMemory() && ArchHasMemory() && (Take(), End());
    }
    if (word == "hardware") {
      const std::optional<HardwareKind> hardware = ParseHardwareKind(Peek());
      if (!hardware) {
        return FailOneOf(Peek(),
                         "hardware: ", {std::begin(kHardwareKinds), std::end(kHardwareKinds)});
      }
      file_.schedule.hardware = *hardware;
      hardware_line_ = line_number();
      return LocksFitMemory() && (Take(), End());
    }
    if (word == "weaken" || word == "strengthen") return StepsWithOrders(word == "strengthen");
    if (word == "expect") {
      ViolationKind kind{};
      if (!TakeKind(kind)) return false;
      file_.expect = kind;
      return Peek().empty() || Fail("'under' and policies, or the end of the line");
    }
    static const Names kWords = {"intent",     "cpus",     "policy", "variant", "arch",   "batch",
                                 "kernel",     "expect",   "init",   "order",   "memory", "weaken",
                                 "strengthen", "hardware", "asids",  "rcu"};
    return FailNear(word,
                    "intent, cpus, policy, variant, arch, batch, kernel, hardware, memory, asids, "
                    "rcu, weaken, strengthen, expect, init, a program (cpu0) or order",
                    kWords);
  }

  // Steps whose order is changed, one at least.
  bool StepsWithOrders(bool strengthened) {
    OrderChanges& orders = file_.schedule.orders;
    do {
      const auto point = ParsePoint(Peek());
      const bool has_order = point && MemoryOrderOf(*point) != nullptr;
      if (strengthened ? !ParseStrengthened(Peek(), orders) : !has_order) {
        return FailNear(Peek(), "a step that has a memory order (docs/memory.md lists them)",
                        NamesOf(kPoints, kNameIn));
      }
      if (!strengthened) orders.weaker |= MaskOf(*point);
      Take();
    } while (!Peek().empty());
    if ((orders.weaker & orders.strengthened()) == 0) return true;
    return Fail("no step that is both weaker and stronger");
  }

  // Another way to write the line 'policy'.
  bool Variant(std::string_view word) {
    if (!file_.policy.empty()) return FailAt(word, "one of 'policy' and 'variant' only");
    const ZooEntry* entry = FindZooEntry(Peek());
    if (entry == nullptr) {
      return FailOneOf(Peek(),
                       "a variant: ", NamesOf(kZoo, [](const ZooEntry& it) { return it.id; }));
    }
    Take();
    bool fixed = false;
    if (!TakeOptional("fixed", fixed)) return false;
    head_seen_ |= 1u << 1;  // as if 'policy' stood there
    file_.policy = fixed ? entry->fixed : entry->broken;
    return !file_.expect_under.contains(file_.policy) ||
           FailAt(word, "a policy that no line 'expect ... under' is about");
  }

  bool FailOneOf(std::string_view word, const char* what, const Names& names) {
    return FailNear(word, what + OneOf(names), names);
  }

  bool TakeKind(ViolationKind& kind) {
    const std::optional<ViolationKind> found = ParseViolationKind(Peek());
    if (!found) {
      return FailOneOf(Peek(), "a verdict: ", NamesOf(kViolations, kNameIn));
    }
    kind = *found;
    return Take(), true;
  }

  // Whether the line goes on with a word and then 'under'.
  bool UnderFollows() {
    const size_t at = at_;
    const bool under = !Take().empty() && Peek() == "under";
    at_ = at;
    return under;
  }

  // A policy of another build is as good as one of this: a kernel tree, one from outside.
  bool ExpectedUnder() {
    ViolationKind kind{};
    if (!TakeKind(kind)) return false;
    Take();
    do {
      const std::string_view name = Peek();
      if (!IsPolicyName(name)) return Fail("the name of a policy");
      if (name == file_.policy) {
        return Fail("another policy; of the file's own, 'expect " + std::string(Info(kind).name) +
                    "' alone says it");
      }
      if (!file_.expect_under.emplace(name, kind).second) {
        return Fail("one verdict for each policy; " + std::string(name) + " has one already");
      }
      Take();
    } while (!Peek().empty());
    return true;
  }

  bool Intent() {
    std::string_view rest = line_.substr(at_);
    while (!rest.empty() && IsBlank(rest.front())) rest.remove_prefix(1);
    while (!rest.empty() && IsBlank(rest.back())) rest.remove_suffix(1);
    if (rest.empty()) return Fail("a sentence that says what the schedule is for");
    if (!file_.intent.empty()) file_.intent += '\n';
    file_.intent += rest;
    return true;
  }

  bool TakeVmaFlags(VmaFlags& flags) {
    const std::string_view word = Take();
    if (word != "rw" && word != "r") {
      const char* expected = "r or rw, and then perhaps huge";
      return word.empty() ? Fail(expected) : FailAt(word, expected);
    }
    flags.write = word == "rw";
    return TakeOptional("huge", flags.huge);
  }

  bool TakeOptional(std::string_view expected, bool& given) {
    given = !Peek().empty();
    if (given && Peek() != expected)
      return Fail("'" + std::string(expected) + "' or the end of the line");
    Take();
    return true;
  }

  bool PfnMapFitsMemory(std::string_view word) {
    const MemoryModel memory = file_.schedule.memory;
    return memory == MemoryModel::kSc ||
           FailAt(word, "no PFN map under 'memory " + std::string(NameOf(memory)) +
                            "'; under 'memory sc', the default, there are some");
  }

  bool FitsAsFolio(PageRange range) {
    if (HasFolio(file_.schedule)) return Fail("one folio at most");
    const int table = RoundDown(range.begin, kPagesPerPmd);
    return range.end <= table + kPagesPerPmd ||
           Fail("a folio of one page table: up to page " + std::to_string(table + kPagesPerPmd) +
                " at most");
  }

  bool InitLine() {
    InitItem item;
    const std::string_view word = Take();
    if (word == "map") {
      if (!TakeRange(item.range) || !TakeVmaFlags(item.flags)) return false;
    } else if (word == "pfnmap") {
      item.flags = {.write = true, .pfn = true};
      if (!PfnMapFitsMemory(word) || !TakeRange(item.range)) return false;
    } else if (word == "present" || word == "folio") {
      item.kind = InitItem::Kind::kPresent;
      item.folio = word == "folio";
      if (!TakeRange(item.range)) return false;
      if (item.folio && !FitsAsFolio(item.range)) return false;
      if (!TakeOptional("dirty", item.dirty)) return false;
    } else if (word == "cached") {
      item.kind = InitItem::Kind::kCached;
      const auto agent = Agent(Peek());
      if (!agent || KindOf(*agent) != AgentKind::kCpu) return Fail(AgentsExpected("cpuN"));
      Take();
      item.cpu = CpuOf(*agent);
      if (!TakeRange(item.range)) return false;
    } else {
      return FailNear(word, "map, pfnmap, present, folio, cached, a program (cpu0) or order",
                      {"map", "pfnmap", "present", "folio", "cached", "order"});
    }
    if (!End()) return false;
    init_lines_.push_back(line_number());
    return file_.schedule.init.push_back(item) ||
           FailAt(word, "at most " + std::to_string(kMaxInit) + " lines of init");
  }

  std::vector<TextWarning> Warnings() const {
    std::vector<TextWarning> warnings;
    for (const IgnoredInit& ignored : IgnoredInits(file_.schedule)) {
      warnings.push_back({init_lines_[ignored.at], ignored.why});
    }
    warnings.insert(warnings.end(), op_warnings_.begin(), op_warnings_.end());
    for (const OutsideOp& outside : OutsideOps(file_.schedule)) {
      warnings.push_back({op_lines_[outside.at], outside.why});
    }
    if (file_.schedule.asids != kNoAsids && !Switches(file_.schedule)) {
      warnings.push_back(
          {asids_line_, "no CPU switches, so nothing comes of how many ASIDs are free"});
    }
    if (file_.schedule.hardware == HardwareKind::kInvlpgb && !HasInvlpgb(file_.schedule)) {
      const char* why = Switches(file_.schedule)
                            ? "kernels before 6.17 make no use of INVLPGB"
                            : "no CPU switches or sleeps, so INVLPGB makes no difference";
      warnings.push_back({hardware_line_, why});
    }
    if (file_.schedule.program.empty()) {
      warnings.push_back({line_number(), "there is no program with an operation, so nothing runs"});
    }
    for (const PartlyOutside& partly : PartlyOutsideInits(file_.schedule)) {
      warnings.push_back({init_lines_[partly.at], partly.why});
    }
    std::sort(warnings.begin(), warnings.end(),
              [](const TextWarning& a, const TextWarning& b) { return a.line < b.line; });
    return warnings;
  }

  bool ProgramHead() {
    const auto agent = Agent(Peek());
    if (!agent || KindOf(*agent) == AgentKind::kInvalidation) {
      const bool numbered = Peek().find_first_of("0123456789") != std::string_view::npos;
      const Names meant = section_ == Section::kHead && !numbered ? Names{"cpus"} : Names{};
      return FailNear(Peek(), AgentsExpected("cpuN or walkN"), meant);
    }
    if ((programs_seen_ >> Index(*agent) & 1) != 0) {
      return Fail("one program for each agent; " + AgentName(*agent) + " has one already");
    }
    programs_seen_ |= 1u << Index(*agent);
    section_ = Section::kProgram;
    agent_ = *agent;
    Take();
    return End();
  }

  // kswapd has a CPU of its own, behind those of the mm.
  bool KswapdHead() {
    if (file_.schedule.kswapd) return Fail("one program for each agent; kswapd has one already");
    if (file_.schedule.cpus == kMaxCpus) {
      return Fail("at most " + std::to_string(kMaxCpus - 1) + " cpus beside kswapd");
    }
    ++file_.schedule.cpus;
    file_.schedule.kswapd = true;
    section_ = Section::kProgram;
    agent_ = CpuAgent(MakeCpu(MmCpus()));
    Take();
    return End();
  }

  // Whether the agent whose program it is has such operations.
  bool Has(const OpInfo& op) const {
    const bool is_kswapd = Index(agent_) == file_.schedule.kswapd_cpu();
    return op.agent == KindOf(agent_) && (!is_kswapd || op.is(effect::kReclaims));
  }

  bool OpLine() {
    const std::string_view word = Take();
    for (int kind = 0; kind < kOpCount; ++kind) {
      if (word == kOps[kind].name && Has(kOps[kind])) {
        if (!kOps[kind].exists_in(file_.schedule.kernel))
          return NotInKernel(word, kOps[kind].since);
        return Operation(word, static_cast<OpKind>(kind));
      }
    }
    std::string expected;
    for (const OpInfo& op : kOps) {
      const bool known = Has(op) && op.exists_in(file_.schedule.kernel);
      if (known) expected += std::string(op.name) + ", ";
    }
    Names names = NamesOf(kOps, kNameIn);
    names.emplace_back("order");
    return FailNear(word, expected + "another program or order", names);
  }

  bool NotInKernel(std::string_view word, KernelVersion since) {
    return FailAt(word, "an operation of kernel " + std::string(NameOf(file_.schedule.kernel)) +
                            "; '" + std::string(word) + "' takes a line 'kernel " +
                            std::string(NameOf(since)) + "' above, or a later version");
  }

  bool Operation(std::string_view word, OpKind kind) {
    Op op{.kind = kind, .range = {}, .flags = {}};
    if (!TakeOperands(Info(kind).operands, op)) return false;
    if (!End() || !Runs(word, op)) return false;
    op_lines_.push_back(line_number());
    return file_.schedule.program.push_back({agent_, op}) ||
           FailAt(word, "at most " + std::to_string(kMaxOps) + " operations in all programs");
  }

  bool TakeOperands(Operands operands, Op& op) {
    switch (operands) {
      case Operands::kPage: return TakePage(op.range);
      case Operands::kRange: return TakeRange(op.range);
      case Operands::kMap: return TakeRange(op.range) && TakeVmaFlags(op.flags);
      case Operands::kProtect: return TakeRange(op.range) && TakeAccess(op.flags);
      case Operands::kRemap: return TakeRange(op.range) && TakeTo(op);
      case Operands::kTwoPages: return TakePage(op.range) && TakeOther(op);
      case Operands::kMm: return TakeMm(op.range);
      case Operands::kNone: op.range = {0, 1}; return true;
      case Operands::kAll: break;
    }
    op.range = {0, kPages};
    return true;
  }

  // The second of two pages.
  bool TakeOther(Op& op) {
    const std::string_view word = Peek();
    PageRange other;
    if (!TakePage(other)) return false;
    if (other == op.range) return FailAt(word, "another page than the first");
    op.to = static_cast<uint8_t>(other.begin);
    return true;
  }

  // Where a range goes, and whether its VMA stays.
  bool TakeTo(Op& op) {
    if (Peek() != "to") return Fail("'to', and the first page of where it goes");
    Take();
    const std::string_view word = Peek();
    long page = 0;
    if (!TakeNumber("a page", 0, kPages - 1, page)) return false;
    op.to = static_cast<uint8_t>(page);
    if (MovesTo(op).end > kPages) {
      return FailAt(word, "a page with room for as many behind it, of " + std::to_string(kPages));
    }
    return TakeOptional("dontunmap", op.flags.stays);
  }

  // What a VMA is to allow.
  bool TakeAccess(VmaFlags& flags) {
    const std::string_view word = Take();
    flags = {.write = word == "rw", .none = word == "none"};
    if (flags.write || flags.none || word == "r") return true;
    return word.empty() ? Fail("none, r or rw") : FailAt(word, "none, r or rw");
  }

  bool OrderLine() {
    const std::string_view word = Take();
    if (word == "rest") return Rest();
    Run run;
    const bool rcu = file_.schedule.rcu;
    const auto agent = Agent(word, rcu ? "rcu" : "late");
    if (!agent && !rcu && word.starts_with("rcu")) {
      return FailAt(word,
                    "a line 'rcu' in the head, without which there is no " + std::string(word));
    }
    if (!agent) {
      return FailAt(word, AgentsExpected(rcu ? "rest, or cpuN, walkN, invN or rcuN"
                                             : "rest, or cpuN, walkN, invN or lateN"));
    }
    run.agent = *agent;
    if (KindOf(run.agent) == AgentKind::kDetour) {
      run.kind = Run::Kind::kLate;
    } else if (Peek() == "until") {
      Take();
      if (!Until(run)) return false;
    } else if (Peek() == "detour" && KindOf(run.agent) == AgentKind::kCpu) {
      Take();
      run.agent = DetourAgent(CpuOf(run.agent));
    } else if (Peek() == "old" && KindOf(run.agent) != AgentKind::kInvalidation) {
      Take();
      if (!Old(run)) return false;
    } else {
      long steps = 0;
      if (!TakeNumber("'until', or a number of steps", 1, 65535, steps)) return false;
      run.count = static_cast<uint16_t>(steps);
    }
    if (!End()) return false;
    order_lines_.push_back(line_number());
    return file_.schedule.order.push_back(run) ||
           FailAt(word, "at most " + std::to_string(kMaxRuns) + " lines of order");
  }

  bool Old(Run& run) {
    run.kind = Run::Kind::kOld;
    if (KindOf(run.agent) == AgentKind::kCpu) run.agent = DetourAgent(CpuOf(run.agent));
    long old = 1;
    if (!Peek().empty() && !TakeNumber("how far behind the newest", 1, kMaxOld, old)) return false;
    run.count = static_cast<uint16_t>(old);
    return true;
  }

  bool Rest() {
    section_ = Section::kEnd;
    if (Peek().empty()) return true;
    const StrategyInfo* info = FindTail(Peek());
    if (info == nullptr) {
      return FailOneOf(Peek(), "the end of the line, or a seed after ",
                       NamesOf(Strategies(), kNameIn));
    }
    Take();
    long seed = 0, steps = 0;
    if (!TakeNumber("a seed", 0, 0xffffffffL, seed)) return false;
    if (info->kind == Tail::Kind::kPct && Peek() == "steps") {
      Take();
      if (!TakeNumber("a number of steps", 1, 65535, steps)) return false;
    }
    const bool joined = Peek() == "joined";
    if (joined) Take();
    file_.schedule.tail = {info->kind, static_cast<uint32_t>(seed), static_cast<uint16_t>(steps),
                           joined};
    return End();
  }

  bool Until(Run& run) {
    const std::string_view word = Take();
    if (word == "done") {
      run.kind = Run::Kind::kUntilDone;
      return true;
    }
    run.kind = Run::Kind::kUntilPoint;
    const size_t open = word.find('(');
    const auto point = ParsePoint(word.substr(0, std::min(open, word.size())));
    if (!point || !IsMadeIn(file_.schedule.kernel, *point)) {
      Names names = NamesOf(kPoints, kNameIn);
      names.emplace_back("done");
      return FailNear(word, "'done', or the name of a step (docs/schedule-format.md lists them)",
                      names);
    }
    run.point = *point;
    if (open != word.npos && !UntilPage(word.substr(open), run)) return false;
    if (!AtOccurrence()) return true;
    const std::string_view occurrence = Word();
    const auto count = Number(occurrence.substr(1));
    if (!count || *count < 1 || *count > 255) return Fail("#1 to #255");
    run.count = static_cast<uint16_t>(*count);
    at_ += occurrence.size();
    return true;
  }

  bool UntilPage(std::string_view paged, Run& run) {
    const auto page =
        paged.ends_with(')') ? Number(paged.substr(1, paged.size() - 2)) : std::nullopt;
    if (!page || *page >= kPages) {
      return FailAt(paged, "a page in parentheses, 0 to " + std::to_string(kPages - 1));
    }
    if (!Info(run.point).has_page) return FailAt(paged, "no page: this step is not about one");
    run.page = static_cast<int8_t>(*page);
    return true;
  }

  bool seen_first_ = false;
  Section section_ = Section::kHead;
  AgentId agent_{};
  uint32_t head_seen_ = 0;  // by index in kOnceInHead
  int asids_line_ = 0, hardware_line_ = 0;
  uint32_t programs_seen_ = 0;  // by agent
  std::array<Running, kMaxCpus> running_{};
  std::vector<int> init_lines_, op_lines_, order_lines_;  // where each entry stands
  std::vector<TextWarning> op_warnings_;
  ScheduleFile file_;
};

}  // namespace

std::variant<ScheduleFile, TextError> ParseText(std::string_view text, TextNotes* notes) {
  return Parser(text).Parse(notes);
}

}  // namespace gatherfuzz
