// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The sizes and the small types everything is made of.
//
// The machine is small on purpose: a race in the finish protocol needs a few pages, two or three
// CPUs and two page sizes, and a small machine is fast to run, to hash and to explore. Every size
// is a constant here. Faithfulness: made up (sizes), simplified (three levels of four entries in
// place of four or five levels of 512).
#ifndef GATHERFUZZ_MODEL_MACHINE_TYPES_H_
#define GATHERFUZZ_MODEL_MACHINE_TYPES_H_

#include <cstdint>

// Marks a function whose unsigned arithmetic wraps on purpose (hashes, generators), which a
// sanitizer for unsigned overflow would report at every run.
#if defined(__clang__)
#define GATHERFUZZ_WRAPS __attribute__((no_sanitize("unsigned-integer-overflow")))
#else
#define GATHERFUZZ_WRAPS
#endif

namespace gatherfuzz {

inline constexpr int kMaxCpus = 8;
inline constexpr int kLevels = 3;  // pud (the root), pmd, pte
inline constexpr int kEntriesPerTable = 4;
inline constexpr int kPages = 64;        // kEntriesPerTable to the power of kLevels
inline constexpr int kPagesPerPmd = 4;   // pages under one PMD entry: a PTE table, or a huge page
inline constexpr int kPagesPerPud = 16;  // pages under one PUD entry: a PMD table
inline constexpr int kPmds = kPages / kPagesPerPmd;
inline constexpr int kPuds = kPages / kPagesPerPud;
inline constexpr int kFrames = 96;   // 64 data pages, 21 tables, and some still queued
inline constexpr int kMaxBatch = 8;  // most pages a gather can be told to queue
inline constexpr int kDefaultBatch = 4;
inline constexpr int kMaxTables = 20;  // every table below the root

// A CPU, 0 to kMaxCpus - 1.
enum class CpuId : uint8_t {};
constexpr int Index(CpuId cpu) { return static_cast<int>(cpu); }
constexpr CpuId MakeCpu(int index) { return static_cast<CpuId>(index); }
constexpr uint8_t CpuBit(CpuId cpu) { return static_cast<uint8_t>(1u << Index(cpu)); }

// A frame of physical memory, 0 to kFrames - 1. Frame 0 holds the root table and is never freed.
enum class FrameId : uint8_t {};
constexpr int Index(FrameId frame) { return static_cast<int>(frame); }
constexpr FrameId MakeFrame(int index) { return static_cast<FrameId>(index); }
inline constexpr FrameId kRootFrame{0};

// The level of a page-table entry, named as the kernel names it; also the level of a table (that
// of its entries). A leaf stands at kPte, or one above at kPmd (a huge page).
enum class Level : uint8_t { kPte = 0, kPmd = 1, kPud = 2 };
constexpr int PagesAt(Level level) {
  return level == Level::kPte ? 1 : level == Level::kPmd ? kPagesPerPmd : kPagesPerPud;
}

// Virtual pages [begin, end), half open as in the kernel; 0 <= begin <= end <= kPages.
struct PageRange {
  int begin = 0;
  int end = 0;
  constexpr bool empty() const { return begin >= end; }
  constexpr bool contains(int page) const { return begin <= page && page < end; }
  friend bool operator==(const PageRange&, const PageRange&) = default;
};

// Pages of a range as a bit mask.
constexpr uint64_t MaskOf(PageRange range) {
  if (range.empty()) return 0;
  const uint64_t below_end = range.end >= kPages ? ~uint64_t{0} : (uint64_t{1} << range.end) - 1;
  return below_end & ~((uint64_t{1} << range.begin) - 1);
}
constexpr uint64_t PageBit(int page) { return uint64_t{1} << page; }
constexpr int RoundDown(int page, int pages) { return page - page % pages; }
constexpr int RoundUp(int page, int pages) { return RoundDown(page + pages - 1, pages); }

// Who can move: the thread on a CPU, the hardware walker of a CPU, and the delivery of pending
// invalidations to a CPU; and the thread of a CPU on a detour, where it stands at a step in whose
// place it may make another (Steps::StepOr), or whose load may take an old value. Whoever makes a
// step is one of the first three; but an increment that the thread has left for later is done by
// the last (model/kernel/late.h). Also the order in which the plain tail of a schedule prefers
// them.
enum class AgentKind : uint8_t { kCpu = 0, kWalker = 1, kInvalidation = 2, kDetour = 3 };
enum class AgentId : uint8_t {};
inline constexpr int kMaxAgents = 4 * kMaxCpus;
constexpr AgentId MakeAgent(AgentKind kind, CpuId cpu) {
  return static_cast<AgentId>(static_cast<int>(kind) * kMaxCpus + Index(cpu));
}
constexpr AgentId CpuAgent(CpuId cpu) { return MakeAgent(AgentKind::kCpu, cpu); }
constexpr AgentId WalkerAgent(CpuId cpu) { return MakeAgent(AgentKind::kWalker, cpu); }
constexpr AgentId DeliveryAgent(CpuId cpu) { return MakeAgent(AgentKind::kInvalidation, cpu); }
constexpr AgentId DetourAgent(CpuId cpu) { return MakeAgent(AgentKind::kDetour, cpu); }
constexpr int Index(AgentId agent) { return static_cast<int>(agent); }
constexpr AgentKind KindOf(AgentId agent) {
  return static_cast<AgentKind>(Index(agent) / kMaxCpus);
}
constexpr CpuId CpuOf(AgentId agent) { return MakeCpu(Index(agent) % kMaxCpus); }

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_MACHINE_TYPES_H_
