#include "broker/harness.hpp"

#include "wrap/curl/http_client.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace ms2m::test {

std::string fixture_file(const std::string& name) {
  const char* dir = std::getenv("MS2M_TEST_BROKER_DIR");
  if (dir == nullptr) throw std::runtime_error("run me as: test/support/private_broker run -- broker_contract");
  return std::string(dir) + "/" + name;
}

BrokerAddress address() {
  fixture_file("");
  BrokerAddress made;
  made.host = "127.0.0.1";
  made.user = "tester";
  made.password = "s3cret/@x";
  return made;
}

std::string unique(const std::string& stem) {
  static int counter = 0;
  return stem + "." + std::to_string(::getpid()) + "." + std::to_string(++counter);
}

Outgoing message(const std::string& exchange, const std::string& key, const std::string& body,
                 const std::string& content_type, const std::string& id) {
  return Outgoing{exchange, key, body, content_type, id};
}

StopToken limit(std::chrono::milliseconds time) { return StopToken{}.within(time); }

void api(const std::string& method, const std::string& path, const std::string& body) {
  HttpOptions options;
  options.user = address().user;
  options.password = address().password;
  HttpRequest request;
  request.method = method;
  request.url = "http://127.0.0.1:15672/api/" + path;
  request.body = body;
  request.headers.emplace_back("Content-Type", "application/json");
  const auto answer = HttpClient(options).request(request, limit());
  INFO(answer.status << " " << answer.body);
  REQUIRE(answer.ok());
}

void make_user(const std::string& name, const std::string& password) {
  api("PUT", "users/" + name, Json{{"password", password}, {"tags", ""}}.dump());
  api("PUT", "permissions/%2F/" + name, R"({"configure":".*","write":".*","read":".*"})");
}

void eventually(const std::function<bool()>& condition, std::chrono::milliseconds time) {
  const auto until = Clock::now() + time;
  while (!condition()) {
    if (Clock::now() > until) FAIL("not in time");
    StopToken{}.sleep(Millis{2}, "waiting");
  }
}

Client::Client() : Client(endpoint_of(address(), "test", "client")) {}
Client::Client(const amqp::Endpoint& endpoint) : connection_(endpoint, limit()) {
  connection_.select_confirms(limit());
}

void Client::declare(const std::string& queue, const amqp::Arguments& arguments) {
  connection_.declare_queue(queue, arguments, limit());
}

void Client::refuse_returned() {
  if (!connection_.take_returned().empty()) throw std::runtime_error("a message was returned");
}

void Client::publish(const std::string& queue, const std::string& body) {
  connection_.publish("", queue, amqp::Properties::make("text/plain", body, true), body, true, limit());
  connection_.wait_confirmed(limit());
  refuse_returned();
}

void Client::publish_numbers(const std::string& queue, int first, int count) {
  for (int i = first; i < first + count; ++i)
    connection_.publish("", queue, amqp::Properties::make("text/plain", std::to_string(i), true), std::to_string(i),
                        true, limit());
  connection_.wait_confirmed(limit(std::chrono::seconds{60}));
  refuse_returned();
}

amqp::QueueCount Client::count(const std::string& queue) { return connection_.inspect_queue(queue, limit()); }

bool Client::exists(const std::string& queue) {
  try {
    connection_.inspect_queue(queue, limit());
    return true;
  } catch (const amqp::ChannelClosed&) {
    connection_.open_channel(limit());
    connection_.select_confirms(limit());
    return false;
  }
}

std::vector<std::string> Client::drain(const std::string& queue) {
  std::vector<std::string> bodies;
  std::uint64_t last = 0;
  while (auto one = connection_.get(queue, limit())) {
    bodies.push_back(one->body);
    last = one->tag;
  }
  if (last != 0) connection_.ack(last, true, limit());
  count(queue);  // the acknowledgement has been processed
  return bodies;
}

std::vector<int> Client::drain_numbers(const std::string& queue) {
  std::vector<int> found;
  for (const auto& each : drain(queue)) found.push_back(std::stoi(each));
  return found;
}

void Client::await_ready(const std::string& queue, std::size_t ready) {
  eventually([&] { return count(queue).messages == ready; });
}

std::vector<int> numbers(int first, int count) {
  std::vector<int> made;
  for (int i = first; i < first + count; ++i) made.push_back(i);
  return made;
}

ChildProcess::ChildProcess(const std::function<void()>& work) : pid_(::fork()) {
  if (pid_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    work();
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

ChildProcess::~ChildProcess() { kill(); }

void ChildProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

}  // namespace ms2m::test
