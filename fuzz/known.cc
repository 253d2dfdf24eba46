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

bool IsKnown(const std::string& signature) {
  static std::set<std::string> known;
  if (!KnowsViolations()) return false;
  if (!known.contains(signature)) known = Read();
  return known.contains(signature);
}

}  // namespace gatherfuzz
