// Relay::bring_pages(): what CRIU's page server and its client say to each other, in both directions.
#include <fmt/format.h>

#include <algorithm>

#include "base/pace.hpp"
#include "carry/flow.hpp"
#include "carry/relay.hpp"
#include "carry/window.hpp"
#include "node/protocol/blocks.hpp"
#include "node/protocol/checks.hpp"

namespace ms2m {
namespace {

using node::FrameKind;

constexpr Millis kLook{100};  // so often progress is told, whatever comes
/// What a running copy waits for comes behind what is on its way from the source.
constexpr std::uint32_t kLazyWindow = 512u << 10, kLeastWindow = 64u << 10;
constexpr std::uint32_t kMoments = 8;  // of a pace's piece

class PagesFlow {
 public:
  PagesFlow(const PagesRequest& request, const ProgressFn& progress, const StopToken& stop)
      : request_(request), progress_(progress), stop_(stop), pace_(request.per_second) {
    source_.name = "source " + request.from_node;
    target_.name = "target " + request.to_node;
  }

  void begin(node::Session& source, node::Session& target) {
    const std::string doing = "bringing pages to node " + request_.to_node;
    on_side(target_.name, [&] {
      target_.call = target.start(node::print_message(node::FeedPages{request_.id, packed(), request_.lazy}), doing);
      if (target_.call->next(stop_).kind != FrameKind::progress) throw unexpected();
    });
    on_side(source_.name, [&] {
      source_.call =
          source.start(node::print_message(node::ServePages{request_.id, request_.compress, request_.lazy}), doing);
      if (source_.call->next(stop_).kind != FrameKind::progress) throw unexpected();
    });
    source_.call->grant(window_.size());
    target_.call->grant(target_window_.size());
    pace_.begin();
  }

  Bytes run() {
    TimePoint next{};
    while (!source_.over || !target_.over) {
      const bool heard = hear(source_, target_) | hear(target_, source_);
      const TimePoint now = Clock::now();
      if (!heard && source_.last && now - *source_.last >= kPagesPatience)
        throw Error(ErrorKind::timeout, fmt::format("no page has come from node {} for {} s", request_.from_node,
                                                    kPagesPatience.count() / 1000));
      if (progress_ && now >= next) {
        next = now + kLook;
        progress_({source_.bytes, request_.bytes, packed() ? std::optional(travelled_) : std::nullopt});
      }
      if (!heard) node::Call::wait_for_either(*source_.call, *target_.call, stop_.within(kLook));
    }
    return source_.bytes;
  }

 private:
  struct Side {
    std::string name;
    std::shared_ptr<node::Call> call{};
    Bytes bytes{};                    ///< that came from it
    std::optional<TimePoint> last{};  ///< when some did
    bool over = false;
  };
  static Error unexpected() { return Error(ErrorKind::protocol, "the stream is not what was announced"); }

  bool hear(Side& from, Side& to) {
    if (from.over) return false;
    const auto frame = on_side(from.name, [&] { return from.call->try_next(stop_); });
    if (!frame) return false;
    if (frame->kind == FrameKind::data) return pass(frame->payload, from, to), true;
    if (frame->kind != FrameKind::answer) throw unexpected();
    on_side(from.name, [&] { node::parse_message<node::PagesEnd>(frame->payload); });
    from.over = true;
    if (!to.over) to.call->end(node::print_message(node::StreamEnd{}));
    return true;
  }

  bool packed() const { return request_.compress != Compression::none; }

  /// What the other side has no use for any more is passed over: its answer is there.
  void pass(const std::string& chunk, Side& from, Side& to) {
    if (&from == &source_) pace_.await_turn(chunk.size(), stop_, "bringing pages", request_.per_second_now);
    if (!to.over) on_side(to.name, [&] { to.call->send(chunk, stop_.within(kPagesPatience)); });
    from.bytes.count +=
        &from == &source_ && packed() ? on_side(from.name, [&] { return meter_.feed(chunk); }) : chunk.size();
    if (&from == &source_) travelled_.count += chunk.size();
    from.last = Clock::now();
    Window& window = &from == &source_ ? window_ : target_window_;
    window_.resize(wide());
    if (const std::uint32_t more = window.take(chunk.size()); more > 0) from.call->grant(more);
  }

  std::uint32_t wide() const {
    if (!request_.lazy) return node::kWindow;
    return std::max(static_cast<std::uint32_t>(pace_.piece(kMoments * kLazyWindow)) / kMoments, kLeastWindow);
  }

  const PagesRequest& request_;
  const ProgressFn& progress_;
  const StopToken& stop_;
  Pace pace_;
  Window window_{wide()}, target_window_{node::kWindow};  ///< of what comes from them
  node::BlockMeter meter_;                                ///< of what comes from the source
  Bytes travelled_{};
  Side source_, target_;
};

}  // namespace

Bytes Relay::bring_pages(const PagesRequest& request, const std::function<void()>& open, const ProgressFn& progress,
                         const StopToken& stop) {
  node::check_restore_id(request.id);
  const auto source = on_side("source", [&] { return nodes_.session(request.from_node, stop); });
  const auto target = on_side("target", [&] { return nodes_.session(request.to_node, stop); });
  PagesFlow flow(request, progress, stop);
  flow.begin(*source, *target);
  open();
  return flow.run();
}

}  // namespace ms2m
