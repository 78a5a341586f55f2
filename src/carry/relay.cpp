#include "carry/relay.hpp"

#include <algorithm>

#include "ms2m/error.hpp"
#include "node/protocol/checks.hpp"
#include "node/protocol/messages.hpp"

namespace ms2m {
namespace {

using node::FrameKind;

constexpr Millis kProgressInterval{100};
constexpr std::uint32_t kLeastWindow = 16u << 10;
constexpr double kWindowSeconds = 0.25;

/// What may be on its way from the source: with a limit, what passes in a moment, so that it comes evenly.
std::uint32_t window_of(const std::optional<Bytes>& per_second) {
  if (!per_second) return node::kWindow;
  const double moment = static_cast<double>(per_second->count) * kWindowSeconds;
  return static_cast<std::uint32_t>(std::clamp<double>(moment, kLeastWindow, node::kWindow));
}

/// The side is the outermost frame of what fails there.
template <class Act>
auto on(const std::string& side, const Act& act) {
  try {
    return act();
  } catch (Error& error) {
    throw error.in(side);
  }
}
/// One archive on its way.
class Flow {
 public:
  Flow(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop)
      : request_(request),
        doing_("moving " + to_string(request.checkpoint) + " to node " + request.to_node),
        source_("source " + request.from_node),
        target_("target " + request.to_node),
        progress_(progress),
        stop_(stop),
        window_(window_of(request.per_second)) {}

  void begin(node::Session& source, node::Session& target) {
    on(source_, [&] {
      from_ = source.start(reading(), doing_);
      const node::Frame frame = from_->next(stop_);
      if (frame.kind != FrameKind::progress) throw unexpected();
      announced_ = node::parse_message<node::StreamProgress>(frame.payload);
    });
    report(true);
    on(target_, [&] { to_ = target.start(writing(), doing_); });
  }

  /// From the first byte to the end of the source's stream; what the source says of it must be what came.
  void run() {
    on(source_, [&] { from_->grant(window_); });
    begun_ = Clock::now();
    for (;;) {
      node::Frame frame = on(source_, [&] { return from_->next(stop_); });
      if (frame.kind == FrameKind::end) return on(source_, [&] { check_end(frame.payload); });
      if (frame.kind != FrameKind::data) on(source_, [&] { throw unexpected(); });
      take(std::move(frame.payload));
    }
  }

  MoveResult finish() {
    on(source_, [&] { node::parse_message<node::StreamEnd>(from_->answer(stop_)); });
    on(target_, [&] {
      to_->end(node::print_message(node::StreamEnd{done_, hex_, memory_}));
      check(node::parse_message<node::StreamEnd>(to_->answer(stop_)));
    });
    return {done_, hex_, announced_.pages, announced_.differing};
  }

 private:
  std::string reading() const {
    if (const auto* dump = std::get_if<RuntimeDump>(&request_.checkpoint))
      return node::print_message(node::ReadDump{dump->id, request_.round});
    return node::print_message(node::ReadArchive{std::get<KubeletArchive>(request_.checkpoint).path, request_.round,
                                                 request_.round == Round::none ? "" : id()});
  }
  std::string writing() const {
    if (request_.as == Unpack::layout)
      return node::print_message(node::WriteLayout{request_.directory, announced_.total});
    return node::print_message(node::WriteRestore{id(), announced_.total, request_.round, announced_.over});
  }
  std::string id() const { return node::check_layout_directory(request_.directory, kLayoutRoot); }

  void take(std::string chunk) {
    const std::size_t size = chunk.size();
    await_turn(size);
    // A target that answers before the stream has ended has failed; its answer says how.
    on(target_, [&] {
      if (to_->send(std::move(chunk), stop_)) return;
      to_->answer(stop_);
      throw unexpected();
    });
    done_.count += size;
    taken_ += static_cast<std::uint32_t>(size);
    if (taken_ >= window_ / 4) from_->grant(std::exchange(taken_, 0));
    report(done_ == announced_.total);
  }

  /// Until so many bytes more are within the limit.
  void await_turn(std::size_t more) const {
    if (!request_.per_second) return;
    const Seconds due(static_cast<double>(done_.count + more) / static_cast<double>(request_.per_second->count));
    const TimePoint turn = begun_ + std::chrono::ceil<Clock::duration>(due);
    for (TimePoint now; (now = Clock::now()) < turn;) stop_.sleep(std::chrono::ceil<Millis>(turn - now), doing_);
  }

  /// What the source has read is what the target is told to have got; the bytes between them are counted here, and
  /// not hashed a third time.
  void check_end(const std::string& payload) {
    const auto said = node::parse_message<node::StreamEnd>(payload);
    hex_ = said.sha256;
    memory_ = said.memory;
    check(said);
    if (done_ != announced_.total) throw unexpected();
  }

  void check(const node::StreamEnd& said) const {
    if (said.bytes == done_ && said.sha256 == hex_ && said.memory == memory_) return;
    throw Error(ErrorKind::failed, "the bytes that arrived are not those that were sent");
  }

  Error unexpected() const { return Error(ErrorKind::protocol, "the stream is not what was announced"); }

  void report(bool now) {
    if (!progress_ || (!now && Clock::now() < next_)) return;
    next_ = Clock::now() + kProgressInterval;
    progress_(done_, announced_.total);
  }

  const MoveRequest& request_;
  const std::string doing_, source_, target_;
  const ProgressFn& progress_;
  const StopToken& stop_;
  std::shared_ptr<node::Call> from_, to_;
  std::string hex_, memory_;
  Bytes done_{};
  node::StreamProgress announced_;
  const std::uint32_t window_;
  std::uint32_t taken_ = 0;
  TimePoint begun_{}, next_{};
};

}  // namespace

Landing Relay::landing(const std::string& node, const std::string& id, Unpack as) const {
  const std::string directory = std::string(kLayoutRoot) + "/" + id;
  if (as == Unpack::restore) return {directory, {}};
  return {directory, {{node, directory}}};
}

MoveResult Relay::move(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop) {
  if (const auto* archive = std::get_if<KubeletArchive>(&request.checkpoint)) node::check_archive_path(archive->path);
  if (const auto* dump = std::get_if<RuntimeDump>(&request.checkpoint)) node::check_restore_id(dump->id);
  const std::string id = node::check_layout_directory(request.directory, kLayoutRoot);
  if (request.as == Unpack::restore) node::check_restore_id(id);
  if (request.round != Round::none && request.as != Unpack::restore)
    throw Error(ErrorKind::refused, "a round of pre-copy goes into a restore, not into a layout");
  const auto source = on("source", [&] { return nodes_.session(request.from_node, stop); });
  const auto target = on("target", [&] { return nodes_.session(request.to_node, stop); });
  Flow flow(request, progress, stop);
  flow.begin(*source, *target);
  flow.run();
  return flow.finish();
}

}  // namespace ms2m
