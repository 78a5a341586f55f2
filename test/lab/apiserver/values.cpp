#include "values.hpp"

#include <array>
#include <cmath>
#include <ctime>
#include <mutex>
#include <random>

namespace ms2m::lab {

namespace {
constexpr std::string_view kSafeAlphabet = "bcdfghjklmnpqrstvwxz2456789";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::uint64_t random_bits() {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return engine();
}
}  // namespace

std::string rfc3339(SystemTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> buffer{};
  std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return buffer.data();
}

std::string rfc3339_now() { return rfc3339(std::chrono::system_clock::now()); }

SystemTime parse_rfc3339(const std::string& text) {
  std::tm parts{};
  if (strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string random_uuid() {
  std::array<char, 40> buffer{};
  const std::uint64_t high = (random_bits() & ~0xf000ULL) | 0x4000ULL;
  const std::uint64_t low = (random_bits() & ~(3ULL << 62)) | (2ULL << 62);
  std::snprintf(buffer.data(), buffer.size(), "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(high >> 32),
                static_cast<unsigned>(high >> 16 & 0xffff), static_cast<unsigned>(high & 0xffff),
                static_cast<unsigned>(low >> 48), static_cast<unsigned long long>(low & 0xffffffffffffULL));
  return buffer.data();
}

std::string random_suffix(int length) {
  std::string result;
  for (int i = 0; i < length; ++i) result += kSafeAlphabet[random_bits() % kSafeAlphabet.size()];
  return result;
}

std::string safe_hash(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (unsigned char byte : text) hash = (hash ^ byte) * 16777619U;
  std::string result;
  for (char digit : std::to_string(hash))
    result += kSafeAlphabet[static_cast<unsigned char>(digit) % kSafeAlphabet.size()];
  return result;
}

std::string base64_encode(std::string_view data) {
  std::string result;
  std::uint32_t bits = 0;
  int count = 0;
  for (unsigned char byte : data) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 6; count -= 6) result += kBase64[bits >> (count - 6) & 63];
  }
  if (count > 0) result += kBase64[bits << (6 - count) & 63];
  return result;  // unpadded, as continue tokens are
}

std::string base64_decode(std::string_view data) {
  std::string result;
  std::uint32_t bits = 0;
  int count = 0;
  for (char letter : data) {
    const std::size_t value = kBase64.find(letter == '-' ? '+' : letter == '_' ? '/' : letter);
    if (value == std::string_view::npos) break;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if ((count += 6) >= 8) result += static_cast<char>(bits >> (count -= 8) & 255);
  }
  return result;
}

std::int64_t quantity_millis(const std::string& text) {
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(text, &used);
  } catch (const std::exception&) {
    return 0;
  }
  const std::string unit = text.substr(used);
  constexpr std::string_view kUnits = "KMGTPE";
  if (unit == "m") return std::llround(value);
  if (unit == "k") return std::llround(value * 1e6);
  if (!unit.empty()) {
    const std::size_t power = kUnits.find(unit[0]);
    if (power == std::string_view::npos) return 0;
    value *= std::pow(unit.size() == 2 ? 1024.0 : 1000.0, static_cast<double>(power + 1));
  }
  return value > 9e15 ? INT64_MAX : std::llround(value * 1000);
}

}  // namespace ms2m::lab
