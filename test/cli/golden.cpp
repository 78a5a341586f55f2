#include "golden.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "support/catch.hpp"

namespace ms2m::test {

void check_golden(const std::string& file, const std::string& text) {
  const std::string path = std::string(MS2M_SOURCE_DIR) + "/test/cli/golden/" + file;
  if (std::getenv("MS2M_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
    return;
  }
  std::ifstream in(path);
  INFO("golden file " << path);
  REQUIRE(in.good());
  std::ostringstream wanted;
  wanted << in.rdbuf();
  CHECK(text == wanted.str());
}

}  // namespace ms2m::test
