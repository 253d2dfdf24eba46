// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/promela/policies.h"

#include "absl/strings/str_cat.h"
#include "explore/io/strings.h"

namespace gatherfuzz {
namespace {

// The test that lets a flush be skipped: of 5.1 and before, and since 5.6.
constexpr std::string_view kEmptyRange = "(end_ == 0)";
constexpr std::string_view kNoBit =
    "(!freed_tables && !cleared_ptes && !cleared_pmds && !cleared_puds)";

struct PromelaPolicy {
  std::string_view name;
  std::string_view nothing_to_flush;
  // What finish does to the gather if it finds another one live; empty: it does not ask.
  std::string_view nested;
  // After the gather has begun; around the lowering of the count.
  std::string_view begins, before_dec, after_dec;
};

constexpr std::string_view kCallersRange = "adjust_range(caller_start, caller_end)";
constexpr std::string_view kTicket =
    "\n  atomic { newest_ticket++; cpu[me].ticket = newest_ticket };";

constexpr PromelaPolicy kPolicies[] = {
    {.name = "epoch-sync",
     .nothing_to_flush = kNoBit,
     .begins = kTicket,
     .before_dec = "atomic { cpu[me].ticket = 0; cpu[me].waits_up_to = newest_ticket }",
     .after_dec = "atomic { OLDER_ARE_GONE -> skip };\n  atomic { cpu[me].waits_up_to = 0 }"},
    {.name = "force-levels",
     .nothing_to_flush = kEmptyRange,
     .nested = "start = caller_start; end_ = caller_end; freed_tables = 1; cleared_ptes = 1; "
               "cleared_pmds = 1; cleared_puds = 1"},
    {.name = "full-mm",
     .nothing_to_flush = kNoBit,
     .nested = "fullmm = 1; reset_range(); freed_tables = 1"},
    {.name = "full-mm-leaf",
     .nothing_to_flush = kEmptyRange,
     .nested = "fullmm = 1; reset_range()"},
    {.name = "need-flush-all",
     .nothing_to_flush = kEmptyRange,
     .nested = "need_flush_all = 1; reset_range(); freed_tables = 1"},
    {.name = "own-range", .nothing_to_flush = kEmptyRange},
    {.name = "reset-range",
     .nothing_to_flush = kEmptyRange,
     .nested = "reset_range(); adjust_range(caller_start, caller_end)"},
    {.name = "sync-before-dec",
     .nothing_to_flush = kNoBit,
     .before_dec = "atomic { tlb_flush_pending == 1 -> skip }"},
    {.name = "sync-finish",
     .nothing_to_flush = kNoBit,
     .after_dec = "atomic { tlb_flush_pending == 0 -> skip }"},
    {.name = "widen-range", .nothing_to_flush = kEmptyRange, .nested = kCallersRange},
};

constexpr std::string_view kX86 = R"(
/* x86: the range in strides, or all of it where those are many; INVLPG drops every pointer. */
#define MERGES_VMAS 1
#define ARCH_ISSUES 1
inline tlb_flush() {
  if
  :: fullmm || need_flush_all || end_ < start || (end_ - start) / STRIDE > 8 -> drop_everything()
  :: else ->
    p = start;
    do
    :: p < end_ ->
      cpu[me].inv_pages = cpu[me].inv_pages | (p < PAGES -> 1 << p : 0);
      cpu[me].inv_pte = 1;
      cpu[me].inv_pmd = 1;
      p = p + STRIDE
    :: else -> break
    od;
    p = 0
  fi
}
)";

constexpr std::string_view kArm64 = R"(
/* arm64: the range in strides; leaves only, unless tables were freed; with the level as a hint if
   there is but one; nothing at all for a whole address space of which no table was freed. */
#define MERGES_VMAS 0
#define ARCH_ISSUES (!fullmm || freed_tables)
#define NAMES_PTES (freed_tables || cleared_ptes || cleared_pmds + cleared_puds != 1)
inline tlb_flush() {
  p = start - start % STRIDE;
  k = ((end_ + STRIDE - 1) / STRIDE) * STRIDE;
  if
  :: fullmm || end_ < start || (k - p) / STRIDE >= 16 -> drop_everything()
  :: else ->
    do
    :: p < k ->
      cpu[me].inv_pages = cpu[me].inv_pages | (p < PAGES && NAMES_PTES -> 1 << p : 0);
      cpu[me].inv_pte = cpu[me].inv_pte || (freed_tables && p < PAGES);
      cpu[me].inv_pmd = cpu[me].inv_pmd || (freed_tables && p < 16);
      p = p + STRIDE
    :: else -> break
    od
  fi;
  p = 0;
  k = 0
}
)";

std::string Inline(std::string_view name, std::string_view body) {
  return absl::StrCat("inline ", Absl(name), "() {\n  ", body.empty() ? "skip" : Absl(body),
                      "\n}\n");
}

}  // namespace

std::string PromelaOfPolicy(std::string_view name) {
  for (const PromelaPolicy& policy : kPolicies) {
    if (policy.name != name) continue;
    const std::string finishing =
        policy.nested.empty()
            ? ""
            : absl::StrCat(
                  "atomic { yes = tlb_flush_pending > 1 }; /* mm_tlb_flush_nested() */\n"
                  "  if\n  :: yes -> atomic { ",
                  Absl(policy.nested), " }\n  :: else\n  fi");
    return absl::StrCat("#define NOTHING_TO_FLUSH ", Absl(policy.nothing_to_flush), "\n",
                        Inline("finishing", finishing), Inline("before_dec", policy.before_dec),
                        Inline("after_dec", policy.after_dec),
                        "/* tlb_gather_mmu(). */\ninline gather(from_page, to_page) {\n"
                        "  atomic { caller_start = from_page; caller_end = to_page; reset_range() "
                        "};\n  atomic { tlb_flush_pending++ }",
                        policy.begins.empty() ? "" : ";", Absl(policy.begins), "\n}\n");
  }
  return "";
}

std::string PromelaOfArch(std::string_view arch) {
  if (arch == "x86") return std::string(kX86);
  return arch == "arm64" ? std::string(kArm64) : "";
}

std::vector<std::string_view> PromelaPolicies() {
  std::vector<std::string_view> names;
  for (const PromelaPolicy& policy : kPolicies) names.push_back(policy.name);
  return names;
}

}  // namespace gatherfuzz
