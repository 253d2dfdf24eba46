// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The medians of schedules as an SVG: a panel for each defect and architecture, a line in it for
// each way, all on one logarithmic axis. A filled mark is a median, the bar through it its 95 %
// interval; a hollow mark with an arrow says that the median is beyond what was observed. Ways
// differ in shape as well as in colour, and each line's name stands at its left. Stands alone, on a
// light ground of its own; the same results give the same bytes.
#ifndef GATHERFUZZ_BENCH_SURVIVAL_PLOT_H_
#define GATHERFUZZ_BENCH_SURVIVAL_PLOT_H_

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/survival_results.h"
#include "bench/survival_table.h"

namespace gatherfuzz::survival {
namespace plot {

struct Mark {
  const char* colour;
  const char* path;  // around 0,0, about nine units wide
};

inline constexpr std::array<Mark, kWays.size()> kMarks = {{
    {"#0b5394", "M0-5.6L1.5-1.9 5.3-1.7 2.4.7 3.3 4.5 0 2.4-3.3 4.5-2.4.7-5.3-1.7-1.5-1.9z"},
    {"#1f78b4", "M0-4.6L4.6 0 0 4.6-4.6 0z"},
    {"#3d9bd6", "M-3.8-3.8H3.8V3.8H-3.8z"},
    {"#6fb1dc", "M-4 0A4 4 0 1 0 4 0A4 4 0 1 0-4 0z"},
    {"#8e2f8e", "M-3.4-4.4L4.6 0-3.4 4.4z"},
    {"#c06ac0", "M3.4-4.4L-4.6 0 3.4 4.4z"},
    {"#a63c00", "M0-4.6L4.4 3.4H-4.4z"},
    {"#d55e00", "M0 4.6L4.4-3.4H-4.4z"},
    {"#e08a1e", "M-2.4-4.2H2.4L4.8 0 2.4 4.2H-2.4L-4.8 0z"},
    {"#8a6d00", "M-4.2-4.2H0V0H4.2V4.2H-4.2z"},
    {"#4d7c0f", "M-1.5-4.4H1.5V-1.5H4.4V1.5H1.5V4.4H-1.5V1.5H-4.4V-1.5H-1.5z"},
    {"#555555",
     "M-4.2-2.4L-2.4-4.2 0-1.8 2.4-4.2 4.2-2.4 1.8 0 4.2 2.4 2.4 4.2 0 1.8-2.4 4.2"
     "-4.2 2.4-1.8 0z"},
}};

inline constexpr int kNames = 132, kPanel = 206, kGap = 12, kLine = 14, kTitle = 26, kAxis = 26;

inline std::string Number(double value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.1f", value);
  std::string number = text.data();
  if (number.ends_with(".0")) number.resize(number.size() - 2);
  return number;
}

inline std::string Text(double x, double y, const char* attributes, const std::string& text) {
  return "<text x='" + Number(x) + "' y='" + Number(y) + "' " + attributes + ">" + text +
         "</text>\n";
}

inline std::string Line(double x1, double y1, double x2, double y2, const std::string& attributes) {
  return "<path d='M" + Number(x1) + " " + Number(y1) + "L" + Number(x2) + " " + Number(y2) + "' " +
         attributes + "/>\n";
}

inline std::string Use(size_t way, double x, double y, bool hollow) {
  return "<use href='#m" + std::to_string(way) + "' x='" + Number(x) + "' y='" + Number(y) +
         "' class='" + (hollow ? "h" : "f") + " w" + std::to_string(way) + "'/>";
}

// Where schedules are, from the left edge of a panel; from 1 to a power of ten.
struct Scale {
  int decades;
  double X(double schedules) const {
    const double room = kPanel - 22;
    return 8 + room * std::log10(std::clamp(schedules, 1.0, std::pow(10, decades))) / decades;
  }
};

inline Scale ScaleOf(const std::vector<DefectResult>& defects) {
  double most = 10;
  for (const DefectResult& defect : defects) {
    for (const auto& way : defect.ways) {
      if (!way) continue;
      const Bounds interval = MedianInterval(way->schedules);
      const double end = interval.high == kNever ? way->schedules.last : interval.high;
      most = std::max({most, Median(way->schedules).low, end});
    }
  }
  return {static_cast<int>(std::ceil(std::log10(most) - 1e-9))};
}

inline std::string Tooltip(const DefectResult& defect, size_t way) {
  const WayResult& result = *defect.ways[way];
  return "<title>" + defect.defect + " " + defect.arch + ", " + std::string(kWays[way]) +
         ": median " + Short(Median(result.schedules)) + " schedules, found in " +
         std::to_string(result.found) + " of " + std::to_string(result.runs) + "</title>";
}

// The line of one way in a panel whose left edge is at x.
inline std::string WayLine(const DefectResult& defect, size_t way, Scale scale, double x,
                           double y) {
  const WayResult& result = *defect.ways[way];
  const Bounds median = Median(result.schedules), interval = MedianInterval(result.schedules);
  const std::string colour = "class='b w" + std::to_string(way) + "'";
  const double mark = x + scale.X(median.low);
  std::string text = "<g>" + Tooltip(defect, way);
  if (interval.low != kNever) {
    const double end = interval.high == kNever ? result.schedules.last : interval.high;
    text += Line(x + scale.X(interval.low), y, x + scale.X(end), y, colour);
  }
  if (interval.high == kNever) {
    const double tip = std::max(mark, x + scale.X(result.schedules.last)) + 12;
    text += "<path d='M" + Number(mark) + " " + Number(y) + "H" + Number(tip) + "m-3-3l3 3-3 3' " +
            colour + "/>";
  }
  text += Use(way, mark, y, !median.Exact());
  if (result.found < result.runs) {
    const bool right = scale.X(median.low) < kPanel / 2.0;
    text += Text(right ? x + kPanel - 3 : x + 4, y + 3.5,
                 right ? "class='n' text-anchor='end'" : "class='n'",
                 std::to_string(result.found) + "/" + std::to_string(result.runs));
  }
  return text + "</g>\n";
}

inline std::string Panel(const DefectResult& defect, const std::vector<size_t>& ways, Scale scale,
                         double x, double y) {
  const double height = kLine * static_cast<double>(ways.size()) + 6, top = y + kTitle;
  std::string text =
      Text(x, y + 18, "class='t'", defect.defect + " <tspan class='a'>" + defect.arch + "</tspan>");
  text += "<path class='p' d='M" + Number(x) + " " + Number(top) + "h" + std::to_string(kPanel) +
          "v" + Number(height) + "h-" + std::to_string(kPanel) + "z'/>\n";
  for (int decade = 0; decade <= scale.decades; ++decade) {
    const double at = x + scale.X(std::pow(10, decade));
    text += Line(at, top, at, top + height, "class='g'");
  }
  for (size_t i = 0; i < ways.size(); ++i) {
    if (!defect.ways[ways[i]]) continue;
    text += WayLine(defect, ways[i], scale, x, top + 3 + kLine * (static_cast<double>(i) + 0.5));
  }
  return text;
}

inline std::string Axis(Scale scale, double x, double y) {
  std::string text;
  for (int decade = 0; decade <= scale.decades; decade += scale.decades > 5 ? 2 : 1) {
    static constexpr std::array kPowers = {"1",  "10",  "100",  "1k", "10k", "100k",
                                           "1M", "10M", "100M", "1G", "10G", "100G"};
    if (static_cast<size_t>(decade) >= kPowers.size()) break;
    text += Text(x + scale.X(std::pow(10, decade)), y + 12, "class='n' text-anchor='middle'",
                 kPowers[static_cast<size_t>(decade)]);
  }
  return text;
}

inline std::string Style() {
  std::string text =
      "<style>text{font-family:'DejaVu Sans',Verdana,Helvetica,Arial,sans-serif;font-size:11px;"
      "fill:#24292f}.t{font-size:12px;font-weight:bold}.a{font-weight:normal;fill:#57606a}"
      ".n{font-size:9.5px;fill:#57606a}.p{fill:#f6f8fa;stroke:#d0d7de}.g{stroke:#d8dee4}"
      ".b{fill:none;stroke-width:1.6;stroke-opacity:.75}.h{fill:#fff;stroke-width:1.4}"
      ".o{font-weight:bold}";
  for (size_t way = 0; way < kWays.size(); ++way) {
    const std::string name = ".w" + std::to_string(way), colour = kMarks[way].colour;
    text +=
        ".b" + name + ",.h" + name + "{stroke:" + colour + "}.f" + name + "{fill:" + colour + "}";
  }
  text += "</style>\n<defs>";
  for (size_t way = 0; way < kWays.size(); ++way) {
    text += "<path id='m" + std::to_string(way) + "' d='" + kMarks[way].path + "'/>";
  }
  return text + "</defs>\n";
}

// Fills lines of marks and names, and returns what they took of the height.
inline double Legend(const std::vector<size_t>& ways, double width, double y, std::string& text) {
  double x = 16, line = 0;
  for (const size_t way : ways) {
    const double room = 30 + 6.2 * static_cast<double>(kWays[way].size());
    if (x + room > width) x = 16, line += 18;
    text +=
        Use(way, x + 6, y + line, false) + Text(x + 16, y + line + 4, "", std::string(kWays[way]));
    x += room;
  }
  return line + 18;
}

}  // namespace plot

inline std::string WritePlot(const std::vector<DefectResult>& defects) {
  using namespace plot;
  const std::vector<size_t> ways = table::WaysRun(defects);
  const Scale scale = ScaleOf(defects);
  const size_t columns = std::clamp<size_t>(defects.size(), 3, 4);
  const size_t rows = (defects.size() + columns - 1) / columns;
  const double width = kNames + static_cast<double>(columns) * (kPanel + kGap);
  std::string body;
  double y = 62;
  y += Legend(ways, width, y, body) + 4;
  for (size_t row = 0; row < rows; ++row) {
    for (size_t i = 0; i < ways.size(); ++i) {
      body += Text(kNames - 8, y + kTitle + 7 + kLine * (static_cast<double>(i) + 0.5),
                   ways[i] == kBoth ? "text-anchor='end' class='o'" : "text-anchor='end'",
                   std::string(kWays[ways[i]]));
    }
    for (size_t column = 0; column < columns && row * columns + column < defects.size(); ++column) {
      const double x = kNames + static_cast<double>(column) * (kPanel + kGap);
      body += Panel(defects[row * columns + column], ways, scale, x, y);
      body += Axis(scale, x, y + kTitle + kLine * static_cast<double>(ways.size()) + 6);
    }
    y += kTitle + kLine * static_cast<double>(ways.size()) + kAxis;
  }
  const std::string size = Number(width) + " " + Number(y + 8);
  return "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 " + size + "' width='" +
         Number(width) + "' height='" + Number(y + 8) + "' role='img' aria-labelledby='title'>\n" +
         "<title id='title'>Schedules to the first violation, by defect and way to "
         "search</title>\n" +
         Style() + "<rect width='100%' height='100%' fill='#fff'/>\n" +
         Text(16, 24, "style='font-size:16px;font-weight:bold'",
              "Schedules to the first violation") +
         Text(16, 42, "class='a'",
              "Mark: median; bar: its 95 % interval. Hollow, with an arrow: beyond what was "
              "observed."
              " n/m: found in n of m runs.") +
         body + "</svg>\n";
}

}  // namespace gatherfuzz::survival

#endif  // GATHERFUZZ_BENCH_SURVIVAL_PLOT_H_
