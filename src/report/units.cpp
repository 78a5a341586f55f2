#include "report/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace ms2m::report {

namespace {

bool starts_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

/// The first `columns` code points of `text`.
std::string_view head(std::string_view text, std::size_t columns) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (starts_code_point(text[i]) && ++seen > columns) return text.substr(0, i);
  return text;
}

}  // namespace

std::string duration(Seconds time) {
  const double seconds = std::max(0.0, time.count());
  const auto millis = std::llround(seconds * 1000);
  if (millis < 1000) return fmt::format("{}ms", millis);
  if (seconds < 600) return fmt::format("{:.1f}s", seconds);
  const auto whole = std::llround(seconds);
  return fmt::format("{}m{:02}s", whole / 60, whole % 60);
}

std::string size(Bytes bytes) {
  static constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  if (bytes.count < 1024) return fmt::format("{} B", bytes.count);
  auto value = static_cast<double>(bytes.count);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string byte_rate(double bytes_per_second) {
  return size(Bytes{static_cast<std::uint64_t>(std::max(0.0, bytes_per_second))}) + "/s";
}

std::string message_rate(double messages_per_second) { return fmt::format("{:.1f} msg/s", messages_per_second); }

std::string percent(Seconds part, Seconds whole) {
  if (whole.count() <= 0) return "-";
  const double value = std::max(0.0, 100 * part.count() / whole.count());
  if (value > 0 && value < 0.05) return "<0.1%";
  if (value >= 99.95 && value < 100.05) return "100%";
  return fmt::format("{:.1f}%", value);
}

std::string printable(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7F) c = ' ';
  }
  // C1 controls are two bytes in UTF-8: C2 80 ... C2 9F; some terminals obey them.
  for (std::size_t i = 0; i + 1 < clean.size(); ++i) {
    const auto next = static_cast<unsigned char>(clean[i + 1]);
    if (static_cast<unsigned char>(clean[i]) == 0xC2 && next >= 0x80 && next <= 0x9F) clean[i] = clean[i + 1] = ' ';
  }
  return clean;
}

std::string fit(std::string_view text, std::size_t columns) {
  if (width(text) <= columns) return std::string(text);
  if (columns <= 3) return std::string(head(text, columns));
  return std::string(head(text, columns - 3)) + "...";
}

std::string pad(std::string_view text, std::size_t columns) {
  std::string padded(text);
  for (std::size_t used = width(text); used < columns; ++used) padded += ' ';
  return padded;
}

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_code_point));
}

}  // namespace ms2m::report
