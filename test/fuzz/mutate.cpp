#include "mutate.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

namespace ms2m::test {
namespace {

constexpr std::array kNumbers{"0",
                              "-1",
                              "1",
                              "255",
                              "65536",
                              "2147483647",
                              "2147483648",
                              "-2147483649",
                              "4294967296",
                              "9223372036854775807",
                              "-9223372036854775808",
                              "18446744073709551615",
                              "99999999999999999999",
                              "1e308",
                              "1e-7",
                              "0.5",
                              "-0",
                              "0x10",
                              ""};
constexpr std::array kWords{"",
                            "null",
                            "true",
                            "..",
                            "/",
                            "../../etc/passwd",
                            "a/b",
                            "\xff\xfe",
                            "\n",
                            "%00",
                            "{}",
                            "[]",
                            "sha256:",
                            "-x",
                            "1970-01-01T00:00:00Z",
                            "99999999999-99-99T99:99:99Z"};
constexpr std::size_t kLongest = 64u << 10;

bool digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Json Mutate::value() {
  switch (below(10)) {
    case 0:
      return nullptr;
    case 1:
      return below(2) == 0;
    case 2:
      return std::numeric_limits<std::int64_t>::min();
    case 3:
      return std::uint64_t{1} << below(64);
    case 4:
      return -static_cast<std::int64_t>(below(1000));
    case 5:
      return 1e300;
    case 6:
      return Json::array({kWords[below(kWords.size())], Json(), 1});
    case 7:
      return Json{{kWords[below(kWords.size())], below(100)}};
    case 8:
      return std::string(below(2000), 'x');
    default:
      return kWords[below(kWords.size())];
  }
}

/// Any value in it, itself too.
Json* Mutate::pick(Json& in) {
  Json* at = &in;
  while (at->is_structured() && !at->empty() && below(8) != 0)
    at = &*std::next(at->begin(), static_cast<std::ptrdiff_t>(below(at->size())));
  return at;
}

/// False: it is none.
bool Mutate::change_json(std::string& input) {
  std::size_t from = 0, size = input.size();
  Json json = Json::parse(input, nullptr, false);
  if (json.is_discarded()) {
    const auto before = input.empty() ? std::string::npos : input.rfind('\n', below(input.size()));
    from = before == std::string::npos ? 0 : before + 1;
    size = std::min(input.find('\n', from), input.size()) - from;
    json = Json::parse(input.begin() + static_cast<std::ptrdiff_t>(from),
                       input.begin() + static_cast<std::ptrdiff_t>(from + size), nullptr, false);
  }
  if (!json.is_structured()) return false;
  Json* at = pick(json);
  switch (below(4)) {
    case 0:
      *at = Json(*pick(json));
      break;
    case 1:
      if (at->is_structured() && !at->empty()) {
        at->erase(std::next(at->begin(), static_cast<std::ptrdiff_t>(below(at->size()))));
        break;
      }
      [[fallthrough]];
    default:
      *at = value();
  }
  input.replace(from, size, json.dump(-1, ' ', false, Json::error_handler_t::replace));
  return true;
}

void Mutate::change_bytes(std::string& input) {
  const auto at = below(input.size());
  switch (below(6)) {
    case 0:
      input.resize(at);
      break;
    case 1:
      input.insert(at, 1 + below(20), static_cast<char>(below(256)));
      break;
    case 2:
      input.erase(at, 1 + below(20));
      break;
    case 3:
      input.insert(at, input.substr(below(input.size()), below(200)));
      break;
    case 4:
      input.insert(at, kWords[below(kWords.size())]);
      break;
    default:
      if (!input.empty()) input[at] = static_cast<char>(below(256));
  }
}

/// One that is written in digits.
void Mutate::change_number(std::string& input) {
  const auto first = std::find_if(input.begin() + static_cast<std::ptrdiff_t>(below(input.size())), input.end(), digit);
  if (first == input.end()) return change_bytes(input);
  const auto last = std::find_if_not(first, input.end(), digit);
  input.replace(first, last, kNumbers[below(kNumbers.size())]);
}

/// One of two, four or eight bytes.
void Mutate::change_integer(std::string& input) {
  const std::size_t size = std::size_t{2} << below(3);
  if (input.size() < size) return change_bytes(input);
  const auto at = below(input.size() - size + 1);
  const std::array<std::uint64_t, 7> all{0, 1, 0x7f, 0x7fff, 0x7fffffff, 0x7fffffffffffffff, ~std::uint64_t{0}};
  const std::uint64_t number = all[below(all.size())] + below(3);
  const bool big = below(2) == 0;
  for (std::size_t i = 0; i < size; ++i)
    input[at + (big ? size - 1 - i : i)] = static_cast<char>(number >> (8 * i) & 0xff);
}

void Mutate::change_lines(std::string& input) {
  std::vector<std::string> lines;
  for (std::size_t from = 0; from <= input.size();) {
    const auto end = std::min(input.find('\n', from), input.size());
    lines.push_back(input.substr(from, end - from));
    from = end + 1;
  }
  const auto one = below(lines.size()), other = below(lines.size());
  switch (below(3)) {
    case 0:
      lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(one));
      break;
    case 1:
      std::swap(lines[one], lines[other]);
      break;
    default:
      lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(one), std::string(lines[other]));
  }
  input.clear();
  for (const std::string& line : lines) input += line + "\n";
  if (!input.empty()) input.pop_back();
}

void Mutate::change(std::string& input) {
  if (below(2) == 0 && change_json(input)) return;
  switch (below(6)) {
    case 0:
      return change_number(input);
    case 1:
      return change_integer(input);
    case 2:
      return change_lines(input);
    default:
      return change_bytes(input);
  }
}

std::string Mutate::operator()(std::string input) {
  for (auto count = 1 + below(4); count > 0; --count) change(input);
  if (input.size() > kLongest) input.resize(kLongest);
  return input;
}

}  // namespace ms2m::test
