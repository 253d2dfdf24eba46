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

// Steps whose order is not what the table says: none at all, or the strongest.
struct OrderChanges {
  PointMask weaker = 0, stronger = 0;
  bool any() const { return (weaker | stronger) != 0; }
  friend bool operator==(const OrderChanges&, const OrderChanges&) = default;
};

// What a step orders whose code asks for `asked`.
constexpr MemoryOrder Changed(const OrderChanges& changes, Point point, MemoryOrder asked) {
  if ((changes.weaker & MaskOf(point)) != 0) return MemoryOrder::relaxed;
  if ((changes.stronger & MaskOf(point)) == 0) return asked;
  const OrderInfo* const info = MemoryOrderOf(point);
  return info == nullptr ? asked : StrongestOf(info->access);
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
    const bool acquires = Has(point, MemoryOrder::acquire);
    const bool releases = Has(point, MemoryOrder::release);
    if (Has(point, MemoryOrder::full) || (acquires && releases)) return MemoryOrder::full;
    if (acquires) return MemoryOrder::acquire;
    if (releases) return MemoryOrder::release;
    return Has(point, MemoryOrder::relaxed) ? MemoryOrder::relaxed : or_else;
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
