// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/linux/tlbi.h"

#include <algorithm>

#include "model/arch/drops.h"
#include "model/machine/invalidation.h"

namespace gatherfuzz {
namespace {

constexpr uint64_t kGranule4K = 1;

constexpr uint64_t Bits(uint64_t word, int high, int low) {
  return word >> low & ((uint64_t{1} << (high - low + 1)) - 1);
}

// From the architecture's levels, in which leaves stand at 3 (pages), 2 and 1.
uint8_t HintOf(uint64_t level) { return level == 0 ? 0 : static_cast<uint8_t>(4 - level); }

PageRange Within(uint64_t page, uint64_t count) {
  if (page >= kPages) return {};
  return {static_cast<int>(page), static_cast<int>(std::min<uint64_t>(kPages, page + count))};
}

Tlbi ByAddress(uint64_t operand, bool last_level) {
  Tlbi op{.pages = Within(Bits(operand, 43, 0), 1), .last_level = last_level};
  const uint64_t granule = Bits(operand, 47, 46);
  if (granule == kGranule4K) op.level_hint = HintOf(Bits(operand, 45, 44));
  if (granule > kGranule4K) op.pages = {};
  return op;
}

Tlbi ByRange(uint64_t operand, bool last_level) {
  if (Bits(operand, 47, 46) != kGranule4K) return {};
  const uint64_t number = Bits(operand, 43, 39), scale = Bits(operand, 45, 44);
  return {.pages = Within(Bits(operand, 36, 0), (number + 1) << (5 * scale + 1)),
          .last_level = last_level,
          .level_hint = HintOf(Bits(operand, 38, 37))};
}

}  // namespace

Tlbi DecodeTlbi(gf_tlbi_op op, uint64_t operand) {
  const bool own = Bits(operand, 63, 48) == GF_ASID;
  switch (op) {
    case GF_TLBI_vmalle1:
    case GF_TLBI_vmalle1is:
    case GF_TLBI_alle1is:
    case GF_TLBI_vmalls12e1is: return {.whole = true};
    case GF_TLBI_aside1is: return {.whole = own};
    case GF_TLBI_vae1is: return own ? ByAddress(operand, false) : Tlbi{};
    case GF_TLBI_vaae1is: return ByAddress(operand, false);
    case GF_TLBI_vale1:
    case GF_TLBI_vale1is: return own ? ByAddress(operand, true) : Tlbi{};
    case GF_TLBI_vaale1is: return ByAddress(operand, true);
    case GF_TLBI_rvae1is: return own ? ByRange(operand, false) : Tlbi{};
    case GF_TLBI_rvaae1is: return ByRange(operand, false);
    case GF_TLBI_rvale1:
    case GF_TLBI_rvale1is: return own ? ByRange(operand, true) : Tlbi{};
    case GF_TLBI_rvaale1is: return ByRange(operand, true);
    // Of the kernel's own addresses, or of guests.
    case GF_TLBI_ipas2e1:
    case GF_TLBI_ipas2e1is:
    case GF_TLBI_ripas2e1is:
    case GF_TLBI_vae2is:
    case GF_TLBI_vale2is:
    case GF_TLBI_alle2is: break;
  }
  return {};
}

bool IsLocal(gf_tlbi_op op) {
  return op == GF_TLBI_vmalle1 || op == GF_TLBI_vale1 || op == GF_TLBI_rvale1;
}

void TlbiBatch::Add(const Tlbi& op) {
  if (request_.whole) return;
  if (op.whole) {
    any_ = true;
    request_ = WholeInvalidation();
    return;
  }
  if (op.pages.empty()) {
    any_ = true;
    return;
  }
  const bool first = request_.end == 0;
  if (first) {
    request_.start = static_cast<uint8_t>(op.pages.begin);
    request_.last_level = op.last_level;
    request_.level_hint = op.level_hint;
    if (op.level_hint > 1 && op.pages.end - op.pages.begin == 1) {
      request_.stride = static_cast<Level>(op.level_hint - 1);
    }
  } else {
    const int gap = op.pages.begin - last_page_;
    if (last_page_ >= 0 && gap == kPagesPerPmd) request_.stride = Level::kPmd;
    if (last_page_ >= 0 && gap == kPagesPerPud) request_.stride = Level::kPud;
    request_.start = std::min(request_.start, static_cast<uint8_t>(op.pages.begin));
    request_.last_level &= op.last_level;
    if (request_.level_hint != op.level_hint) request_.level_hint = 0;
  }
  any_ = true;
  last_page_ = op.pages.end - op.pages.begin == 1 ? op.pages.begin : -1;
  request_.end = std::max(request_.end, static_cast<uint8_t>(op.pages.end));
  for (int page = op.pages.begin; page < op.pages.end; ++page) {
    AddTlbi(request_, page, op.last_level, op.level_hint);
  }
}

Invalidation TlbiBatch::Take() {
  Invalidation taken = request_;
  if (!taken.whole && taken.stride != Level::kPte) {
    const int end = taken.end - 1 + PagesAt(taken.stride);
    taken.end = static_cast<uint8_t>(std::min(end, kPages));
  }
  *this = {};
  return taken;
}

}  // namespace gatherfuzz
