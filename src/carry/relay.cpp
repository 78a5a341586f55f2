#include "carry/relay.hpp"

#include <algorithm>

#include "base/pace.hpp"
#include "carry/flow.hpp"
#include "carry/window.hpp"
#include "node/protocol/blocks.hpp"

namespace ms2m {
namespace {

using node::FrameKind;

constexpr std::size_t kLeastWindow = 16u << 10;

/// The source's session -> counted here -> the target's session.
class RelayFlow : private Flow {
 public:
  RelayFlow(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop)
      : Flow(request, progress, stop), pace_(request.per_second), window_(wide()) {}

  void begin(node::Session& source, node::Session& target) {
    on_side(source_, [&] {
      from_ = source.start(reading(std::nullopt), doing_);
      const node::Frame frame = from_->next(stop_);
      if (frame.kind != FrameKind::progress) throw unexpected();
      announced_ = node::parse_message<node::StreamProgress>(frame.payload);
    });
    report(true);
    on_side(target_, [&] { to_ = target.start(writing(""), doing_); });
  }

  /// From the first byte to the end of the source's stream; what the source says of it must be what came.
  void run() {
    on_side(source_, [&] { from_->grant(window_.size()); });
    pace_.begin();
    for (;;) {
      node::Frame frame = on_side(source_, [&] { return from_->next(stop_); });
      if (frame.kind == FrameKind::end) return on_side(source_, [&] { end_of_source(frame.payload); });
      if (frame.kind != FrameKind::data) on_side(source_, [&] { throw unexpected(); });
      take(std::move(frame.payload));
    }
  }

  /// The bytes between the two are counted here, and not hashed a third time.
  MoveResult finish() {
    on_side(source_, [&] { node::parse_message<node::StreamEnd>(from_->answer(stop_)); });
    on_side(target_, [&] {
      to_->end(node::print_message(node::StreamEnd{done_, hex_, memory_}));
      check(node::parse_message<node::StreamEnd>(to_->answer(stop_)));
    });
    return result(Carriage::relay);
  }

 private:
  void end_of_source(const std::string& payload) {
    if (!meter_.between_blocks()) throw unexpected();
    take_end(payload);
  }

  void take(std::string chunk) {
    const std::size_t size = chunk.size();
    const std::uint64_t plain = packed() ? on_side(source_, [&] { return meter_.feed(chunk); }) : size;
    pace_.await_turn(size, stop_, doing_, request_.per_second_now);
    // A target that answers before the stream has ended has failed; its answer says how.
    on_side(target_, [&] {
      if (to_->send(std::move(chunk), stop_)) return;
      to_->answer(stop_);
      throw unexpected();
    });
    done_.count += plain;
    travelled_.count += size;
    window_.resize(wide());
    if (const std::uint32_t more = window_.take(size); more > 0) from_->grant(more);
    report(done_ == announced_.total);
  }

  /// What may be on its way from the source: with a limit, what passes in a moment, so that it comes evenly.
  std::uint32_t wide() const { return static_cast<std::uint32_t>(std::max(pace_.piece(node::kWindow), kLeastWindow)); }

  Pace pace_;
  Window window_;
  node::BlockMeter meter_;
};

}  // namespace

Landing Relay::landing(const std::string& node, const std::string& id, Unpack as) const {
  const std::string directory = std::string(kLayoutRoot) + "/" + id;
  if (as == Unpack::restore) return {directory, {}};
  return {directory, {{node, directory}}};
}

std::optional<std::string> Relay::obstacle(const std::string&, const std::string&, const StopToken&) {
  return "this carrier has no other way than the relay";
}

MoveResult Relay::move(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop) {
  check_move(request);
  const auto source = on_side("source", [&] { return nodes_.session(request.from_node, stop); });
  const auto target = on_side("target", [&] { return nodes_.session(request.to_node, stop); });
  RelayFlow flow(request, progress, stop);
  flow.begin(*source, *target);
  flow.run();
  return flow.finish();
}

}  // namespace ms2m
