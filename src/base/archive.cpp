#include "ms2m/archive.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

namespace ms2m {
namespace {

constexpr std::string_view kPrefix = "checkpoint-", kSuffix = ".tar", kDirectory = "/checkpoints/";
constexpr std::string_view kTime = "dddd-dd-ddTdd:dd:dd", kZone = "+dd:dd";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool fits(std::string_view value, std::string_view shape) {
  return value.size() == shape.size() && std::equal(value.begin(), value.end(), shape.begin(), [](char c, char s) {
           return s == 'd' ? is_digit(c) : s == '+' ? c == '+' || c == '-' : c == s;
         });
}

/// "2026-11-21T21:21:02Z" or with "+01:00" at the end of `text`; empty when there is none.
std::string_view time_at_end(std::string_view text) {
  for (const std::size_t zone : {std::size_t{1}, kZone.size()}) {
    if (text.size() < kTime.size() + zone) continue;
    const std::string_view time = text.substr(text.size() - kTime.size() - zone);
    const std::string_view rest = time.substr(kTime.size());
    if (fits(time.substr(0, kTime.size()), kTime) && (rest == "Z" || fits(rest, kZone))) return time;
  }
  return {};
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

}  // namespace

std::string checkpoint_directory(const std::string& kubelet_root) { return kubelet_root + "/checkpoints"; }

bool is_archive_name(const std::string& file) {
  const bool plain = std::all_of(file.begin(), file.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == 'T' || c == 'Z' ||
           std::string_view("-._:+").find(c) != std::string_view::npos;
  });
  if (!plain || !file.starts_with(kPrefix) || !file.ends_with(kSuffix)) return false;
  const std::string_view stem = std::string_view(file).substr(0, file.size() - kSuffix.size());
  const std::string_view time = time_at_end(stem);
  return !time.empty() && stem.size() > kPrefix.size() + time.size() && stem[stem.size() - time.size() - 1] == '-';
}

bool is_archive_of(const std::string& file, const std::string& ns, const std::string& pod,
                   const std::string& container) {
  const std::string prefix = std::string(kPrefix) + pod + "_" + ns + "-" + container + "-";
  if (!is_archive_name(file) || !file.starts_with(prefix)) return false;
  const std::string_view rest = std::string_view(file).substr(prefix.size());
  return time_at_end(rest.substr(0, rest.size() - kSuffix.size())).size() + kSuffix.size() == rest.size();
}

bool is_archive_path(const std::string& path) {
  if (path.empty() || path.front() != '/' || !is_archive_name(std::string(name_of(path)))) return false;
  const std::string_view directory = std::string_view(path).substr(0, path.rfind('/') + 1);
  if (!directory.ends_with(kDirectory)) return false;
  for (const std::string_view step : {"//", "/./", "/../"})
    if (directory.find(step) != std::string_view::npos) return false;
  return std::none_of(directory.begin(), directory.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

bool is_archive_path_of(const std::string& path, const std::string& ns, const std::string& pod,
                        const std::string& container) {
  return is_archive_path(path) && is_archive_of(std::string(name_of(path)), ns, pod, container);
}

std::optional<std::int64_t> archive_time(const std::string& path) {
  if (!path.ends_with(kSuffix)) return std::nullopt;
  const std::string_view time = time_at_end(std::string_view(path).substr(0, path.size() - kSuffix.size()));
  if (time.empty()) return std::nullopt;
  const auto part = [&](std::size_t from, std::size_t size) { return number(time.substr(from, size)); };
  const std::chrono::year_month_day day{std::chrono::year(part(0, 4)), std::chrono::month(unsigned(part(5, 2))),
                                        std::chrono::day(unsigned(part(8, 2)))};
  if (!day.ok()) return std::nullopt;
  std::int64_t seconds = std::chrono::sys_days(day).time_since_epoch().count() * std::int64_t{86400};
  seconds += part(11, 2) * 3600 + part(14, 2) * 60 + part(17, 2);
  if (time.back() != 'Z') {
    const int ahead = part(20, 2) * 3600 + part(23, 2) * 60;
    seconds -= time[kTime.size()] == '-' ? -ahead : ahead;
  }
  return seconds;
}

}  // namespace ms2m
