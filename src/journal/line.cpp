#include "journal/line.hpp"

#include <algorithm>
#include <cmath>

#include "wrap/posix/sha256.hpp"

namespace ms2m {
namespace {

constexpr std::string_view kField = R"(,"sum":")", kEnd = R"("})";
constexpr std::size_t kDigits = 16;

std::string digits(std::string_view fields) { return posix::Sha256::of(std::string(fields) + "}").substr(0, kDigits); }

}  // namespace

std::string line_of(const Json& record) {
  std::string line = record.dump();
  line.pop_back();
  const std::string sum = digits(line);
  return line.append(kField).append(sum).append(kEnd);
}

Checksum checksum_of(std::string_view line) {
  constexpr std::size_t kAll = kField.size() + kDigits + kEnd.size();
  if (line.size() < kAll || !line.ends_with(kEnd)) return Checksum::none;
  const std::string_view field = line.substr(line.size() - kAll);
  if (!field.starts_with(kField)) return Checksum::none;
  const std::string_view sum = field.substr(kField.size(), kDigits);
  return sum == digits(line.substr(0, line.size() - kAll)) ? Checksum::right : Checksum::wrong;
}

bool has_our_numbers(const Json& record) {
  constexpr double kMost = 1e15;  // a whole number that a double says exactly, and int64 holds
  if (record.is_number_float()) return std::abs(record.get<double>()) < kMost;
  return std::all_of(record.begin(), record.end(), [](const Json& each) {
    return each.is_primitive() && !each.is_number_float() ? true : has_our_numbers(each);
  });
}

}  // namespace ms2m
