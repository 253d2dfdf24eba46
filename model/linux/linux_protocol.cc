// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/linux/linux_protocol.h"

#include <algorithm>

#include "model/arch/arch.h"
#include "model/check.h"
#include "model/kernel/pfn_map.h"
#include "model/linux/room.h"
#include "model/machine/invalidation.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {

static_assert(GF_PAGES == kPages && GF_FRAMES == kFrames);
static_assert(1 << GF_LEVEL_SHIFT == kEntriesPerTable);

namespace {

constexpr unsigned kBundle = 8;  // MMU_GATHER_BUNDLE, in every tree so far

unsigned long AddressOf(int page) { return static_cast<unsigned long>(page) << GF_PAGE_SHIFT; }

// A call into kernel code.
class Verb {
 public:
  explicit Verb(const Thread& t, Room::For allocates = Room::For::kNothing)
      : room_(*static_cast<Room*>(t.room)) {
    current_room = &room_;
    room_.allocates = allocates;
  }
  // Flushes that nobody waits for are under way when it returns.
  ~Verb() {
    room_.local = {};
    room_.IssueLeftOver();
    room_.Makes(std::nullopt);
    room_.Mirror();
  }
  Verb(const Verb&) = delete;
  Verb& operator=(const Verb&) = delete;

  const Room* operator->() const { return &room_; }
  const gf_tree& tree() const { return *room_.tree; }
  void* tlb() { return room_.gather.data(); }

 private:
  Room& room_;
};

}  // namespace

void Room::Mirror() {
  if (thread->gather().caller_end == 0) return;  // there is none: the CPU side's code runs
  gf_fields fields;
  tree->look(gather.data(), &fields);
  MmuGather& to = thread->gather();
  const auto page = [](unsigned long address) {
    if (address == ~0ul) return MmuGather::kWholeMm;
    const unsigned long up = (address >> GF_PAGE_SHIFT) + (address % AddressOf(1) != 0 ? 1 : 0);
    return static_cast<uint8_t>(std::min<unsigned long>(up, kPages));
  };
  to.start = page(fields.start);
  to.end = page(fields.end);
  to.fullmm = fields.fullmm;
  to.need_flush_all = fields.need_flush_all;
  to.freed_tables = fields.freed_tables;
  to.cleared_ptes = fields.cleared_ptes;
  to.cleared_pmds = fields.cleared_pmds;
  to.cleared_puds = fields.cleared_puds;
  to.unshared_tables = fields.unshared_tables;
  to.fully_unshared_tables = fields.fully_unshared_tables;
  // Where nothing is a PFN map it is not looked at, and some trees do not clear it.
  if (thread->world().pfn != 0) to.vma_pfn = fields.vma_pfn;
}

bool Room::HasBatches() const {
  return table_batch.taken ||
         std::ranges::any_of(page_batches, [](const auto& p) { return p.taken; });
}

void LinuxProtocol::Run(const Thread& t, const Op& op, Path path) const {
  Room room;
  Thread with_room = t;
  with_room.room = &room;
  room.thread = &with_room;
  const std::string_view arch = t.system.arch->name();
  room.tree = arch == "x86"     ? &x86_
              : arch == "arm64" ? &arm64_
              : arch == "riscv" ? riscv_
                                : nullptr;
  GATHERFUZZ_CHECK(room.tree != nullptr);  // PolicyTraits::runs_on
  room.geometry = kGeometry[t.world().mm.batch];
  path(with_room, op);
}

const CpuCode* LinuxProtocol::cpu_code(const System& system) const {
  return system.arch->name() == "x86" && cpu_.exists() ? &cpu_ : nullptr;
}

const AsidCode* LinuxProtocol::asid_code(const System& system) const {
  const LinuxAsids* const own = system.arch->name() == "arm64"   ? &asids_
                                : system.arch->name() == "riscv" ? &riscv_asids_
                                                                 : nullptr;
  return own != nullptr && own->exists() ? own : nullptr;
}

void LinuxProtocol::Gather(const Thread& t, PageRange range) const {
  Begin(t, range, AddressOf(range.begin), AddressOf(range.end));
}

// Of callers up to 5.11 the range says it: 0 to -1.
void LinuxProtocol::GatherFullmm(const Thread& t) const { Begin(t, {0, kPages}, 0, ~0ul); }

void LinuxProtocol::Begin(const Thread& t, PageRange range, unsigned long start,
                          unsigned long end) const {
  MmuGather& gather = t.gather();
  gather = MmuGather{};
  gather.caller_start = static_cast<uint8_t>(range.begin);
  gather.caller_end = static_cast<uint8_t>(range.end);
  Verb verb(t);
  const unsigned bundle = verb->geometry.bundle + verb.tree().spare_entries;
  verb.tree().gather(verb.tlb(), std::min(bundle, kBundle), start, end);
}

void LinuxProtocol::StartVma(const Thread& t, PageRange range) const {
  Verb verb(t);
  verb.tree().start_vma(verb.tlb(), AddressOf(range.begin), AddressOf(range.end),
                        IsPfnMap(t.world(), range.begin));
}

void LinuxProtocol::RemoveTlbEntry(const Thread& t, int page, Level level) const {
  Verb verb(t);
  const auto remove = level == Level::kPte ? verb.tree().remove_pte : verb.tree().remove_pmd;
  remove(verb.tlb(), AddressOf(page));
}

bool LinuxProtocol::RemovePage(const Thread& t, FrameId frame, int page, Level level) const {
  MmuGather& gather = t.gather();
  if (gather.page_count == kMaxBatch) {
    CheckQueueFull(t.system, t.cpu, page);
    return true;
  }
  gather.pages[gather.page_count++] = {frame, static_cast<uint8_t>(page), level};
  Verb verb(t, Room::For::kPageBatch);
  return verb.tree().remove_page(verb.tlb(), static_cast<unsigned>(Index(frame)),
                                 level == Level::kPmd) != 0;
}

void LinuxProtocol::RemoveTable(const Thread& t, FrameId table, int page, Level level) const {
  MmuGather& gather = t.gather();
  if (gather.table_count == kMaxTables) return CheckQueueFull(t.system, t.cpu, page);
  gather.tables[gather.table_count++] = {table, static_cast<uint8_t>(page), level};
  const bool as_page = static_cast<const Room*>(t.room)->tree->tables_are_pages != 0;
  Verb verb(t, as_page ? Room::For::kPageBatch : Room::For::kTableBatch);
  const auto free = level == Level::kPte ? verb.tree().free_pte_table : verb.tree().free_pmd_table;
  free(verb.tlb(), static_cast<unsigned>(Index(table)), AddressOf(page));
  if (verb->table_batch.taken && gather.table_count >= verb->geometry.table_batch) {
    t.system.Report({.kind = ViolationKind::kProtocolError,
                     .frame = Index(table),
                     .cpu = Index(t.cpu),
                     .detail = "a full batch of page tables was not flushed"});
  }
}

// The count is the model's: the table is counted out by now.
void LinuxProtocol::UnshareTable(const Thread& t, FrameId table, int page) const {
  Verb verb(t);
  verb.tree().unshare_pmd_table(verb.tlb(), t.world().at(table).mapped, AddressOf(page));
}

void LinuxProtocol::FlushUnsharedTables(const Thread& t) const {
  static_cast<Room*>(t.room)->unshares = true;
  {
    Verb verb(t);
    verb.tree().flush_unshared(verb.tlb());
  }
  static_cast<Room*>(t.room)->unshares = false;
}

void LinuxProtocol::EndVma(const Thread& t) const {
  Verb verb(t);
  verb.tree().end_vma(verb.tlb());
}

void LinuxProtocol::FreeVmas(const Thread& t) const {
  if (static_cast<const Room*>(t.room)->tree->free_vmas == nullptr) return;
  Verb verb(t);
  verb.tree().free_vmas(verb.tlb());
}

void LinuxProtocol::FlushTlbOnly(const Thread& t) const {
  Verb verb(t);
  verb.tree().flush_tlb_only(verb.tlb());
}

void LinuxProtocol::Flush(const Thread& t) const {
  Verb verb(t);
  verb.tree().flush(verb.tlb());
}

void LinuxProtocol::Finish(const Thread& t) const {
  if (!t.world().sc()) [[unlikely]]
    t.system.steps->Looked(CpuAgent(t.cpu), t.gather().caller_end);
  {
    const MmuGather& gather = t.gather();
    Verb verb(t);
    verb.tree().finish(verb.tlb(), AddressOf(gather.caller_start), AddressOf(gather.caller_end));
    if (verb->HasBatches()) {
      t.system.Report({.kind = ViolationKind::kProtocolError,
                       .cpu = Index(t.cpu),
                       .detail = "a batch was never freed"});
    }
  }
  t.gather() = MmuGather{};
}

namespace {

// A page fault has no gather, and runs outside of Run().
void InFault(const Thread& t, const gf_tree& tree, void (*function)(unsigned long, int), int page,
             Level level) {
  Room room;
  Thread with_room = t;
  with_room.room = &room;
  room.thread = &with_room;
  room.tree = &tree;
  room.geometry = kGeometry[t.world().mm.batch];
  const Verb verb(with_room);
  const bool huge = level == Level::kPmd;
  function(AddressOf(huge ? RoundDown(page, kPagesPerPmd) : page), huge);
}

}  // namespace

void LinuxProtocol::FlushAllowed(const Thread& t, int page, Level level) const {
  if (arm64_.set_access_flags == nullptr) return GatherProtocol::FlushAllowed(t, page, level);
  InFault(t, arm64_, arm64_.set_access_flags, page, level);
}

void LinuxProtocol::FlushSpurious(const Thread& t, int page, Level level) const {
  if (arm64_.fix_spurious_fault == nullptr) return GatherProtocol::FlushSpurious(t, page, level);
  InFault(t, arm64_, arm64_.fix_spurious_fault, page, level);
}

}  // namespace gatherfuzz
