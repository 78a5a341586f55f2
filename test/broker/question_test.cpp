// Questions to whoever reads a queue: what comes back, and what does not.
#include <atomic>
#include <thread>

#include "broker/harness.hpp"
#include "support/error_of.hpp"
#include "wrap/amqp/message_impl.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

/// Answers every question in the queue with its body in brackets, so many times, on a thread and connection of its own.
class Answering {
 public:
  explicit Answering(const std::string& queue, int times = 1)
      : thread_([this, queue, times] {
          Client client;
          while (!over_) {
            const auto question = client.connection().get(queue, limit());
            if (!question) {
              std::this_thread::sleep_for(std::chrono::milliseconds(5));
              continue;
            }
            const auto& values = question->properties.impl().values;
            const std::string to = amqp::text_of(values.reply_to);
            for (int i = 0; i < times; ++i)
              client.connection().publish("", to, question->properties, "<" + question->body + ">", false, limit());
            client.connection().ack(question->tag, false, limit());
          }
        }) {}
  ~Answering() {
    over_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> over_{false};
  std::thread thread_;
};

}  // namespace

TEST_CASE("a question is answered over the connection that asks, and leaves no queue") {
  RabbitBroker broker(address(), "t", limit());
  const auto queue = unique("asked");
  broker.declare_queue({queue, {}, {}}, limit());
  {
    const Answering somebody(queue, 2);  // the second answer to a question is none to the next one
    CHECK(broker.ask(queue, "one", limit()) == "<one>");
    CHECK(broker.ask(queue, "two", limit()) == "<two>");
  }
  CHECK(broker.depth(queue, limit())->ready == 0);
  broker.delete_queue(queue, limit());
}

TEST_CASE("a question that nobody answers ends with its deadline, and goes") {
  RabbitBroker broker(address(), "t", limit());
  const auto queue = unique("unasked");
  broker.declare_queue({queue, {}, {}}, limit());
  const auto ask = [&] { broker.ask(queue, "lost", limit(std::chrono::milliseconds(300))); };
  CHECK(error_of(ask).kind() == ErrorKind::timeout);
  eventually([&] { return broker.depth(queue, limit())->ready == 0; });
  {
    const Answering somebody(queue);
    CHECK(broker.ask(queue, "again", limit()) == "<again>");
  }
  broker.delete_queue(queue, limit());
}

TEST_CASE("a question to a queue that is not there is an error at once") {
  RabbitBroker broker(address(), "t", limit());
  CHECK(error_of([&] { broker.ask(unique("nowhere"), "?", limit()); }).kind() == ErrorKind::not_found);
}

TEST_CASE("consumers of a stream are not counted by a passive declaration") {
  RabbitBroker broker(address(), "t", limit());
  const auto stream = unique("stream");
  Client client;
  client.declare(stream, {{"x-queue-type", std::string("stream")}});
  client.connection().set_prefetch(10, limit());
  client.connection().consume(stream, {{"x-stream-offset", std::string("first")}}, limit());
  CHECK(broker.depth(stream, limit())->consumers == 0);
  CHECK(broker.delete_queue(stream, limit()));
}
