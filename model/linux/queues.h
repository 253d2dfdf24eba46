// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a gather of kernel code has queued, in World: found by its frame as the kernel frees it.
#ifndef GATHERFUZZ_MODEL_LINUX_QUEUES_H_
#define GATHERFUZZ_MODEL_LINUX_QUEUES_H_

#include <algorithm>

#include "model/machine/world.h"

namespace gatherfuzz {

// The first of `frame` in a queue of `count`; null if there is none.
template <typename Queue>
Queued* FindQueued(Queue& queue, uint8_t count, unsigned frame) {
  const auto end = queue.begin() + count;
  const auto it = std::find_if(queue.begin(), end, [&](const Queued& item) {
    return Index(item.frame) == static_cast<int>(frame);
  });
  return it == end ? nullptr : &*it;
}

// Takes `item` out of its queue, whose `count` is zero when nothing is left.
template <typename Queue>
void Unqueue(Queue& queue, uint8_t& count, Queued& item) {
  item = Queued{};
  const auto gone = [](const Queued& queued) { return Index(queued.frame) == 0; };
  if (std::all_of(queue.begin(), queue.begin() + count, gone)) count = 0;
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_LINUX_QUEUES_H_
