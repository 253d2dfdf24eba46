// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Of a set of steps whose orders, all made as strong as they can be, do something: the weakest
// orders that do it. An update may have acquire or release alone; other accesses have one order
// that is stronger than none.
#ifndef GATHERFUZZ_EXPLORE_WEAKEST_ORDERS_H_
#define GATHERFUZZ_EXPLORE_WEAKEST_ORDERS_H_

#include <algorithm>
#include <vector>

#include "model/orders.h"

namespace gatherfuzz {

// All orders that the steps of a set can have, those with the fewest strongest first.
inline std::vector<OrderChanges> OrdersOfSteps(PointMask set) {
  std::vector<OrderChanges> all{{}};
  for (; set != 0; set &= set - 1) {
    std::vector<OrderChanges> more;
    for (const OrderChanges& one : all) {
      for (const auto order : {MemoryOrder::acquire, MemoryOrder::release, MemoryOrder::full}) {
        OrderChanges with = one;
        if (with.Strengthen(FirstOf(set), order)) more.push_back(with);
      }
    }
    all = std::move(more);
  }
  std::ranges::stable_sort(all, {}, [](const OrderChanges& it) { return CountOf(it.stronger); });
  return all;
}

constexpr bool NoStronger(const OrderChanges& a, const OrderChanges& b) {
  const auto within = [](PointMask x, PointMask y) { return (x & ~y) == 0; };
  return within(a.stronger, b.stronger) && within(a.acquires, b.acquires | b.stronger) &&
         within(a.releases, b.releases | b.stronger);
}

// All of the weakest for which `good` is true; it is asked of no order that is stronger than one
// that is good.
template <typename Good>
std::vector<OrderChanges> WeakestOrders(PointMask set, Good good) {
  std::vector<OrderChanges> found;
  for (const OrderChanges& one : OrdersOfSteps(set)) {
    const bool known = std::ranges::any_of(
        found, [&](const OrderChanges& weaker) { return NoStronger(weaker, one); });
    if (!known && good(one)) found.push_back(one);
  }
  return found;
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_WEAKEST_ORDERS_H_
