// Inputs that are nearly right.
#pragma once
#include <cstdint>
#include <random>
#include <string>

#include "ms2m/json.hpp"

namespace ms2m::test {

/// The same seed gives the same changes.
class Mutate {
 public:
  explicit Mutate(std::uint64_t seed) : random_(seed) {}
  /// One to four changes: of bytes, numbers, lines, or, where it is JSON, or has a line that is, of a value in it.
  std::string operator()(std::string input);

 private:
  std::size_t below(std::size_t end) {
    return end == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }
  void change(std::string& input);
  void change_bytes(std::string& input);
  void change_number(std::string& input);
  void change_integer(std::string& input);
  void change_lines(std::string& input);
  bool change_json(std::string& input);
  Json* pick(Json& in);
  Json value();
  std::mt19937_64 random_;
};

}  // namespace ms2m::test
