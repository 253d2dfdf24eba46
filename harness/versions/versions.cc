// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/versions/versions.h"

#include <iterator>

#include "harness/bytes.h"
#include "harness/versions/bytes_v1_v2.h"

namespace gatherfuzz {
namespace {

constexpr BytesVersion kVersions[] = {
    {1, DecodeBytesV1},
    {2, DecodeBytesV2},
    {kBytesVersion, DecodeBytes},
};

}  // namespace

std::span<const BytesVersion> BytesVersions() { return kVersions; }

const BytesVersion& CurrentBytesVersion() { return kVersions[std::size(kVersions) - 1]; }

const BytesVersion* FindBytesVersion(int number) {
  for (const BytesVersion& version : kVersions) {
    if (version.number == number) return &version;
  }
  return nullptr;
}

const BytesVersion& VersionOf(std::span<const uint8_t> bytes) {
  const BytesVersion* version = bytes.empty() ? nullptr : FindBytesVersion(bytes[0]);
  return version == nullptr ? CurrentBytesVersion() : *version;
}

}  // namespace gatherfuzz
