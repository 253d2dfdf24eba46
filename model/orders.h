// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The memory order of each step, by architecture: the columns of model/orders.def.
//
// An order belongs to a step on an architecture: arm64's ptep_get_and_clear() orders nothing, that
// of x86 is a full barrier. Faithful to 6.12; each row says where that stands. A schedule may make
// some of them weaker or stronger (OrderChanges), to see what hangs on them.
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

// The order of each step.
using Orders = std::array<MemoryOrder, kPointCount>;
constexpr Orders OrdersOn(OrderColumn column, const OrderChanges& changes = {}) {
  Orders orders{};
  for (const OrderInfo& info : kOrders) {
    const bool weaker = (changes.weaker & MaskOf(info.point)) != 0;
    const bool stronger = (changes.stronger & MaskOf(info.point)) != 0;
    orders[static_cast<size_t>(info.point)] = weaker     ? MemoryOrder::relaxed
                                              : stronger ? StrongestOf(info.access)
                                                         : info.on(column);
  }
  return orders;
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_ORDERS_H_
