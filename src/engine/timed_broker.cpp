#include "engine/timed_ports.hpp"

namespace ms2m {
namespace {

using Call = MainLine::Call;
using Kind = MainLine::Kind;

class TimedDeadMan final : public DeadMan {
 public:
  TimedDeadMan(std::unique_ptr<DeadMan> inner, MainLine& line) : inner_(std::move(inner)), line_(line) {}
  bool fired() const noexcept override { return inner_->fired(); }
  Millis margin() const noexcept override { return inner_->margin(); }
  std::optional<Millis> away() const noexcept override { return inner_->away(); }
  void stop_renewing() noexcept override {
    const Call call(line_, WaitFor::broker, "end of renewing");
    inner_->stop_renewing();
  }

 private:
  std::unique_ptr<DeadMan> inner_;
  MainLine& line_;
};

class TimedValve final : public Valve {
 public:
  TimedValve(std::unique_ptr<Valve> inner, MainLine& line) : inner_(std::move(inner)), line_(line) {}
  std::uint64_t held() const noexcept override { return inner_->held(); }
  std::uint64_t ready_at_closing() const noexcept override { return inner_->ready_at_closing(); }
  Bytes held_bytes() const noexcept override { return inner_->held_bytes(); }
  bool broken() const noexcept override { return inner_->broken(); }
  bool full() const noexcept override { return inner_->full(); }
  std::optional<TimePoint> flooded() const noexcept override { return inner_->flooded(); }
  void settle(const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "what it has sent to the valve");
    inner_->settle(stop);
  }
  std::uint64_t open() override {
    const Call call(line_, WaitFor::broker, "open the valve");
    return inner_->open();
  }
  bool keep() noexcept override { return inner_->keep(); }
  bool returned() const noexcept override { return inner_->returned(); }

 private:
  std::unique_ptr<Valve> inner_;
  MainLine& line_;
};

class TimedPump final : public Pump {
 public:
  TimedPump(std::unique_ptr<Pump> inner, MainLine& line) : inner_(std::move(inner)), line_(line) {}
  PumpStats stats() const noexcept override { return inner_->stats(); }
  bool broken() const noexcept override { return inner_->broken(); }
  std::string failure() const override { return inner_->failure(); }
  void limit(double messages_per_second) noexcept override { inner_->limit(messages_per_second); }
  void pace(const Pace& pace) noexcept override { inner_->pace(pace); }
  PumpStats stop(const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "end of the relay");
    return inner_->stop(stop);
  }

 private:
  std::unique_ptr<Pump> inner_;
  MainLine& line_;
};

class TimedBroker final : public Broker {
 public:
  TimedBroker(Broker& inner, MainLine& line, DepthLog& depths) : inner_(inner), line_(line), depths_(depths) {}

  std::string server_version(const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "its version");
    return inner_.server_version(stop);
  }
  std::string cluster_name(const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "its name");
    return inner_.cluster_name(stop);
  }
  MissingBrokerRights missing_rights(const std::vector<BrokerRight>& rights, const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "rights");
    return inner_.missing_rights(rights, stop);
  }
  std::optional<QueueDepth> depth(const std::string& queue, const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "depth of " + queue, Kind::look);
    const auto depth = inner_.depth(queue, stop);
    if (depth) depths_.heard(queue, depth->ready);
    return depth;
  }
  void declare_queue(const QueueSpec& spec, const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "declare " + spec.name);
    inner_.declare_queue(spec, stop);
  }
  bool delete_queue(const std::string& queue, const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "delete " + queue);
    return inner_.delete_queue(queue, stop);
  }
  std::uint64_t purge_queue(const std::string& queue, const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "empty " + queue);
    return inner_.purge_queue(queue, stop);
  }
  void declare_fanout(const std::string& exchange, const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "declare " + exchange);
    inner_.declare_fanout(exchange, stop);
  }
  bool delete_exchange(const std::string& exchange, const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "delete " + exchange);
    return inner_.delete_exchange(exchange, stop);
  }
  void bind_queue(const std::string& queue, const std::string& exchange, const std::string& key,
                  const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "bind " + queue);
    inner_.bind_queue(queue, exchange, key, stop);
  }
  void unbind_queue(const std::string& queue, const std::string& exchange, const std::string& key,
                    const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "unbind " + queue);
    inner_.unbind_queue(queue, exchange, key, stop);
  }
  std::uint64_t give_back(const std::string& from, const std::string& to, const std::string& way_back,
                          const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "messages back to " + to);
    return inner_.give_back(from, to, way_back, stop);
  }
  void publish(const Outgoing& message, const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "message to " + message.routing_key);
    inner_.publish(message, stop);
  }
  /// It is a consumer that answers, which the steps name themselves.
  std::string ask(const std::string& queue, const std::string& question, const StopToken& stop) override {
    const Call call(line_, WaitFor::consumer, "answer in " + queue, Kind::look);
    return inner_.ask(queue, question, stop);
  }
  std::unique_ptr<DeadMan> arm(const DeadManSpec& spec, const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "arm " + spec.queue);
    return std::make_unique<TimedDeadMan>(inner_.arm(spec, stop), line_);
  }
  std::unique_ptr<Valve> close_valve(const ValveSpec& spec, const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "close the valve");
    auto valve = inner_.close_valve(spec, stop);
    if (!valve) return nullptr;
    return std::make_unique<TimedValve>(std::move(valve), line_);
  }
  std::unique_ptr<Pump> start_pump(const PumpSpec& spec, const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "start of the relay");
    return std::make_unique<TimedPump>(inner_.start_pump(spec, stop), line_);
  }
  PivotResult pivot(const std::string& dead_man_queue, const std::vector<Outgoing>& messages,
                    const StopToken& stop) override {
    const Call call(line_, WaitFor::broker, "pivot");
    return inner_.pivot(dead_man_queue, messages, stop);
  }

 private:
  Broker& inner_;
  MainLine& line_;
  DepthLog& depths_;
};

}  // namespace

std::unique_ptr<Broker> timed(Broker& broker, MainLine& line, DepthLog& depths) {
  return std::make_unique<TimedBroker>(broker, line, depths);
}

}  // namespace ms2m
