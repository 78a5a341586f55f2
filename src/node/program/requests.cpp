#include "node/program/requests.hpp"

#include <new>
#include <system_error>

#include "ms2m/error.hpp"
#include "node/protocol/json_text.hpp"
#include "node/protocol/wire_error.hpp"

namespace ms2m::node {
namespace {

struct LastFrame {
  FrameKind kind;
  std::string payload;
};

/// Everything that a request can end with is an answer.
LastFrame answer_to(const Node& node, const Json& request, Channel& channel) {
  try {
    std::string payload = answer(node, request, channel);
    if (payload.size() > kMaxAnswer) throw Error(ErrorKind::failed, "the answer is too long");
    return {FrameKind::answer, std::move(payload)};
  } catch (const Cancelled&) {
    return {FrameKind::error, print_cancelled()};
  } catch (const Error& error) {
    return {FrameKind::error, print_error(error)};
  } catch (const std::exception& error) {
    return {FrameKind::error, print_error(Error(ErrorKind::failed, error.what()))};
  }
}

}  // namespace

Requests::~Requests() { end(); }

void Requests::run(const Node& node, const Json& request, Running& running, Wire& wire) noexcept {
  const LastFrame last = answer_to(node, request, running.channel);
  running.answered = true;  // first: what ms2m sends after it has the answer is late already
  wire.put(last.kind, running.channel.number(), last.payload);
}

void Requests::begin(const Node& node, std::uint32_t channel, Json request) {
  reap();
  if (channel <= last_) throw Error(ErrorKind::protocol, "channel " + std::to_string(channel) + " was used before");
  if (running_.size() >= kMaxChannels) throw Error(ErrorKind::protocol, "too many requests at a time");
  last_ = channel;
  auto running = std::make_unique<Running>(channel, wire_);
  Running& it = *running;
  running_.emplace(channel, std::move(running));
  try {
    it.thread = std::thread([&node, &it, this, said = std::move(request)] { run(node, said, it, wire_); });
  } catch (const std::system_error& error) {
    running_.erase(channel);
    wire_.put(FrameKind::error, channel,
              print_error(Error(ErrorKind::failed, std::string("no thread: ") + error.what())));
  }
}

void Requests::deliver(Frame frame) {
  const auto found = running_.find(frame.channel);
  if (found == running_.end() || found->second->answered) {
    if (frame.channel > last_)
      throw Error(ErrorKind::protocol, "no request on channel " + std::to_string(frame.channel));
    return;
  }
  Channel& channel = found->second->channel;
  if (frame.kind == FrameKind::cancel) channel.cancel();
  if (frame.kind == FrameKind::credit) channel.on_credit(credit_of(frame));
  if (frame.kind == FrameKind::data) channel.on_data(std::move(frame.payload));
  if (frame.kind == FrameKind::end) channel.on_end(parse_message<StreamEnd>(frame.payload));
}

void Requests::reap() {
  for (auto each = running_.begin(); each != running_.end();) {
    if (!each->second->answered) {
      ++each;
      continue;
    }
    each->second->thread.join();
    each = running_.erase(each);
  }
}

void Requests::end() noexcept {
  for (const auto& [number, each] : running_) each->channel.cancel();
  for (const auto& [number, each] : running_)
    if (each->thread.joinable()) each->thread.join();
  running_.clear();
}

}  // namespace ms2m::node
