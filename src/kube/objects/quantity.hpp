// Amounts of resources, as Kubernetes writes them. Pure.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "ms2m/json.hpp"

namespace ms2m {

/// Kubernetes quantities ("250m", "64Mi", "1.5", "2e3") in thousandths of the unit; nullopt: not a quantity.
std::optional<std::int64_t> parse_quantity(const std::string& quantity);

/// By resource, in thousandths.
using Quantities = std::map<std::string, std::int64_t>;
Quantities parse_quantities(const Json& resources);
void add(Quantities& sum, const Quantities& more);

}  // namespace ms2m
