#include "handover/prepared_restore.hpp"
#include "support/catch.hpp"

using namespace ms2m;

TEST_CASE("a create waits less long than its kubelet, and never for ever", "[handover]") {
  CHECK(restore_wait(std::nullopt) == Millis{100'000});
  CHECK(restore_wait(Millis{120'000}) == Millis{100'000});
  CHECK(restore_wait(Millis{3000}) == Millis{2500});
  CHECK(restore_wait(Millis{10}) == Millis{500});
  CHECK(restore_wait(Millis{900'000}) < Millis{240'000});  // CRI-O's own limit
}
