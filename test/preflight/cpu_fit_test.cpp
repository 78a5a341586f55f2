#include "preflight/cpu_fit.hpp"

#include "support/catch.hpp"

using namespace ms2m;

TEST_CASE("features that only the kernel uses", "[cpu_fit]") {
  const LackingFeatures lacking = lacking_features({"amx_tile", "avx512f", "fpu", "ibrs", "sse4_2"}, {"fpu", "vmx"});
  CHECK(lacking.instructions == std::vector<std::string>{"amx_tile", "avx512f", "sse4_2"});
  CHECK(lacking.others == std::vector<std::string>{"ibrs"});
}
