// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// How many states exploration needs: states LIST [SECONDS [full]] explores each line of LIST, which
// is a schedule's file, a policy and an architecture between tabs, and anything behind. Prints the
// line with states, steps, kinds of violations (as a mask), seconds, and whether it is complete.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "explore/explore.h"
#include "harness/text.h"

namespace {

using namespace gatherfuzz;

void ExploreLine(const std::string& line, const std::string& folder, double seconds, bool reduce) {
  std::istringstream words(line);
  std::string file, policy, arch;
  words >> file >> policy >> arch;
  std::ifstream in(folder + "/" + file);
  std::stringstream text;
  text << in.rdbuf();
  const auto parsed = ParseText(text.str());
  ExploreSettings settings{.policy = FindPolicy(policy), .arch = FindArch(arch), .reduce = reduce};
  settings.limits.seconds = seconds;
  const auto began = std::chrono::steady_clock::now();
  const ExploreResult it = Explore(std::get<ScheduleFile>(parsed).schedule, settings);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%s\t%llu\t%llu\t%x\t%.3f\t%s\n", line.c_str(),
              static_cast<unsigned long long>(it.states), static_cast<unsigned long long>(it.steps),
              it.kinds(), took.count(), it.complete() ? "complete" : "stopped");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string list = argv[1];
  const size_t slash = list.rfind('/');
  const std::string folder = slash == list.npos ? "." : list.substr(0, slash);
  std::ifstream lines(list);
  const double seconds = argc > 2 ? std::atof(argv[2]) : 1e9;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line[0] != '#') ExploreLine(line, folder, seconds, argc < 4);
  }
}
