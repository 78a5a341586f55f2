#include "report/timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "report/fields.hpp"
#include "report/markup.hpp"
#include "report/units.hpp"

namespace ms2m::report {
namespace {

constexpr double kWidth = 960, kLabels = 290, kRight = 70, kTop = 30, kRow = 20;
constexpr double kDepthHeight = 56;
constexpr double kScale = kWidth - kLabels - kRight;  // of the whole time

/// What it waited for ("waited_for"), and its colour.
constexpr std::array<std::pair<const char*, const char*>, 12> kColours{{{"kubelet", "#4c78a8"},
                                                                        {"runtime", "#1f77b4"},
                                                                        {"disk", "#9d755d"},
                                                                        {"network", "#f58518"},
                                                                        {"pod start", "#54a24b"},
                                                                        {"pod end", "#b279a2"},
                                                                        {"consumer", "#e45756"},
                                                                        {"broker", "#72b7b2"},
                                                                        {"api server", "#eeca3b"},
                                                                        {"node", "#bab0ac"},
                                                                        {"hook", "#ff9da6"},
                                                                        {"ms2m", "#404040"}}};
constexpr const char* kOther = "#8c8c8c";

const char* colour_of(const std::string& waited_for) {
  for (const auto& [word, colour] : kColours)
    if (waited_for == word) return colour;
  return kOther;
}

double seconds_in(const Json& each) { return std::max(0.0, number_in(each, "seconds").value_or(0)); }

double sum_of(const Json& list) {
  double sum = 0;
  for (const Json& each : list) sum += seconds_in(each);
  return sum;
}

/// 1, 2 or 5 times a power of ten, so that there are some six in `whole`.
double tick_of(double whole) {
  const double rough = whole / 6, power = std::pow(10, std::floor(std::log10(rough)));
  for (const double step : {1.0, 2.0, 5.0})
    if (rough <= step * power) return step * power;
  return 10 * power;
}

std::string label(double x, double y, const std::string& text, const char* anchor = "start") {
  return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>)", x, y, anchor, markup(text)) + "\n";
}

std::string bar(double x, double y, double width, const char* colour, const std::string& hint) {
  return fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="14" fill="{}"><title>{}</title></rect>)", x,
                     y, std::max(width, 0.5), colour, markup(hint)) +
         "\n";
}

/// How many waited in each queue, over the phases: a step curve each, of one scale, in the order of their names.
class Depths {
 public:
  explicit Depths(const Json& samples) {
    for (const Json& each : samples) {
      const auto at = number_in(each, "at_s"), messages = number_in(each, "messages");
      if (!at || !messages || *at < 0 || *messages < 0) continue;
      queues_[text_in(each, "queue")].emplace_back(*at, *messages);
      most_ = std::max(most_, *messages);
    }
  }
  bool empty() const { return queues_.empty(); }
  double height() const { return empty() ? 0 : kDepthHeight + 12; }

  template <class At>
  std::string draw(double top, const At& at) const {
    constexpr std::array kLines{"#d62728", "#1f77b4", "#2ca02c"};
    const auto up = [&](double messages) {
      return top + kDepthHeight - messages / std::max(most_, 1.0) * kDepthHeight;
    };
    std::string text = label(0, top + 11, "messages waiting") +
                       label(kLabels - 4, top + 9, fmt::format("{:.0f}", most_), "end") +
                       label(kLabels - 4, top + kDepthHeight, "0", "end");
    std::size_t n = 0;
    for (const auto& [queue, points] : queues_) {
      const char* const colour = kLines.at(n % kLines.size());
      std::string path;
      for (const auto& [seconds, messages] : points)
        path += path.empty() ? fmt::format("M{:.1f},{:.1f}", at(seconds), up(messages))
                             : fmt::format("H{:.1f}V{:.1f}", at(seconds), up(messages));
      text += fmt::format(R"(<path d="{}" fill="none" stroke="{}" stroke-width="1.5"><title>{}</title></path>)", path,
                          colour, markup(queue)) +
              "\n";
      text += fmt::format(R"(<text x="0" y="{:.1f}" fill="{}">{}</text>)", top + 24 + 13 * static_cast<double>(n),
                          colour, markup(fit(queue, 44))) +
              "\n";
      if (++n == kLines.size()) break;
    }
    return text;
  }

 private:
  std::map<std::string, std::vector<std::pair<double, double>>> queues_;
  double most_ = 0;
};

}  // namespace

Picture timeline(const Json& move) {
  const Json phases = list_in(move, "phases"), path = list_in(move, "critical_path");
  const double whole = std::max({number_in(move, "total_s").value_or(0), sum_of(phases), sum_of(path), 1e-3});
  const auto at = [whole](double seconds) { return kLabels + seconds / whole * kScale; };
  Picture picture;
  picture.width = kWidth;
  const Depths depths(list_in(move, "depths"));
  double y = kTop + depths.height();
  std::string body = depths.empty() ? "" : depths.draw(kTop, at);

  double from = 0;
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const double took = seconds_in(phases[i]);
    const std::string name = text_in(phases[i], "phase"), time = duration(Seconds(took));
    body += bar(at(from), y, at(from + took) - at(from), i % 2 == 0 ? "#d9d9d9" : "#bfbfbf", name + ", " + time);
    if (took / whole * kScale > 7.0 * static_cast<double>(name.size())) body += label(at(from) + 3, y + 11, name);
    from += took;
  }
  if (!phases.empty()) body += label(0, y + 11, "phases");

  from = 0;
  std::set<std::string> seen;
  for (const Json& each : path) {
    y += kRow;
    const double took = seconds_in(each);
    const std::string on = text_in(each, "waited_for"), what = text_in(each, "what");
    seen.insert(on);
    body += label(0, y + 11, fit(what, 44));
    body += bar(at(from), y, at(from + took) - at(from), colour_of(on), on + ": " + what);
    body += label(at(from + took) + 4, y + 11, duration(Seconds(took)));
    from += took;
  }

  const double bottom = y + kRow;
  std::string axis;
  for (double tick = 0; tick <= whole * 1.0001; tick += tick_of(whole)) {
    axis += fmt::format(R"(<line x1="{0:.1f}" y1="{1:.1f}" x2="{0:.1f}" y2="{2:.1f}" stroke="#e6e6e6"/>)", at(tick),
                        kTop - 6, bottom) +
            "\n";
    axis += label(at(tick), kTop - 12, fmt::format("{:g} s", tick), "middle");
  }
  y = bottom + 4;
  double x = kLabels;
  for (const auto& [word, colour] : kColours) {
    if (seen.count(word) == 0) continue;
    if (x > kWidth - 90) {
      x = kLabels;
      y += kRow;
    }
    body += bar(x, y, 14, colour, word);
    body += label(x + 18, y + 11, word);
    x += 90;
  }
  picture.height = y + kRow;
  picture.svg = "<g font-family=\"sans-serif\" font-size=\"11\">\n" + axis + body + "</g>\n";
  return picture;
}

}  // namespace ms2m::report
