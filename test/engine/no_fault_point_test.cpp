// fault_point.cpp as a release has it.
#include "engine/fault_point.hpp"
#include "support/catch.hpp"

TEST_CASE("a build without the faults asks for no variable, and makes none") {
  bool asked = false;
  const auto variable = [&](const std::string&) -> std::optional<std::string> {
    asked = true;
    return "1:begin:kill";
  };
  CHECK(ms2m::fault_point(variable, {}) == nullptr);
  CHECK_FALSE(asked);
}
