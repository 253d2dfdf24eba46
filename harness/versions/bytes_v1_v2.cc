// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/versions/bytes_v1_v2.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "harness/random.h"

namespace gatherfuzz {
namespace {

using Record = std::array<uint8_t, 4>;

// The sizes of that time. What is larger today still holds all of these versions.
constexpr int kCpus = 8, kMostBatch = 8, kMostPages = 64, kBlock = 4;
constexpr size_t kMostInit = 32, kMostOps = 64, kMostRuns = 512;
static_assert(kCpus <= kMaxCpus && kMostBatch <= kMaxBatch && kMostPages <= kPages);
static_assert(kMostInit <= kMaxInit && kMostOps <= kMaxOps && kMostRuns <= kMaxRuns);

constexpr OpKind kOps[] = {OpKind::kMap,  OpKind::kMunmap, OpKind::kDontneed, OpKind::kFree,
                           OpKind::kRead, OpKind::kWrite,  OpKind::kFill};

struct OldPoint {
  Point point;
  bool has_page = true;
};
using P = Point;
constexpr OldPoint kPoints[] = {{P::mmap_write_lock, false},
                                {P::mmap_read_lock, false},
                                {P::mmap_write_downgrade, false},
                                {P::mmap_read_unlock, false},
                                {P::mmap_write_unlock, false},
                                {P::vma_link},
                                {P::vma_detach},
                                {P::pud_read},
                                {P::pmd_read},
                                {P::pud_populate},
                                {P::pmd_populate},
                                {P::pmd_lock},
                                {P::pmd_unlock},
                                {P::pmd_set},
                                {P::pmd_invalidate},
                                {P::pmd_clear},
                                {P::pte_lock},
                                {P::pte_unlock},
                                {P::pte_read},
                                {P::pte_clear},
                                {P::pte_set},
                                {P::pte_table_unlink},
                                {P::pmd_table_unlink},
                                {P::alloc_page},
                                {P::free_page},
                                {P::free_table},
                                {P::pending_inc, false},
                                {P::pending_read, false},
                                {P::pending_dec, false},
                                {P::policy_read, false},
                                {P::policy_write, false},
                                {P::policy_rmw, false},
                                {P::finish_wait, false},
                                {P::tlb_flush},
                                {P::tlb_flush_done},
                                {P::deliver},
                                {P::walk_pud},
                                {P::walk_pmd},
                                {P::walk_pte},
                                {P::access},
                                {P::fault},
                                {P::fault_retry},
                                {P::syscall_return}};
static_assert(std::size(kPoints) == 43);

constexpr Point kLikelyPoints[] = {
    P::pte_clear, P::pte_unlock,     P::pmd_clear,        P::pmd_unlock,
    P::tlb_flush, P::tlb_flush_done, P::pending_inc,      P::pending_dec,
    P::pte_set,   P::pending_read,   P::pte_table_unlink, P::deliver,
    P::walk_pte,  P::walk_pmd,       P::syscall_return,   P::mmap_write_downgrade};

GATHERFUZZ_WRAPS uint64_t HashOf(std::span<const uint8_t> bytes) {
  uint64_t hash = 0xcbf29ce484222325u + bytes.size();
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3u;
  return hash ^ hash >> 32;
}

// Gives out the input byte by byte, then pseudo-random bytes.
class Source {
 public:
  explicit Source(std::span<const uint8_t> bytes)
      : bytes_(bytes), random_(HashOf(bytes)), seed_(static_cast<uint32_t>(random_.Next())) {}

  uint8_t Next() {
    if (at_ < bytes_.size()) return bytes_[at_++];
    return static_cast<uint8_t>(random_.Next() >> 40);
  }
  // One that the input has only in part takes the rest, and then what is drawn.
  Record Take() { return {Next(), Next(), Next(), Next()}; }
  bool empty() const { return at_ == bytes_.size(); }
  bool has_record() const { return bytes_.size() - at_ >= std::tuple_size_v<Record>; }
  uint32_t hash_seed() const { return seed_; }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  Random random_;
  uint32_t seed_;
};

struct Header {
  int span;
  size_t init_count, op_count;
};

// Version 2.
constexpr Tail::Kind kTails[] = {Tail::Kind::kRest,    Tail::Kind::kRuns, Tail::Kind::kUniform,
                                 Tail::Kind::kPct,     Tail::Kind::kPos,  Tail::Kind::kSurw,
                                 Tail::Kind::kLandmark};
constexpr int kMostMembers = 64;

class Decoder {
 public:
  Decoder(std::span<const uint8_t> bytes, Schedule& schedule, int version)
      : source_(bytes), out_(schedule), version_(version) {}

  // Returns the number of members.
  int Decode() {
    out_.init.clear();
    out_.program.clear();
    out_.order.clear();
    const Header header = TakeHeader();
    for (size_t i = 0; i < header.init_count; ++i) {
      const InitItem item = Init(source_.Take());
      if (out_.init.size() < kMostInit) out_.init.push_back(item);
    }
    for (size_t i = 0; i < header.op_count; ++i) out_.program.push_back(Line(source_.Take()));
    while (source_.has_record() && out_.order.size() < kMostRuns) {
      out_.order.push_back(OneRun(source_.Take()));
    }
    Canonicalize(out_);
    return members_;
  }

 private:
  Header TakeHeader();
  void TailOfV1(uint8_t kind, uint32_t seed);
  void TailOfV2(uint8_t kind, uint32_t seed);
  void Preset(uint8_t byte);
  int Page(uint8_t byte) const;
  PageRange Range(uint8_t first, uint8_t length) const;
  AgentId Agent(uint8_t byte) const;
  InitItem Init(const Record& record) const;
  ProgramLine Line(const Record& record) const;
  Run OneRun(const Record& record) const;

  Source source_;
  Schedule& out_;
  const int version_;
  int span_ = kMostPages;
  int members_ = 1;
};

VmaFlags MapFlags(int code) { return {.write = (code & 1) != 0, .huge = (code & 2) != 0}; }

Header Decoder::TakeHeader() {
  source_.Next();
  const uint8_t cpus = source_.Next(), batch = source_.Next(), span = source_.Next();
  const uint8_t init_count = source_.Next(), op_count = source_.Next();
  const uint8_t tail = source_.Next(), preset = source_.Next();
  uint32_t seed = 0;
  for (int i = 0; i < 4; ++i) seed |= static_cast<uint32_t>(source_.Next()) << 8 * i;

  static constexpr uint8_t kLikelyCpus[8] = {2, 2, 2, 3, 3, 2, 3, 4};
  out_.cpus = 1 <= cpus && cpus <= kCpus ? cpus : kLikelyCpus[cpus % 8];
  out_.batch = 1 <= batch && batch <= kMostBatch ? batch : 1 + batch % 4;
  out_.kernel = kDefaultKernel;
  out_.hardware = HardwareKind::kPlain;
  out_.kswapd = false;
  out_.tail = {};
  version_ == 1 ? TailOfV1(tail, seed) : TailOfV2(tail, seed);
  span_ = 1 <= span && span <= kMostPages ? span : 4 << span % 3;
  Preset(preset);
  return {span_, init_count <= kMostInit ? init_count : init_count % size_t{3},
          op_count <= kMostOps ? op_count : 2 + op_count % size_t{7}};
}

void Decoder::TailOfV1(uint8_t kind, uint32_t seed) {
  if (kind == 0) return;
  out_.tail = {.kind = Tail::Kind::kRuns, .seed = kind == 1 ? seed : source_.hash_seed()};
}

// With the four bytes that end the header of version 2.
void Decoder::TailOfV2(uint8_t kind, uint32_t seed) {
  static constexpr Tail::Kind kLikely[8] = {
      Tail::Kind::kRuns,     Tail::Kind::kRuns,     Tail::Kind::kRuns, Tail::Kind::kPct,
      Tail::Kind::kLandmark, Tail::Kind::kLandmark, Tail::Kind::kPct,  Tail::Kind::kPos};
  static constexpr int kLikelyMembers[4] = {1, 4, 8, 16};
  const uint8_t low = source_.Next(), high = source_.Next();
  const uint8_t more_members = source_.empty() ? 0 : source_.Next();
  source_.Next();
  members_ = more_members < kMostMembers ? 1 + more_members : kLikelyMembers[more_members % 4];
  if (kind >= std::size(kTails)) {
    out_.tail = {.kind = kLikely[kind % 8], .seed = source_.hash_seed()};
    return;
  }
  out_.tail.kind = kTails[kind];
  if (out_.tail.kind != Tail::Kind::kRest) out_.tail.seed = seed;
  if (out_.tail.kind == Tail::Kind::kPct) out_.tail.steps = static_cast<uint16_t>(low | high << 8);
}

void Decoder::Preset(uint8_t byte) {
  if (byte == 0) return;
  InitItem item;
  item.range = {0, span_};
  item.flags = {.write = true, .huge = (byte & 1) != 0};
  out_.init.push_back(item);
  item.flags = {};
  item.kind = InitItem::Kind::kPresent;
  if ((byte & 2) != 0) item.range.end -= span_ > 4 ? 2 : 0;
  item.dirty = (byte & 4) != 0;
  if ((byte & 24) != 24) out_.init.push_back(item);
  item.dirty = false;
  item.kind = InitItem::Kind::kCached;
  for (int cpu = 0; cpu < out_.cpus; ++cpu) {
    if ((byte >> (5 + cpu % 3) & 1) == 0) continue;
    item.cpu = MakeCpu(cpu);
    out_.init.push_back(item);
  }
}

int Decoder::Page(uint8_t byte) const {
  const int page = byte % span_;
  return byte >= 192 ? page / kBlock * kBlock : page;
}

PageRange Decoder::Range(uint8_t first, uint8_t length) const {
  const int begin = Page(first);
  const int pages = length < kMostPages ? 1 + length
                    : length < 144      ? 1 + length % 4
                    : length < 224      ? kBlock + length % 8
                                        : kBlock;
  return {begin, std::min(begin + pages, kMostPages)};
}

AgentId Decoder::Agent(uint8_t byte) const {
  static constexpr AgentKind kKinds[] = {AgentKind::kCpu, AgentKind::kWalker,
                                         AgentKind::kInvalidation};
  if (byte < 3 * kCpus) return MakeAgent(kKinds[byte / kCpus], MakeCpu(byte % kCpus % out_.cpus));
  const int kind = byte % 8;
  return MakeAgent(kKinds[kind < 5 ? 0 : kind < 7 ? 2 : 1], MakeCpu(byte / 8 % out_.cpus));
}

InitItem Decoder::Init(const Record& record) const {
  static constexpr uint8_t kLikely[8] = {1, 1, 3, 4, 4, 5, 6, 7};
  const int code = record[0] < 6 + kCpus ? record[0] : kLikely[record[0] % 8];
  InitItem item;
  item.range = Range(record[1], record[2]);
  if (code < 4) {
    item.flags = MapFlags(code);
  } else if (code < 6) {
    item.kind = InitItem::Kind::kPresent;
    item.dirty = code == 5;
  } else {
    item.kind = InitItem::Kind::kCached;
    item.cpu = MakeCpu((code - 6) % out_.cpus);
  }
  return item;
}

ProgramLine Decoder::Line(const Record& record) const {
  static constexpr uint8_t kLikely[16] = {5, 5, 5, 5, 5, 5, 4, 4, 4, 6, 6, 7, 7, 8, 1, 3};
  const int code = record[1] < 10 ? record[1] : kLikely[record[1] % 16];
  const AgentId agent = Agent(record[0]);
  const CpuId cpu = CpuOf(agent);
  const bool fill = KindOf(agent) == AgentKind::kWalker || code == 9;
  ProgramLine line{.agent = fill ? WalkerAgent(cpu) : CpuAgent(cpu)};
  line.op.kind = fill ? OpKind::kFill : kOps[std::max(0, code - 3)];
  if (line.op.kind == OpKind::kMap) line.op.flags = MapFlags(code);
  const bool one_page = fill || line.op.kind == OpKind::kRead || line.op.kind == OpKind::kWrite;
  line.op.range = Range(record[2], one_page ? 0 : record[3]);
  return line;
}

Run Decoder::OneRun(const Record& record) const {
  Run run;
  run.agent = Agent(record[0]);
  const int mode = record[1];
  if (mode == 0) {
    run.count = static_cast<uint16_t>(std::max(1, record[2] | record[3] << 8));
  } else if (mode < 128) {
    run.count = static_cast<uint16_t>(1 + mode % 16);
  } else if (mode < 136) {
    run.kind = Run::Kind::kUntilDone;
  } else {
    run.kind = Run::Kind::kUntilPoint;
    const bool exact = mode < 196;
    run.point = exact ? kPoints[static_cast<size_t>(mode - 136) % std::size(kPoints)].point
                      : kLikelyPoints[static_cast<size_t>(mode - 196) % std::size(kLikelyPoints)];
    const auto* const named =
        std::find_if(std::begin(kPoints), std::end(kPoints),
                     [&](const OldPoint& it) { return it.point == run.point; });
    if (named->has_page && (exact ? record[2] != 255 : record[2] >= 160)) {
      run.page = static_cast<int8_t>(Page(record[2]));
    }
    run.count = static_cast<uint16_t>(exact ? std::max<int>(1, record[3])
                                            : 1 + (record[3] < 64 ? record[3] % 4 : 0));
  }
  return run;
}

}  // namespace

int DecodeBytesV1(std::span<const uint8_t> bytes, Schedule& schedule) {
  return Decoder(bytes, schedule, 1).Decode();
}

int DecodeBytesV2(std::span<const uint8_t> bytes, Schedule& schedule) {
  return Decoder(bytes, schedule, 2).Decode();
}

}  // namespace gatherfuzz
