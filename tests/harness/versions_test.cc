// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Bytes of every version that there has been mean what they meant (docs/schedule-format.md,
// "Versions").
#include "harness/versions/versions.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "harness/bytes.h"
#include "harness/search/strategy.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

// The meaning of each version: a hash over the texts of what some inputs decode to; of the current
// one, without the operations and steps that took a code after it began. A hash of a
// version that is over never changes. That of the current one does not either, once it was released
// or has written a corpus.
struct Meaning {
  uint8_t version;
  uint64_t hash;
};
constexpr Meaning kMeanings[] = {
    {1, 0x3c31f2a6d52f5b84},
    {2, 0xdb668c7b068f2eeb},
    {3, 0xefa325e7910863f3},
};

std::string WhatToDo(const BytesVersion& version) {
  if (version.number != kBytesVersion) {
    return "Bytes of version " + std::to_string(version.number) +
           " decode to something else than they did. That version is over: what its decoder in "
           "harness/versions/ stands on was changed. Let it stand on something of its own.";
  }
  return "The meaning of bytes has changed, and every stored corpus with it, but kBytesVersion is "
         "still " +
         std::to_string(version.number) +
         ". If that was not meant, take the change back. If it was, begin a version: "
         "docs/schedule-format.md, \"Versions\", says how.";
}

void Mix(uint64_t& hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
}

// As text said it when the hashes were taken: the tail `runs` was called `random`.
std::string TextOfThatTime(const Schedule& schedule) {
  std::string text = PrintText({.schedule = schedule});
  const size_t at = text.find("rest runs ");
  return at == text.npos ? text : text.replace(at, 9, "rest random");
}

void MixDecoded(uint64_t& hash, const BytesVersion& version, const Bytes& bytes) {
  static Schedule schedule;
  const bool current = version.number == kBytesVersion;
  const int members = (current ? DecodeBytesAtFirst : version.decode)(bytes, schedule);
  Mix(hash, TextOfThatTime(schedule) + std::to_string(members));
}

// Canonical bytes of one record each, with every byte of them at every value; then short inputs,
// and inputs at random. Raw bytes: what encoding makes would move along with decoding.
uint64_t MeaningOf(const BytesVersion& version) {
  uint64_t hash = 0xcbf29ce484222325u;
  Bytes base = {version.number, 3, 4, 64, 1, 1, 0, 0, 1, 2, 3, 4};
  if (version.number >= 2) base.insert(base.end(), {5, 6, 0, 0});
  const Bytes records = {4,   8, 5, 0, /* dontneed */ 1, 5, 9, 3, /* until pte_clear(9) #2 */ 1,
                         155, 9, 2};
  base.insert(base.end(), records.begin(), records.end());
  for (size_t at = 0; at < base.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      Bytes bytes = base;
      bytes[at] = static_cast<uint8_t>(value);
      MixDecoded(hash, version, bytes);
    }
  }
  Random random(version.number);
  for (int i = 0; i < 3000; ++i) {
    Bytes bytes = RandomBytes(random, i < 600 ? i % 30 : random.Below(300));
    MixDecoded(hash, version, bytes);
    if (bytes.size() < base.size()) continue;
    std::copy(base.begin(), base.end() - static_cast<ptrdiff_t>(records.size()), bytes.begin());
    bytes[4] = static_cast<uint8_t>(random.Below(4));
    bytes[5] = static_cast<uint8_t>(random.Below(12));
    MixDecoded(hash, version, bytes);
  }
  return hash;
}

TEST(Versions, MeanWhatTheyMeant) {
  ASSERT_EQ(std::size(kMeanings), BytesVersions().size())
      << "each version has its decoder in harness/versions/versions.cc and its hash here";
  for (size_t i = 0; i < std::size(kMeanings); ++i) {
    const BytesVersion& version = BytesVersions()[i];
    ASSERT_EQ(version.number, kMeanings[i].version);
    const uint64_t hash = MeaningOf(version);
    std::ostringstream as_hex;
    as_hex << std::hex << "0x" << hash;
    EXPECT_EQ(hash, kMeanings[i].hash) << WhatToDo(version) << "\n(now " << as_hex.str() << ")";
  }
}

TEST(Versions, AreNumberedInOrderAndTheLastIsTheCurrentOne) {
  int last = 0;
  for (const BytesVersion& version : BytesVersions()) {
    EXPECT_EQ(version.number, ++last);
    EXPECT_EQ(FindBytesVersion(last), &version);
  }
  EXPECT_EQ(last, kBytesVersion);
  EXPECT_EQ(CurrentBytesVersion().number, kBytesVersion);
  EXPECT_EQ(CurrentBytesVersion().decode, &DecodeBytes);
  EXPECT_EQ(FindBytesVersion(0), nullptr);
  EXPECT_EQ(FindBytesVersion(last + 1), nullptr);
}

TEST(Versions, OfBytesAreSaidByTheirFirstOrElseTheCurrentOne) {
  EXPECT_EQ(VersionOf(Bytes{1, 2, 3}).number, 1);
  EXPECT_EQ(VersionOf(Bytes{kBytesVersion}).number, kBytesVersion);
  for (const Bytes& bytes : {Bytes{}, Bytes{0}, Bytes{kBytesVersion + 1}, Bytes{255, 1, 1}}) {
    EXPECT_EQ(VersionOf(bytes).number, kBytesVersion);
  }
}

std::string Content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

int MembersSaidBy(const std::string& text) {
  const char kBefore[] = "# member 0 of ";
  const size_t at = text.find(kBefore);
  return at == text.npos ? 1 : std::stoi(text.substr(at + sizeof kBefore - 1));
}

// What builds of that time wrote, with what they showed of it.
class StoredBytes : public testing::TestWithParam<int> {};

TEST_P(StoredBytes, DecodeToTheTextBesideThemAndKeepTheirTraces) {
  const auto folder = std::filesystem::path(GATHERFUZZ_OLD_VERSIONS) / std::to_string(GetParam());
  const BytesVersion* version = FindBytesVersion(GetParam());
  ASSERT_NE(version, nullptr);
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".bytes") files.insert(entry.path());
  }
  EXPECT_GE(files.size(), 20u);
  for (std::filesystem::path path : files) {
    SCOPED_TRACE(path);
    const std::string content = Content(path);
    const Bytes bytes(content.begin(), content.end());
    EXPECT_EQ(VersionOf(bytes).number, GetParam());
    const std::string text = Content(path.replace_extension(".gather"));
    Schedule schedule, carried;
    const int members = version->decode(bytes, schedule);
    ASSERT_EQ(PrintText({.schedule = schedule}), PrintText({.schedule = FromText(text).schedule}));
    ASSERT_EQ(members, MembersSaidBy(text));

    const EncodedBytes encoded = EncodeBytes(schedule, members);
    EXPECT_EQ(DecodeBytes({encoded.begin(), encoded.end()}, carried), members);
    for (const Arch* arch : Archs()) {
      const RunResult before = Result(FromText(text).schedule, "own-range", arch->name());
      EXPECT_EQ(Result(carried, "own-range", arch->name()).trace_hash, before.trace_hash);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Version, StoredBytes, testing::Range(1, kBytesVersion + 1));

}  // namespace
}  // namespace gatherfuzz
