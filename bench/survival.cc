// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// How long each way to search takes to find each defect: reads the runs that scripts/survival
// recorded, and writes a table (Markdown) and a plot (SVG).
//
//   survival --runs CSV --table FILE --plot FILE [--date D] [--cpu NAME] [--cores N]
//            [--compiler NAME] [--plot-link LINK] [--notes TEXT] [--program-defects NAME,NAME...]
//
// Files are written under another name, then renamed. Exit status 2 for anything that is wrong.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "bench/survival_plot.h"
#include "bench/survival_table.h"

namespace gatherfuzz::survival {
namespace {

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "survival: %s\n", why.c_str());
  std::exit(2);
}

struct Settings {
  std::string runs, table, plot, program_defects;
  Labels labels;
};

Settings ParseArguments(int argc, char** argv) {
  Settings settings;
  const std::map<std::string, std::string*> flags = {
      {"--runs", &settings.runs},
      {"--table", &settings.table},
      {"--plot", &settings.plot},
      {"--plot-link", &settings.labels.plot},
      {"--program-defects", &settings.program_defects},
      {"--notes", &settings.labels.notes},
      {"--date", &settings.labels.date},
      {"--cpu", &settings.labels.cpu},
      {"--cores", &settings.labels.cores},
      {"--compiler", &settings.labels.compiler}};
  for (int i = 1; i < argc; i += 2) {
    const auto flag = flags.find(argv[i]);
    if (flag == flags.end()) Die("unknown flag '" + std::string(argv[i]) + "'");
    if (i + 1 == argc) Die(flag->first + " needs a value");
    *flag->second = argv[i + 1];
  }
  if (settings.runs.empty() || settings.table.empty() || settings.plot.empty()) {
    Die("--runs, --table and --plot are needed");
  }
  return settings;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) Die("cannot read " + path);
  return text;
}

void WriteFile(const std::string& path, const std::string& text) {
  const std::string other = path + ".new";
  std::ofstream file(other, std::ios::binary);
  file << text;
  file.close();
  if (!file || std::rename(other.c_str(), path.c_str()) != 0) {
    std::remove(other.c_str());
    Die("cannot write " + path);
  }
}

std::set<std::string> SplitNames(const std::string& text) {
  std::set<std::string> names;
  std::istringstream stream(text);
  for (std::string name; std::getline(stream, name, ',');) names.insert(name);
  return names;
}

int Main(int argc, char** argv) {
  const Settings settings = ParseArguments(argc, argv);
  std::vector<Record> runs;
  const std::string wrong = ParseRuns(ReadFile(settings.runs), runs);
  if (!wrong.empty()) Die(settings.runs + ": " + wrong);
  if (runs.empty()) Die(settings.runs + ": no runs");
  const std::vector<DefectResult> defects = Summarize(runs, SplitNames(settings.program_defects));
  WriteFile(settings.table, WriteTable(defects, settings.labels));
  WriteFile(settings.plot, WritePlot(defects));
  return 0;
}

}  // namespace
}  // namespace gatherfuzz::survival

int main(int argc, char** argv) { return gatherfuzz::survival::Main(argc, argv); }
