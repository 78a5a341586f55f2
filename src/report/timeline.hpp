// The picture of one migration.
#pragma once
#include <string>

#include "ms2m/json.hpp"

namespace ms2m::report {

struct Picture {
  std::string svg;  ///< a <g>, from 0,0
  double width = 0, height = 0;
};

/// Of a document of kind "outcome": how many messages waited, where that is known, its phases over its time, and below
/// them, one line each, what it waited for.
Picture timeline(const Json& move);

}  // namespace ms2m::report
