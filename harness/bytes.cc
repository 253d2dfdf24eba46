// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/bytes.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <utility>

#include "harness/codes.h"
#include "harness/family.h"
#include "harness/random.h"

namespace gatherfuzz {
namespace {

// Where the canonical codes of each byte end; what is above is spread by weight. Operations and
// steps have codes of their own (harness/codes.h). What this file says of a byte that is the code
// of none is frozen with the version, so that a new operation or step, which takes such a code,
// changes nothing else.
constexpr int kAgentCodes = kMaxAgents;
constexpr int kInitCodes = kMapCodes + 2 + kMaxCpus;  // maps, present, present dirty, cached cpuN
// ... and, of bytes that were written, two more: present and one large folio, and so dirty.
constexpr int kFolioCode = kInitCodes;
constexpr uint8_t kAnyPage = 255;
// Of the codes of `until done`, where memory is not sequentially consistent: of a detour or a
// walker, an old value.
constexpr uint8_t kOldCode = kCountCodes + 1;
// ... and where there are runs of what was left for later: of a detour.
constexpr uint8_t kLateCode = kCountCodes + 2;
// Of the code of a tail whose choices are joined: above that of the same tail where they are not.
constexpr uint8_t kJoinedCode = 128;
// sc, tso, weak, and sc with runs of old values; late; and sc, tso and weak with runs of what was
// left for later.
constexpr int kMemoryCodes = 8, kScWithOld = 3, kFirstWithLate = 4;
constexpr MemoryModel kMemoryOf[kMemoryCodes] = {
    MemoryModel::kSc,   MemoryModel::kTso, MemoryModel::kWeak, MemoryModel::kSc,
    MemoryModel::kLate, MemoryModel::kSc,  MemoryModel::kTso,  MemoryModel::kWeak};

// Where a switch is most telling: around what others see, and before what they wait for.
constexpr Point kLikelyPoints[] = {Point::pte_clear,        Point::pte_unlock,
                                   Point::pmd_clear,        Point::pmd_unlock,
                                   Point::tlb_flush,        Point::tlb_flush_done,
                                   Point::pending_inc,      Point::pending_dec,
                                   Point::pte_set,          Point::pending_read,
                                   Point::pte_table_unlink, Point::deliver,
                                   Point::walk_pte,         Point::walk_pmd,
                                   Point::syscall_return,   Point::mmap_write_downgrade,
                                   Point::need_resched,     Point::split_folio};

GATHERFUZZ_WRAPS uint64_t HashOf(std::span<const uint8_t> bytes) {
  uint64_t hash = 0xcbf29ce484222325u + bytes.size();
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3u;
  return hash ^ hash >> 32;
}

// Gives out the input byte by byte, then pseudo-random bytes.
class Source {
 public:
  Source(std::span<const uint8_t> bytes, bool at_first) : bytes_(bytes), at_first_(at_first) {}

  uint8_t Next() {
    if (at_ < bytes_.size()) return bytes_[at_++];
    if (!hashed_) Hash();
    return static_cast<uint8_t>(random_.Next() >> 40);
  }
  std::array<uint8_t, kRecordBytes> Record() {
    if (left() < kRecordBytes) return {Next(), Next(), Next(), Next()};
    std::array<uint8_t, kRecordBytes> record;
    std::memcpy(record.data(), bytes_.data() + at_, kRecordBytes);
    at_ += kRecordBytes;
    return record;
  }
  size_t left() const { return bytes_.size() - at_; }
  uint32_t hash_seed() {
    if (!hashed_) Hash();
    return seed_;
  }

  // What the codes of operations and steps stand for, once the header has been read.
  const Codes& codes() const { return *codes_; }
  // As version 3 began, there was one kernel only, and one memory model.
  KernelVersion TakeKernel(KernelVersion kernel, bool written) {
    if (at_first_) return kDefaultKernel;
    codes_ = written ? &kCodes[static_cast<size_t>(kernel)] : &kCodesMadeUp;
    return kernel;
  }
  uint8_t TakeMemory(uint8_t memory) {
    memory_ = at_first_ ? 0 : memory;
    return memory_;
  }
  // Whether runs of old values, and of what was left for later, have a code.
  bool has_old() const { return memory_ != 0; }
  bool has_late() const { return memory_ >= kFirstWithLate; }
  bool at_first() const { return at_first_; }

 private:
  // What is whole, and says its tail, needs no hash.
  void Hash() {
    random_ = Random(HashOf(bytes_));
    seed_ = static_cast<uint32_t>(random_.Next());
    hashed_ = true;
  }

  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  const bool at_first_;
  bool hashed_ = false;
  const Codes* codes_ = &kCodesAtFirst;
  uint8_t memory_ = 0;
  Random random_{0};
  uint32_t seed_ = 0;
};

// Pages of the first `span` only, so that short random programs meet.
int DecodePage(uint8_t byte, int span) {
  if (byte < kPages) return byte % span;
  const int page = byte % span;
  return byte >= 192 ? RoundDown(page, kPagesPerPmd) : page;
}

PageRange DecodeRange(uint8_t first, uint8_t length, int span) {
  const int begin = DecodePage(first, span);
  const int pages = length < kPages ? 1 + length
                    : length < 144  ? 1 + length % 4             // a few pages
                    : length < 224  ? kPagesPerPmd + length % 8  // across blocks
                                    : kPagesPerPmd;               // one block
  return {begin, std::min(begin + pages, kPages)};
}

uint8_t EncodeLength(PageRange range) { return static_cast<uint8_t>(range.end - range.begin - 1); }

VmaFlags MapFlags(int code) { return {.write = (code & 1) != 0, .huge = (code & 2) != 0}; }
int MapCode(VmaFlags flags) { return (flags.write ? 1 : 0) | (flags.huge ? 2 : 0); }

// With the first page of a protect: what it leaves.
VmaFlags AccessFlags(int code) { return {.write = code == 2, .none = code == 0}; }
int AccessCode(VmaFlags flags) { return flags.write ? 2 : flags.none ? 0 : 1; }

// A remap has its target in bits that the others do not use: three of the agent's byte, two of the
// page's, one of the length's, and next to that whether the VMA stays.
Op DecodeRemap(const std::array<uint8_t, kRecordBytes>& record) {
  Op op{.kind = OpKind::kRemap};
  const int begin = record[2] % kPages;
  op.range = {begin, std::min(begin + 1 + record[3] % kPages, kPages)};
  const int to = record[0] >> 5 | record[2] >> 6 << 3 | (record[3] >> 6 & 1) << 5;
  op.to = static_cast<uint8_t>(std::min(to, kPages - (op.range.end - op.range.begin)));
  op.flags.stays = record[3] >> 7 != 0;
  return op;
}

std::array<uint8_t, kRecordBytes> EncodeRemap(AgentId agent, const Op& op) {
  static_assert(kMaxAgents <= 32 && kPages == 64);
  return {static_cast<uint8_t>(Index(agent) | (op.to & 7) << 5),
          static_cast<uint8_t>(Info(op.kind).code),
          static_cast<uint8_t>(op.range.begin | (op.to >> 3 & 3) << 6),
          static_cast<uint8_t>(EncodeLength(op.range) | (op.to >> 5) << 6 |
                               (op.flags.stays ? 0x80 : 0))};
}

AgentId DecodeAgent(uint8_t byte, int cpus) {
  if (byte < kAgentCodes) {
    const AgentId agent{byte};
    return MakeAgent(KindOf(agent), MakeCpu(Index(CpuOf(agent)) % cpus));
  }
  const CpuId cpu = MakeCpu(byte / 8 % cpus);
  const int kind = byte % 8;  // five in eight a CPU, two a delivery, one a walker
  return MakeAgent(kind < 5   ? AgentKind::kCpu
                   : kind < 7 ? AgentKind::kInvalidation
                              : AgentKind::kWalker,
                   cpu);
}

// The kernel version by its code: 0, and what is the code of none, is the default.
constexpr KernelVersion kKernelOf[] = {kDefaultKernel, KernelVersion::k6_1, KernelVersion::k6_17,
                                       KernelVersion::k7_1};

// With so much more, the last CPU is kswapd's; that many times the memory; VMAs have locks; that
// many times the hardware.
constexpr int kKswapdCode = std::size(kKernelOf);
constexpr int kMemoryCode = 2 * kKswapdCode;
constexpr int kVmaLocksCode = kMemoryCodes * kMemoryCode;
constexpr int kTceCode = 2 * kVmaLocksCode;
static_assert(2 * kTceCode == 256);  // every byte means something
// What has no such code is in the byte of the preset, of which what is written has no other use.
constexpr uint8_t kFaultsCode = 1;

uint8_t KernelCode(const Schedule& schedule) {
  const KernelVersion base = WithoutVmaLocks(schedule.kernel);
  const auto* found = std::find(std::begin(kKernelOf), std::end(kKernelOf), base);
  return static_cast<uint8_t>(found - std::begin(kKernelOf) + (schedule.kswapd ? kKswapdCode : 0) +
                              (HasVmaLocks(schedule.kernel) ? kVmaLocksCode : 0));
}

// 6.1 has no VMA locks to be said of it.
KernelVersion KernelOf(uint8_t code) {
  const KernelVersion base = kKernelOf[code % kKswapdCode];
  return code / kVmaLocksCode % 2 == 0 ? base : WithVmaLocks(base);
}

int MemoryCode(const Schedule& schedule) {
  const auto has = [&](Run::Kind kind) {
    return std::any_of(schedule.order.begin(), schedule.order.end(),
                       [kind](const Run& run) { return run.kind == kind; });
  };
  const auto memory = static_cast<int>(schedule.memory);
  if (schedule.memory == MemoryModel::kLate) return kFirstWithLate;
  if (has(Run::Kind::kLate)) return kFirstWithLate + 1 + memory;
  const bool sc = schedule.memory == MemoryModel::kSc;
  return sc && has(Run::Kind::kOld) ? kScWithOld : memory;
}

// Byte 1 of the header: with so many times more, ASIDs are allocated where CPUs switch, and one
// fewer are free.
constexpr int kAsidsCode = 16;
// ... in place of that x86 has INVLPGB, which is of no concern where ASIDs are allocated;
constexpr int kInvlpgbCode = kAsidsCode * (kMaxFreeAsids + 2);
// ... and with that many more, RCU frees page tables.
constexpr int kRcuCode = 128;
static_assert(kMaxCpus < kAsidsCode && kInvlpgbCode + kAsidsCode <= kRcuCode);

bool IsCpusCode(uint8_t code) {
  const int count = code % kAsidsCode;
  return 1 <= count && count <= kMaxCpus;
}
bool SaysInvlpgb(uint8_t cpus) { return cpus / kAsidsCode == kInvlpgbCode / kAsidsCode; }

int AsidsOf(uint8_t cpus) {
  const int count = cpus % kAsidsCode, free = cpus / kAsidsCode - 1;
  return 1 <= count && count <= kMaxCpus && free <= kMaxFreeAsids ? free : kNoAsids;
}

int CpusCode(const Schedule& schedule) {
  return schedule.cpus + (Switches(schedule) ? kAsidsCode * (schedule.asids + 1) : 0) +
         (schedule.hardware == HardwareKind::kInvlpgb ? kInvlpgbCode : 0) +
         (schedule.rcu ? kRcuCode : 0);
}

OpKind DecodeOpKind(const Codes& codes, uint8_t code, VmaFlags& flags) {
  if (codes.op_of[code] == kNoCode) {
    using enum OpKind;
    static constexpr std::pair<OpKind, int> kLikely[16] = {
        {kDontneed, 0}, {kDontneed, 0}, {kDontneed, 0}, {kDontneed, 0},
        {kDontneed, 0}, {kDontneed, 0}, {kMunmap, 0},   {kMunmap, 0},
        {kMunmap, 0},   {kFree, 0},     {kFree, 0},     {kRead, 0},
        {kRead, 0},     {kWrite, 0},    {kMap, 1},      {kMap, 3}};
    const auto [kind, map_code] = kLikely[code % 16];
    flags = MapFlags(map_code);
    return kind;
  }
  const auto kind = static_cast<OpKind>(codes.op_of[code]);
  if (Info(kind).operands == Operands::kMap) flags = MapFlags(code - Info(kind).code);
  return kind;
}

ProgramLine DecodeLine(Source& source, int cpus, int span) {
  const auto record = source.Record();
  ProgramLine line;
  if (source.codes().op_of[record[1]] == static_cast<uint8_t>(OpKind::kRemap)) {
    const AgentId agent = DecodeAgent(record[0] & 31, cpus);
    return {CpuAgent(CpuOf(agent)), DecodeRemap(record)};
  }
  AgentId agent = DecodeAgent(record[0], cpus);
  if (KindOf(agent) != AgentKind::kWalker) agent = CpuAgent(CpuOf(agent));
  line.op.kind = DecodeOpKind(source.codes(), record[1], line.op.flags);
  if (KindOf(agent) == AgentKind::kWalker && Info(line.op.kind).agent != AgentKind::kWalker) {
    line.op = {.kind = OpKind::kFill, .range = {}, .flags = {}};
  }
  line.agent = MakeAgent(Info(line.op.kind).agent, CpuOf(agent));
  const Operands operands = Info(line.op.kind).operands;
  if (!Info(line.op.kind).has_pages()) {
    const int mm = operands == Operands::kMm ? record[2] % kUserMms : 0;
    line.op.range = {mm, mm + 1};
    return line;
  }
  const bool one_page = Info(line.op.kind).has_page();
  if (operands == Operands::kTwoPages) {  // the other in place of a length
    const int other = DecodePage(record[3], span);
    const int page = DecodePage(record[2], span);
    line.op.to = static_cast<uint8_t>(other != page ? other : page == 0 ? 1 : page - 1);
  }
  if (operands == Operands::kProtect) {
    line.op.flags = AccessFlags(record[2] / kPages);
    line.op.range = DecodeRange(record[2] % kPages, record[3], span);
  } else {
    line.op.range = DecodeRange(record[2], one_page ? 0 : record[3], span);
  }
  if (operands == Operands::kAll) line.op.range = {0, kPages};
  return line;
}

// The last byte of a line of init, of bytes that were written: a map is a PFN map.
constexpr uint8_t kPfnCode = 1;

InitItem DecodeInit(const std::array<uint8_t, kRecordBytes>& record, int cpus, int span,
                    bool written) {
  int code = record[0];
  if (written && (code == kFolioCode || code == kFolioCode + 1)) {
    return {.kind = InitItem::Kind::kPresent,
            .range = DecodeRange(record[1], record[2], span),
            .dirty = code != kFolioCode,
            .folio = true};
  }
  if (code >= kInitCodes) {
    static constexpr uint8_t kLikely[8] = {1, 1, 3, 4, 4, 5, 6, 7};
    code = kLikely[code % 8];
  }
  InitItem item;
  item.range = DecodeRange(record[1], record[2], span);
  if (code < kMapCodes) {
    item.flags = MapFlags(code);
    item.flags.pfn = written && record[3] == kPfnCode;
  } else if (code < kMapCodes + 2) {
    item.kind = InitItem::Kind::kPresent;
    item.dirty = code == kMapCodes + 1;
  } else {
    item.kind = InitItem::Kind::kCached;
    item.cpu = MakeCpu((code - kMapCodes - 2) % cpus);
  }
  return item;
}

// A byte of the header that random bytes use to have something mapped before the first step:
// 0 nothing; else a VMA over the whole span, mostly populated, and cached by some CPUs.
void DecodePreset(uint8_t byte, int cpus, int span, Schedule& schedule) {
  if (byte == 0) return;
  const PageRange all{0, span};
  InitItem item;
  item.range = all;
  item.flags = {.write = true, .huge = (byte & 1) != 0};
  schedule.init.push_back(item);
  item.flags = {};
  item.kind = InitItem::Kind::kPresent;
  // Half of the huge VMAs are populated up to the middle of a block: both sizes side by side.
  if ((byte & 2) != 0) item.range.end -= span > 4 ? 2 : 0;
  item.dirty = (byte & 4) != 0;
  if ((byte & 24) != 24) schedule.init.push_back(item);
  item.dirty = false;
  item.kind = InitItem::Kind::kCached;
  for (int cpu = 0; cpu < cpus; ++cpu) {
    if ((byte >> (5 + cpu % 3) & 1) == 0) continue;
    item.cpu = MakeCpu(cpu);
    schedule.init.push_back(item);
  }
}

Run DecodeRun(Source& source, int cpus, int span) {
  const auto record = source.Record();
  const Codes& codes = source.codes();
  Run run;
  run.agent = DecodeAgent(record[0], cpus);
  const uint8_t mode = record[1];
  const bool detour = KindOf(run.agent) == AgentKind::kDetour;
  if (source.has_old() && mode == kOldCode && (detour || KindOf(run.agent) == AgentKind::kWalker)) {
    run.kind = Run::Kind::kOld;
    run.count = std::clamp<uint16_t>(record[2], 1, kMaxOld);
    return run;
  }
  if (source.has_late() && mode == kLateCode && detour) {
    run.kind = Run::Kind::kLate;
    return run;
  }
  if (detour) return run;  // one step
  if (mode == 0) {
    run.count = static_cast<uint16_t>(std::max(1, record[2] | record[3] << 8));
  } else if (mode < kCountCodes && codes.point_of[mode] == kNoCode) {
    run.count = static_cast<uint16_t>(1 + mode % 16);
  } else if (kCountCodes <= mode && mode < kDoneCodes) {
    run.kind = Run::Kind::kUntilDone;
  } else {
    run.kind = Run::Kind::kUntilPoint;
    const bool exact = mode < kPointCodes;
    run.point = exact ? static_cast<Point>(codes.point_of[mode])
                      : kLikelyPoints[(mode - kPointCodes) % std::size(kLikelyPoints)];
    if (Info(run.point).has_page && (exact ? record[2] != kAnyPage : record[2] >= 160)) {
      run.page = static_cast<int8_t>(DecodePage(record[2], span));
    }
    run.count = static_cast<uint16_t>(exact ? std::max<int>(1, record[3])
                                            : 1 + (record[3] < 64 ? record[3] % 4 : 0));
  }
  return run;
}

std::array<uint8_t, kRecordBytes> EncodeRun(const Run& run) {
  const auto agent = static_cast<uint8_t>(Index(run.agent));
  switch (run.kind) {
    case Run::Kind::kCount:
      return {agent, 0, static_cast<uint8_t>(run.count), static_cast<uint8_t>(run.count >> 8)};
    case Run::Kind::kUntilDone: return {agent, kCountCodes, 0, 0};
    case Run::Kind::kOld: return {agent, kOldCode, static_cast<uint8_t>(run.count), 0};
    case Run::Kind::kLate: return {agent, kLateCode, 0, 0};
    case Run::Kind::kUntilPoint: break;
  }
  return {agent, static_cast<uint8_t>(Info(run.point).code),
          run.page == kNoPage ? kAnyPage : static_cast<uint8_t>(run.page),
          static_cast<uint8_t>(run.count)};
}

struct Header {
  int span;
  size_t init_count, op_count;
  int members;
  bool written;  // by EncodeBytes() of this version
};

Tail DecodeTail(uint8_t code, uint32_t seed, uint16_t steps, Source& source, bool written) {
  static constexpr Tail::Kind kLikely[8] = {
      Tail::Kind::kRuns,     Tail::Kind::kRuns,     Tail::Kind::kRuns, Tail::Kind::kPct,
      Tail::Kind::kLandmark, Tail::Kind::kLandmark, Tail::Kind::kPct,  Tail::Kind::kPos};
  const bool joined = written && kJoinedCode < code && code < kJoinedCode + kTailKinds;
  const int kind = joined ? code - kJoinedCode : code;
  if (kind >= kTailKinds) return {.kind = kLikely[kind % 8], .seed = source.hash_seed()};
  Tail tail{.kind = static_cast<Tail::Kind>(kind), .joined = joined};
  if (tail.kind != Tail::Kind::kRest) tail.seed = seed;
  if (tail.kind == Tail::Kind::kPct) tail.steps = steps;
  return tail;
}

// Bytes 0 to 15. The version byte says what wrote them; only version 3 is read, so any value is
// taken for it.
Header DecodeHeader(Source& source, Schedule& schedule) {
  const uint8_t version = source.Next();
  uint8_t cpus = source.Next();
  const uint8_t batch = source.Next(), span = source.Next();
  const uint8_t init_count = source.Next(), op_count = source.Next();
  const uint8_t tail = source.Next();
  uint8_t preset = source.Next();
  uint32_t seed = 0;
  for (int i = 0; i < 4; ++i) seed |= static_cast<uint32_t>(source.Next()) << 8 * i;
  const uint8_t steps_low = source.Next(), steps_high = source.Next();
  // An input that is too short to ask for a family has none.
  const uint8_t more_members = source.left() != 0 ? source.Next() : 0;
  const uint8_t kernel = source.Next();
  // Only of bytes that were written by EncodeBytes(): what an engine makes up is of the default.
  const bool written = version == kBytesVersion && span == kPages;
  const bool tce = written && !source.at_first() && kernel / kTceCode != 0;
  const bool faults = written && !source.at_first() && preset == kFaultsCode;
  if (faults) preset = 0;
  schedule.kernel = source.TakeKernel(written ? KernelOf(kernel) : kDefaultKernel, written);
  schedule.kswapd = written && kernel / kKswapdCode % 2 != 0 && !source.at_first();
  const uint8_t memory =
      source.TakeMemory(static_cast<uint8_t>(written ? kernel / kMemoryCode % kMemoryCodes : 0));
  schedule.memory = kMemoryOf[memory];
  schedule.rcu = written && !source.at_first() && cpus >= kRcuCode && IsCpusCode(cpus - kRcuCode);
  if (schedule.rcu) cpus -= kRcuCode;
  schedule.asids = written && !source.at_first() ? AsidsOf(cpus) : kNoAsids;
  const bool invlpgb = written && !source.at_first() && IsCpusCode(cpus) && SaysInvlpgb(cpus);
  if (schedule.asids != kNoAsids || invlpgb) cpus %= kAsidsCode;
  schedule.hardware = invlpgb  ? HardwareKind::kInvlpgb
                      : faults ? HardwareKind::kFaults
                      : tce    ? HardwareKind::kTce
                               : HardwareKind::kPlain;
  schedule.orders = {};

  static constexpr uint8_t kLikelyCpus[8] = {2, 2, 2, 3, 3, 2, 3, 4};
  static constexpr uint8_t kLikelyMembers[4] = {1, 4, 8, 16};
  schedule.cpus = 1 <= cpus && cpus <= kMaxCpus ? cpus : kLikelyCpus[cpus % 8];
  schedule.batch = 1 <= batch && batch <= kMaxBatch ? batch : 1 + batch % 4;
  schedule.tail = DecodeTail(tail, seed, static_cast<uint16_t>(steps_low | steps_high << 8), source,
                             written && !source.at_first());
  Header header;
  header.written = written && !source.at_first();
  header.span = 1 <= span && span <= kPages ? span : 4 << span % 3;
  header.init_count = init_count <= kMaxInit ? init_count : init_count % 3;
  header.op_count = op_count <= kMaxOps ? op_count : 2 + op_count % 7;
  header.members = more_members < kMaxMembers ? 1 + more_members : kLikelyMembers[more_members % 4];
  DecodePreset(preset, schedule.cpus, header.span, schedule);
  return header;
}

int Decode(std::span<const uint8_t> bytes, bool at_first, Schedule& schedule) {
  schedule.init.clear();
  schedule.program.clear();
  schedule.order.clear();
  Source source(bytes, at_first);
  const Header header = DecodeHeader(source, schedule);
  for (size_t i = 0; i < header.init_count; ++i) {
    schedule.init.push_back(
        DecodeInit(source.Record(), schedule.cpus, header.span, header.written));
  }
  for (size_t i = 0; i < header.op_count; ++i) {
    schedule.program.push_back(DecodeLine(source, schedule.cpus, header.span));
  }
  while (source.left() >= kRecordBytes && !schedule.order.full()) {
    schedule.order.push_back(DecodeRun(source, schedule.cpus, header.span));
  }
  Canonicalize(schedule);
  return header.members;
}

}  // namespace

int DecodeBytes(std::span<const uint8_t> bytes, Schedule& schedule) {
  return Decode(bytes, false, schedule);
}

int DecodeBytesAtFirst(std::span<const uint8_t> bytes, Schedule& schedule) {
  return Decode(bytes, true, schedule);
}

EncodedBytes EncodeBytes(const Schedule& schedule, int members) {
  EncodedBytes bytes;
  const auto put = [&](auto... values) { (bytes.push_back(static_cast<uint8_t>(values)), ...); };
  const Tail& tail = schedule.tail;
  put(kBytesVersion, CpusCode(schedule), schedule.batch, kPages, schedule.init.size(),
      schedule.program.size(), static_cast<int>(tail.kind) + (tail.joined ? kJoinedCode : 0),
      schedule.hardware == HardwareKind::kFaults ? kFaultsCode : 0, tail.seed, tail.seed >> 8,
      tail.seed >> 16, tail.seed >> 24, tail.steps, tail.steps >> 8, members - 1,
      KernelCode(schedule) + kMemoryCode * MemoryCode(schedule) +
          (schedule.hardware == HardwareKind::kTce ? kTceCode : 0));
  for (const InitItem& item : schedule.init) {
    const int code = item.kind == InitItem::Kind::kMap       ? MapCode(item.flags)
                     : item.folio                            ? kFolioCode + item.dirty
                     : item.kind == InitItem::Kind::kPresent ? kMapCodes + item.dirty
                                                             : kMapCodes + 2 + Index(item.cpu);
    put(code, item.range.begin, EncodeLength(item.range), item.flags.pfn ? kPfnCode : 0);
  }
  for (const auto& [agent, op] : schedule.program) {
    const OpInfo& info = Info(op.kind);
    const int flags = info.operands == Operands::kMap ? MapCode(op.flags) : 0;
    if (info.operands == Operands::kRemap) {
      const auto record = EncodeRemap(agent, op);
      put(record[0], record[1], record[2], record[3]);
      continue;
    }
    const int access = info.operands == Operands::kProtect ? AccessCode(op.flags) : 0;
    const int last = info.operands == Operands::kTwoPages ? op.to : EncodeLength(op.range);
    put(Index(agent), info.code + flags, op.range.begin + kPages * access, last);
  }
  for (const Run& run : schedule.order) {
    const auto record = EncodeRun(run);
    put(record[0], record[1], record[2], record[3]);
  }
  return bytes;
}

}  // namespace gatherfuzz
