#include "engine/timed_ports.hpp"

namespace ms2m {
namespace {

using Call = MainLine::Call;
using Kind = MainLine::Kind;

class TimedAdmin final : public BrokerAdmin {
 public:
  TimedAdmin(BrokerAdmin& inner, MainLine& line) : inner_(inner), line_(line) {}

  std::optional<std::string> version(const StopToken& stop) override {
    const Call call = look("its version");
    return inner_.version(stop);
  }
  std::optional<QueueFacts> queue(const std::string& name, const StopToken& stop) override {
    const Call call = look("consumers of " + name);
    return inner_.queue(name, stop);
  }
  std::optional<std::string> queue_type(const std::string& name, const StopToken& stop) override {
    const Call call = look("type of " + name);
    return inner_.queue_type(name, stop);
  }
  std::optional<std::string> leader(const std::string& queue, const StopToken& stop) override {
    const Call call = look("leader of " + queue);
    return inner_.leader(queue, stop);
  }
  std::optional<Json> policy_for(const std::string& queue_name, const StopToken& stop) override {
    const Call call = look("policies");
    return inner_.policy_for(queue_name, stop);
  }
  std::optional<Json> effective_policy(const std::string& queue_name, const StopToken& stop) override {
    const Call call = look("policy of " + queue_name);
    return inner_.effective_policy(queue_name, stop);
  }
  std::vector<QueueBinding> bindings(const std::string& queue, const StopToken& stop) override {
    const Call call = look("bindings of " + queue);
    return inner_.bindings(queue, stop);
  }
  std::optional<QueueTotals> totals(const std::string& queue, const StopToken& stop) override {
    const Call call = look("totals of " + queue);
    return inner_.totals(queue, stop);
  }
  std::vector<std::string> alarms(const StopToken& stop) override {
    const Call call = look("alarms");
    return inner_.alarms(stop);
  }
  std::vector<std::string> queue_names(const std::string& prefix, const StopToken& stop) override {
    const Call call = look("list of queues");
    return inner_.queue_names(prefix, stop);
  }
  std::optional<std::chrono::seconds> heartbeat(const std::string& connection, const StopToken& stop) override {
    const Call call = look("heartbeat");
    return inner_.heartbeat(connection, stop);
  }
  bool close_connection(const std::string& name, const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "close a connection");
    return inner_.close_connection(name, stop);
  }

 private:
  Call look(std::string what) const { return {line_, WaitFor::broker, std::move(what), Kind::look}; }

  BrokerAdmin& inner_;
  MainLine& line_;
};

}  // namespace

std::unique_ptr<BrokerAdmin> timed(BrokerAdmin& admin, MainLine& line) {
  return std::make_unique<TimedAdmin>(admin, line);
}

}  // namespace ms2m
