#include "kube/objects/quantity.hpp"

#include <cmath>
#include <cstdlib>

namespace ms2m {

std::optional<std::int64_t> parse_quantity(const std::string& quantity) {
  static const std::map<std::string, double> kSuffixes{{"", 1},
                                                       {"n", 1e-9},
                                                       {"u", 1e-6},
                                                       {"m", 1e-3},
                                                       {"k", 1e3},
                                                       {"M", 1e6},
                                                       {"G", 1e9},
                                                       {"T", 1e12},
                                                       {"P", 1e15},
                                                       {"E", 1e18},
                                                       {"Ki", 1024.0},
                                                       {"Mi", 1048576.0},
                                                       {"Gi", 1073741824.0},
                                                       {"Ti", 1099511627776.0},
                                                       {"Pi", 1125899906842624.0},
                                                       {"Ei", 1152921504606846976.0}};
  char* end = nullptr;
  const double number = std::strtod(quantity.c_str(), &end);
  if (end == quantity.c_str()) return std::nullopt;
  const auto suffix = kSuffixes.find(end);
  if (suffix == kSuffixes.end()) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(number * suffix->second * 1000));
}

Quantities parse_quantities(const Json& resources) {
  Quantities all;
  for (const auto& [name, quantity] : resources.items())
    if (quantity.is_string()) all[name] = parse_quantity(quantity.get<std::string>()).value_or(0);
  return all;
}

void add(Quantities& sum, const Quantities& more) {
  for (const auto& [name, amount] : more) sum[name] += amount;
}

}  // namespace ms2m
