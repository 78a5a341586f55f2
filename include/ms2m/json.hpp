// The one JSON type of the program. Object keys are kept sorted, so equal values print equally.
#pragma once
#include <nlohmann/json.hpp>

namespace ms2m {
using Json = nlohmann::json;
}
