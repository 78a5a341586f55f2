// A valve that would hold more than it may, on the fakes: the move is undone, and everything is back in its order.
#include <fmt/format.h>

#include <string>

#include "engine/on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Matchers::Contains;

namespace {

struct Behind : OnFakes {
  explicit Behind(Protocol protocol) {
    ConsumerOptions options;
    options.control = protocol == Protocol::none ? ConsumerOptions::Control::none : ConsumerOptions::Control::polls;
    options.per_settle = 1;
    if (protocol == Protocol::none) nodes.set_eager_kubelet();
    nodes.start_pod("consumer-0", request.queue, "", options);
    request.protocol = protocol;
    request.timeouts.quiet = Seconds(0.1);
    for (int i = 0; i < 1000; ++i) server.publish(request.queue, name(i));
  }
  static std::string name(int i) { return fmt::format("{:010}", i); }
};

}  // namespace

TEST_CASE("a valve takes no more bytes than it may, and the move is undone") {
  const Protocol protocol = GENERATE(Protocol::control, Protocol::none);
  Behind behind(protocol);
  behind.request.max_held_bytes = {3000};  // of 10000
  behind.move();
  INFO(behind.outcome.error);
  CHECK(behind.outcome.result == Result::undone);
  CHECK(behind.outcome.serving.who == ServedBy::source);
  CHECK_THAT(behind.outcome.error, Contains("--max-held-bytes"));
  CHECK_THAT(behind.outcome.remedy, Contains("raise"));
}

TEST_CASE("what is within the limit is held") {
  Behind behind(Protocol::control);
  behind.request.max_held_bytes = {10000};
  behind.move();
  INFO(behind.outcome.error);
  CHECK(behind.outcome.result == Result::done);
}
