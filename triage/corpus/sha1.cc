// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/corpus/sha1.h"

#include <array>
#include <bit>
#include <cstdint>

#include "absl/strings/str_format.h"
#include "model/machine/types.h"

namespace gatherfuzz {
namespace {

using State = std::array<uint32_t, 5>;
constexpr size_t kBlockBytes = 64;

GATHERFUZZ_WRAPS void MixBlock(State& state, std::string_view block) {
  std::array<uint32_t, 80> words{};
  for (size_t i = 0; i < kBlockBytes; ++i) {
    words[i / 4] = words[i / 4] << 8 | static_cast<uint8_t>(block[i]);
  }
  for (size_t i = 16; i < words.size(); ++i) {
    words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  }
  auto [a, b, c, d, e] = state;
  for (size_t i = 0; i < words.size(); ++i) {
    const uint32_t mixed = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                           : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                           : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                    : (b ^ c ^ d) + 0xca62c1d6;
    const uint32_t next = std::rotl(a, 5) + mixed + e + words[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e};
}

}  // namespace

std::string Sha1(std::string_view content) {
  State state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  std::string_view left = content;
  for (; left.size() >= kBlockBytes; left.remove_prefix(kBlockBytes)) MixBlock(state, left);
  std::string end(left);  // then a bit, zeros, and the length in bits
  end += '\x80';
  while (end.size() % kBlockBytes != kBlockBytes - 8) end += '\0';
  for (int shift = 56; shift >= 0; shift -= 8) {
    end += static_cast<char>(static_cast<uint64_t>(content.size()) * 8 >> shift);
  }
  for (left = end; !left.empty(); left.remove_prefix(kBlockBytes)) MixBlock(state, left);
  std::string text;
  for (const uint32_t word : state) text += absl::StrFormat("%08x", word);
  return text;
}

}  // namespace gatherfuzz
