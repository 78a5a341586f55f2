#include <fmt/format.h>

#include <algorithm>

#include "report/fields.hpp"
#include "report/markup.hpp"
#include "report/moves.hpp"
#include "report/timeline.hpp"
#include "report/units.hpp"

namespace ms2m::report {
namespace {

std::string side(const Json& move, const char* which) {
  const Json object = object_in(move, which);
  return object.is_object() ? text_in(object, "pod") + " on " + text_in(object, "node") : "";
}

std::string title(const Json& move) {
  return fmt::format("{}: {}/{} to {}, {}, {}", text_in(move, "id"), text_in(move, "namespace"), side(move, "source"),
                     side(move, "target"), text_in(move, "strategy"), text_in(move, "result"));
}

std::string svg_of(const std::string& body, double width, double height) {
  return fmt::format(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0:.0f}" height="{1:.0f}" )"
                     R"(viewBox="0 0 {0:.0f} {1:.0f}">)",
                     width, height) +
         "\n" + body + "</svg>\n";
}

std::string cell(const char* name, const std::string& text) {
  return fmt::format("<{0}>{1}</{0}>", name, markup(text));
}

std::string time_of(const Json& object, const char* key) {
  const auto time = number_in(object, key);
  return time ? duration(Seconds(*time)) : "-";
}

std::string phases_of(const Json& move) {
  std::string text = "<table><tr><th>Phase</th><th>Duration</th><th>% of Total</th><th>Notes</th></tr>\n";
  for (const Json& phase : list_in(move, "phases")) {
    const auto part = number_in(phase, "percent");
    text += "<tr>" + cell("td", text_in(phase, "phase")) + cell("td", time_of(phase, "seconds")) +
            cell("td", part ? fmt::format("{:.1f}%", *part) : "-") + cell("td", text_in(phase, "note")) + "</tr>\n";
  }
  text += "<tr>" + cell("td", "Total") + cell("td", time_of(move, "total_s")) + "<td>100%</td><td></td></tr></table>\n";
  return text;
}

std::string lists_of(const Json& move) {
  std::string text;
  const auto item = [&text](const std::string& line) { text += cell("li", line) + "\n"; };
  for (const Json& pause : list_in(move, "pauses"))
    item(fmt::format("nobody worked on the queue for {}: {}", time_of(pause, "seconds"), text_in(pause, "cause")));
  const Json error = object_in(move, "error");
  if (error.is_object()) item("failed: " + text_in(error, "message"));
  for (const Json& left : list_in(move, "leftovers"))
    item("left: " + text_in(left, "what") + ": " + text_in(left, "command"));
  return text.empty() ? "" : "<ul>\n" + text + "</ul>\n";
}

}  // namespace

std::string moves_svg(const Moves& moves) {
  std::string body;
  double width = 0, y = 0;
  for (const Json& move : moves) {
    const Picture picture = timeline(move);
    body += fmt::format(R"(<text x="0" y="{:.1f}" font-family="sans-serif" font-size="13">{}</text>)", y + 16,
                        markup(title(move))) +
            fmt::format("\n<g transform=\"translate(0 {:.1f})\">\n{}</g>\n", y + 24, picture.svg);
    width = std::max(width, picture.width);
    y += picture.height + 40;
  }
  return svg_of(body, std::max(width, 1.0), std::max(y, 1.0));
}

std::string moves_html(const Moves& moves) {
  std::string text =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>ms2m report</title>\n"
      "<style>body{font:14px sans-serif;max-width:1000px;margin:2em auto;padding:0 1em}"
      "table{border-collapse:collapse;margin:1em 0}th,td{border:1px solid #ccc;padding:.2em .6em;text-align:left}"
      "svg{max-width:100%;height:auto}</style></head>\n<body><h1>Migrations</h1>\n"
      "<table><tr><th>ID</th><th>Started</th><th>Result</th><th>Source</th><th>Target</th><th>Strategy</th>"
      "<th>Total</th><th>Gap</th></tr>\n";
  for (const Json& move : moves)
    text += "<tr>" + cell("td", text_in(move, "id")) + cell("td", text_in(move, "started")) +
            cell("td", text_in(move, "result")) + cell("td", side(move, "source")) + cell("td", side(move, "target")) +
            cell("td", text_in(move, "strategy")) + cell("td", time_of(move, "total_s")) +
            cell("td", time_of(move, "gap_s")) + "</tr>\n";
  text += "</table>\n";
  for (const Json& move : moves) {
    const Picture picture = timeline(move);
    text += cell("h2", title(move)) + "\n" + svg_of(picture.svg, picture.width, picture.height) + phases_of(move) +
            lists_of(move);
  }
  return text + "</body></html>\n";
}

}  // namespace ms2m::report
