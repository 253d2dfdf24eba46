// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Survival statistics: how long until an event, where some runs ended before it came.
//
// The curve is Kaplan and Meier's product of (1 - events / at risk); a run censored at a time is at
// risk until then, events of the same time included. Variances are Greenwood's. Medians are where
// the curve first is at most one half, and their intervals where its 95 % bands are (Brookmeyer and
// Crowley, untransformed). The restricted mean is the area under the curve up to a limit. Sums run
// in the order of time, so equal observations give equal figures, whatever their order.
#ifndef GATHERFUZZ_BENCH_SURVIVAL_STATS_H_
#define GATHERFUZZ_BENCH_SURVIVAL_STATS_H_

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace gatherfuzz::survival {

inline constexpr double kNever = std::numeric_limits<double>::infinity();
inline constexpr double kNormal95 = 1.959963984540054;  // of two-sided 95 % intervals
inline constexpr double kRounding = 1e-12;              // what a product of fractions may be off

struct Observation {
  double time;
  bool event;  // or else censored: nothing until then
};

// The curve from `time` on, until the next step.
struct CurveStep {
  double time;
  int at_risk, events;
  double survival;
  // Sum of events / (at_risk * (at_risk - events)) up to here, without a term where nobody is left:
  // there the curve is 0, and so is its error.
  double greenwood;
  double StandardError() const { return survival * std::sqrt(greenwood); }
};

struct Curve {
  std::vector<CurveStep> steps;  // only where there are events, by time
  double last = 0;               // the largest time observed
  // How far the curve is known: for ever, if it has come to zero.
  double Reach() const { return !steps.empty() && steps.back().survival == 0 ? kNever : last; }
};

inline Curve KaplanMeier(std::vector<Observation> observations) {
  std::sort(observations.begin(), observations.end(),
            [](const Observation& a, const Observation& b) { return a.time < b.time; });
  Curve curve;
  double survival = 1, greenwood = 0;
  size_t i = 0;
  while (i < observations.size()) {
    const double time = observations[i].time;
    const int at_risk = static_cast<int>(observations.size() - i);
    int events = 0;
    for (; i < observations.size() && observations[i].time == time; ++i) {
      events += observations[i].event;
    }
    curve.last = time;
    if (events == 0) continue;
    const double left = at_risk - events;
    survival *= left / at_risk;
    if (left > 0) greenwood += events / (at_risk * left);
    curve.steps.push_back({time, at_risk, events, survival, greenwood});
  }
  return curve;
}

// What is known of a time: it is at least `low` and at most `high`. A median beyond what was
// observed is between the last observation and kNever.
struct Bounds {
  double low, high;
  bool Exact() const { return low == high; }
};

inline Bounds Median(const Curve& curve) {
  for (const CurveStep& step : curve.steps) {
    if (step.survival <= 0.5 + kRounding) return {step.time, step.time};
  }
  return {curve.last, kNever};
}

// 95 % interval of the median; an end is kNever where the curve's band stays above one half.
inline Bounds MedianInterval(const Curve& curve) {
  Bounds interval = {kNever, kNever};
  for (const CurveStep& step : curve.steps) {
    const double half_width = kNormal95 * step.StandardError();
    const double above = step.survival - 0.5 - kRounding;
    if (interval.low == kNever && above - half_width <= 0) interval.low = step.time;
    if (interval.high == kNever && above + half_width <= 0) interval.high = step.time;
  }
  return interval;
}

struct Mean {
  double value;
  double half_width;  // of the 95 % interval
};

// The area under the curve from 0 to `limit`, which is at most curve.Reach().
inline Mean RestrictedMean(const Curve& curve, double limit) {
  // From the last step back: `area` is what lies under the curve between `right` and the limit.
  double area = 0, variance = 0, right = limit;
  for (auto step = curve.steps.rbegin(); step != curve.steps.rend(); ++step) {
    if (step->time >= limit) continue;
    area += step->survival * (right - step->time);
    right = step->time;
    const double left = step->at_risk - step->events;
    if (left > 0) variance += area * area * step->events / (step->at_risk * left);
  }
  return {area + right, kNormal95 * std::sqrt(variance)};
}

}  // namespace gatherfuzz::survival

#endif  // GATHERFUZZ_BENCH_SURVIVAL_STATS_H_
