// What RabbitMQ's management API answers: the parts of the input, one to each question.
#include "answering.hpp"
#include "broker/rabbit_admin.hpp"
#include "target.hpp"

using namespace ms2m;

namespace {

using Ask = void (*)(RabbitAdmin& admin, const StopToken& stop);

constexpr Ask kQuestions[] = {
    [](RabbitAdmin& admin, const StopToken& stop) { admin.version(stop); },
    [](RabbitAdmin& admin, const StopToken& stop) { admin.queue("app.events", stop); },
    [](RabbitAdmin& admin, const StopToken& stop) { admin.queue_type("app.events", stop); },
    [](RabbitAdmin& admin, const StopToken& stop) { admin.leader("app.events", stop); },
    [](RabbitAdmin& admin, const StopToken& stop) { admin.policy_for("app.events", stop); },
    [](RabbitAdmin& admin, const StopToken& stop) { admin.effective_policy("app.events", stop); },
    [](RabbitAdmin& admin, const StopToken& stop) { admin.bindings("app.events", stop); },
    [](RabbitAdmin& admin, const StopToken& stop) { admin.totals("app.events", stop); },
    [](RabbitAdmin& admin, const StopToken& stop) { admin.alarms(stop); },
    [](RabbitAdmin& admin, const StopToken& stop) { admin.queue_names("ms2m.", stop); },
    [](RabbitAdmin& admin, const StopToken& stop) { admin.heartbeat("127.0.0.1:1 -> 127.0.0.1:2", stop); }};

}  // namespace

/// The first byte is the question.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static test::Answering api(test::Answering::Speaks::http);
  if (size == 0) return 0;
  std::vector<std::string> answers;
  const std::string all = test::text_of(data + 1, size - 1);
  for (test::Parts parts(all); !parts.over() && answers.size() < 8;) answers.push_back(parts.next());
  BrokerAddress address;
  address.api_url = api.url();
  test::read([&] {
    api.set(answers);
    RabbitAdmin admin(address);
    kQuestions[data[0] % std::size(kQuestions)](admin, StopToken{}.within(Millis{1000}));
  });
  return 0;
}
