#include "runtime/quantity.hpp"

#include <cmath>
#include <cstdlib>
#include <map>

namespace kubelet {
namespace {

double number(const std::string& text, std::string& suffix) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  suffix = end;
  return value;
}

}  // namespace

long milli_cpus(const std::string& quantity) {
  std::string suffix;
  const double value = number(quantity, suffix);
  return std::lround(suffix == "m" ? value : value * 1000);
}

long bytes_of(const std::string& quantity) {
  static const std::map<std::string, double> kFactors = {
      {"", 1},           {"k", 1e3},           {"M", 1e6},
      {"G", 1e9},        {"T", 1e12},          {"Ki", 1024.0},
      {"Mi", 1048576.0}, {"Gi", 1073741824.0}, {"Ti", 1099511627776.0}};
  std::string suffix;
  const double value = number(quantity, suffix);
  const auto factor = kFactors.find(suffix);
  return factor == kFactors.end() ? 0 : std::lround(value * factor->second);
}

}  // namespace kubelet
