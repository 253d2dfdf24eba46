// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "fuzz/known.h"

#include <cstdlib>
#include <fstream>
#include <set>

namespace gatherfuzz {
namespace {

const char* Path() {
  static const char* const path = std::getenv("GATHERFUZZ_KNOWN");
  return path;
}

// A last line without an end may be half of one.
std::set<std::string> Read() {
  std::set<std::string> lines;
  std::ifstream file(Path());
  for (std::string line; std::getline(file, line) && !file.eof();) lines.insert(line);
  return lines;
}

}  // namespace

bool KnowsViolations() { return Path() != nullptr; }

bool KnowsAllViolations() {
  static const bool all = KnowsViolations() && Read().contains("*");
  return all;
}

bool IsKnown(const std::string& signature, bool excused) {
  static std::set<std::string> known;
  const auto listed = [&] {
    return known.contains(signature) ||
           (excused && (known.contains("excused " + signature) || known.contains("excused *")));
  };
  if (!KnowsViolations()) return false;
  if (!listed()) known = Read();
  return listed();
}

}  // namespace gatherfuzz
