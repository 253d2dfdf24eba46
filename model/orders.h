// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The memory order of each step, by architecture: the columns of model/orders.def.
//
// An order belongs to a step on an architecture: arm64's ptep_get_and_clear() orders nothing, that
// of x86 is a full barrier. Faithful to 6.12; each row says where that stands. A schedule may make
// some of them weaker or stronger (OrderChanges), to see what hangs on them. Steps that the code of
// a kernel tree makes have the orders that it asks for (model/linux/hooks.cc), changed likewise.
#ifndef GATHERFUZZ_MODEL_ORDERS_H_
#define GATHERFUZZ_MODEL_ORDERS_H_

#include <array>
#include <cstddef>

#include "model/points.h"

namespace gatherfuzz {

// What a step does to memory, as far as that can be ordered.
enum class MemoryAccess : uint8_t {
  kLoad,
  kStore,
  kUpdate,
  kLock,
  kUnlock,
  kDsb,
  kInterrupt,
};

// Which column of the table: of another architecture it is the weaker one.
enum class OrderColumn : uint8_t { kArm64, kX86 };

struct OrderInfo {
  Point point{};
  MemoryAccess access{};
  MemoryOrder arm64{};
  const char* arm64_source = "";
  MemoryOrder x86{};
  const char* x86_source = "";

  constexpr MemoryOrder on(OrderColumn column) const {
    return column == OrderColumn::kX86 ? x86 : arm64;
  }
  constexpr const char* source(OrderColumn column) const {
    return column == OrderColumn::kX86 ? x86_source : arm64_source;
  }
};

inline constexpr OrderInfo kOrders[] = {
#define GATHERFUZZ_ORDER(point, access, arm64, arm64_source, x86, x86_source) \
  {Point::point, MemoryAccess::access, MemoryOrder::arm64,                    \
   arm64_source, MemoryOrder::x86,     x86_source},
#include "model/orders.def"
#undef GATHERFUZZ_ORDER
};

// The row of a step; null of one that touches nothing that is weak.
constexpr const OrderInfo* MemoryOrderOf(Point point) {
  for (const OrderInfo& info : kOrders) {
    if (info.point == point) return &info;
  }
  return nullptr;
}

// The strongest that means anything for such an access.
constexpr MemoryOrder StrongestOf(MemoryAccess access) {
  switch (access) {
    case MemoryAccess::kLoad:
    case MemoryAccess::kLock: return MemoryOrder::acquire;
    case MemoryAccess::kStore:
    case MemoryAccess::kUnlock: return MemoryOrder::release;
    case MemoryAccess::kUpdate:
    case MemoryAccess::kDsb:
    case MemoryAccess::kInterrupt: break;
  }
  return MemoryOrder::full;
}

constexpr MemoryOrder Both(MemoryOrder a, MemoryOrder b) {
  if (a == MemoryOrder::relaxed || a == b) return b;
  return b == MemoryOrder::relaxed ? a : MemoryOrder::full;
}

// Steps whose order is not what the table says: none at all, or the strongest; or, of updates,
// acquire or release besides.
struct OrderChanges {
  PointMask weaker = 0, stronger = 0, acquires = 0, releases = 0;

  constexpr PointMask strengthened() const { return stronger | acquires | releases; }
  constexpr bool any() const { return (weaker | strengthened()) != 0; }
  // Makes `point` have `order`, too; false if such an access cannot.
  constexpr bool Strengthen(Point point, MemoryOrder order);
  friend bool operator==(const OrderChanges&, const OrderChanges&) = default;
};

constexpr bool OrderChanges::Strengthen(Point point, MemoryOrder order) {
  const OrderInfo* const info = MemoryOrderOf(point);
  if (info == nullptr) return false;
  const bool strongest = order == StrongestOf(info->access);
  const bool part = info->access == MemoryAccess::kUpdate && order != MemoryOrder::relaxed;
  PointMask& points = strongest ? stronger : order == MemoryOrder::acquire ? acquires : releases;
  if (strongest || part) points |= MaskOf(point);
  return strongest || part;
}

// What a step orders whose code asks for `asked`. What is full stays so.
constexpr MemoryOrder Changed(const OrderChanges& changes, Point point, MemoryOrder asked) {
  if ((changes.weaker & MaskOf(point)) != 0) return MemoryOrder::relaxed;
  if ((changes.strengthened() & MaskOf(point)) == 0 || asked == MemoryOrder::full) return asked;
  const OrderInfo* const info = MemoryOrderOf(point);
  if (info == nullptr) return asked;
  if ((changes.stronger & MaskOf(point)) != 0) return StrongestOf(info->access);
  if ((changes.acquires & MaskOf(point)) != 0) asked = Both(asked, MemoryOrder::acquire);
  if ((changes.releases & MaskOf(point)) != 0) asked = Both(asked, MemoryOrder::release);
  return asked;
}

// The orders that code which says its own has asked for at each step, barriers beside it included.
struct AskedOrders {
  std::array<PointMask, 4> at{};  // by MemoryOrder: the steps at which it was asked for

  void Note(Point point, MemoryOrder order) { at[static_cast<size_t>(order)] |= MaskOf(point); }
  void Add(const AskedOrders& more) {
    for (size_t order = 0; order < at.size(); ++order) at[order] |= more.at[order];
  }
  bool Has(Point point, MemoryOrder order) const {
    return (at[static_cast<size_t>(order)] & MaskOf(point)) != 0;
  }
  // All of them together; `or_else` where nobody asked.
  MemoryOrder Of(Point point, MemoryOrder or_else) const {
    MemoryOrder all = MemoryOrder::relaxed;
    bool any = false;
    for (size_t i = 0; i < at.size(); ++i) {
      const auto order = static_cast<MemoryOrder>(i);
      if (!Has(point, order)) continue;
      any = true;
      all = Both(all, order);
    }
    return any ? all : or_else;
  }
};

// The order of each step.
using Orders = std::array<MemoryOrder, kPointCount>;
constexpr Orders OrdersOn(OrderColumn column, const OrderChanges& changes = {}) {
  Orders orders{};
  for (const OrderInfo& info : kOrders) {
    orders[static_cast<size_t>(info.point)] = Changed(changes, info.point, info.on(column));
  }
  return orders;
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_ORDERS_H_
