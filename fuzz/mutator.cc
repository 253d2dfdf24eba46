// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A stub: flips a byte, and trims records of plain bytes.
#include "fuzz/mutator.h"

#include <algorithm>

#include "harness/bytes.h"
#include "harness/random.h"

namespace gatherfuzz {

size_t Mutate(std::span<uint8_t> buffer, size_t size, uint32_t seed,
              size_t (*mutate_bytes)(uint8_t*, size_t, size_t)) {
  if (mutate_bytes != nullptr) return mutate_bytes(buffer.data(), size, buffer.size());
  Random random(seed);
  if (size < buffer.size() && random.Below(2) == 0) buffer[size++] = 0;
  if (size > 0) buffer[random.Below(size)] ^= 1 + random.Below(255);
  return size;
}

size_t CrossOver(std::span<const uint8_t> a, std::span<const uint8_t> b, std::span<uint8_t> out,
                 uint32_t seed) {
  const std::span<const uint8_t> from = seed % 2 == 0 ? a : b;
  const size_t size = std::min(from.size(), out.size());
  std::copy_n(from.begin(), size, out.begin());
  return size;
}

const char* LastMutation() { return "stub"; }

size_t TrimSteps(std::span<const uint8_t> bytes) { return bytes.size() / kRecordBytes; }

size_t TrimAt(std::span<const uint8_t> bytes, size_t step, std::span<uint8_t> out) {
  const size_t at = kRecordBytes * step;
  std::copy_n(bytes.begin(), at, out.begin());
  std::copy(bytes.begin() + at + kRecordBytes, bytes.end(), out.begin() + at);
  return bytes.size() - kRecordBytes;
}

}  // namespace gatherfuzz
