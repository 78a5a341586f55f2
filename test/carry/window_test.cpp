// What of a stream is granted when the limit of its rate changes.
#include "carry/window.hpp"

#include "support/catch.hpp"

using namespace ms2m;

TEST_CASE("window: what has come is granted again, in quarters") {
  Window window(16384);
  CHECK(window.take(4095) == 0);
  CHECK(window.take(1) == 4096);
  CHECK(window.take(16384) == 16384);
}

TEST_CASE("window: a limit that goes opens it at once") {
  Window window(16384);
  window.resize(1u << 20);
  CHECK(window.size() == 1u << 20);
  CHECK(window.take(1024) == (1u << 20) - 16384 + 1024);
  CHECK(window.take(1024) == 0);
}

TEST_CASE("window: a limit that comes closes it as what is on its way arrives") {
  Window window(1u << 20);
  window.resize(16384);
  std::uint32_t granted = 0;
  for (std::uint32_t came = 0; came < (1u << 20); came += 8192) granted += window.take(8192);
  CHECK(granted == 16384);
}
