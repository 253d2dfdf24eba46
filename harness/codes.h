// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Which operation and which step a byte of a schedule stands for: the codes of ops.def and
// points.def the other way around.
//
// Invariant, which the compiler holds: no two have one code. Tables are made at compile time.
#ifndef GATHERFUZZ_HARNESS_CODES_H_
#define GATHERFUZZ_HARNESS_CODES_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/kernel/ops.h"
#include "model/points.h"

namespace gatherfuzz {

inline constexpr int kMapCodes = 4;  // of an operation with VmaFlags; bit 0: write, bit 1: huge

// The mode byte of a run.
inline constexpr int kSpareCodes = 16;   // 0: a 16-bit count; from 1 on: a small one, by 16 again
inline constexpr int kCountCodes = 128;  // up to here, where it is the code of no step
inline constexpr int kDoneCodes = 136;   // ... until done
inline constexpr int kPointCodes = 196;  // ... until a step, exactly; above: likely steps

// How many there were as version 3 began. The codes behind those of the steps stood for the same
// steps again.
inline constexpr int kOpsAtFirst = 7;
inline constexpr int kPointsAtFirst = 46;
// What bytes stand for that no EncodeBytes() has written: before reclaim, so that what an engine
// makes up goes on meaning the same.
inline constexpr int kOpsMadeUp = 9;
inline constexpr int kPointsMadeUp = 47;

inline constexpr uint8_t kNoCode = 255;

// Whether operations of that kernel make the step. Else its name is unknown, and its code is that
// of no step.
constexpr bool IsMadeIn(KernelVersion kernel, Point point) {
  if (Info(point).is(role::kVmaLock)) return HasVmaLocks(kernel);
  return point != Point::pte_marker || kernel >= KernelVersion::k6_17;
}

struct Codes {
  std::array<uint8_t, 256> op_of;     // by byte: the operation that has this code, or kNoCode
  std::array<uint8_t, 256> point_of;  // by mode byte: the step, or kNoCode
};

// Of the first so many operations and steps, as far as the kernel has them.
constexpr Codes MakeCodes(int ops, int points, KernelVersion kernel) {
  Codes codes{};
  codes.op_of.fill(kNoCode);
  codes.point_of.fill(kNoCode);
  for (int kind = 0; kind < ops; ++kind) {
    if (!kOps[kind].exists_in(kernel)) continue;
    const int width = kOps[kind].operands == Operands::kMap ? kMapCodes : 1;
    for (int i = 0; i < width; ++i) {
      uint8_t& entry = codes.op_of[static_cast<size_t>(kOps[kind].code) + static_cast<size_t>(i)];
      if (entry != kNoCode) throw "two operations of ops.def have one byte code";
      entry = static_cast<uint8_t>(kind);
    }
  }
  for (int point = 0; point < points; ++point) {
    if (!IsMadeIn(kernel, static_cast<Point>(point))) continue;
    const int code = kPoints[point].code;
    uint8_t& entry = codes.point_of[static_cast<size_t>(code)];
    const bool spare =
        (kSpareCodes <= code && code < kCountCodes) || (kDoneCodes <= code && code < kPointCodes);
    if (entry != kNoCode || !spare) throw "a step of points.def has the byte code of another";
    entry = static_cast<uint8_t>(point);
  }
  for (size_t code = kDoneCodes; code < kPointCodes; ++code) {
    if (codes.point_of[code] == kNoCode) {
      codes.point_of[code] = static_cast<uint8_t>((code - kDoneCodes) % kPointsAtFirst);
    }
  }
  return codes;
}

// By kernel version, the newest last.
inline constexpr std::array<Codes, kKernelVersionCount> kCodes = {
    MakeCodes(kOpCount, kPointCount, KernelVersion::k6_1),
    MakeCodes(kOpCount, kPointCount, KernelVersion::k6_12),
    MakeCodes(kOpCount, kPointCount, KernelVersion::k6_12_vma),
    MakeCodes(kOpCount, kPointCount, KernelVersion::k6_17),
    MakeCodes(kOpCount, kPointCount, KernelVersion::k6_17_vma),
    MakeCodes(kOpCount, kPointCount, KernelVersion::k7_1),
    MakeCodes(kOpCount, kPointCount, KernelVersion::k7_1_vma)};
inline constexpr Codes kCodesMadeUp = MakeCodes(kOpsMadeUp, kPointsMadeUp, kDefaultKernel);
inline constexpr Codes kCodesAtFirst = MakeCodes(kOpsAtFirst, kPointsAtFirst, kDefaultKernel);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_CODES_H_
