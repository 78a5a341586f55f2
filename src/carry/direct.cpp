#include "carry/direct.hpp"

#include "carry/flow.hpp"

namespace ms2m {
namespace {

using node::FrameKind;

constexpr std::chrono::seconds kMeeting{12};  // for all that is said and tried until both are connected
constexpr std::chrono::seconds kCause{2};     // until the other side has said what it knows of a connection that broke

/// The bytes go through the passage `id`.
class DirectFlow : private Flow {
 public:
  DirectFlow(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop, std::string id)
      : Flow(request, progress, stop), id_(std::move(id)) {}

  /// Until the target is ready; nothing has been sent then.
  void begin(node::Session& source, node::Session& target) {
    on_side(source_, [&] {
      from_ = source.start(reading(node::PassageUse{id_, request_.per_second}), doing_);
      announced_ = progress_of(from_->next(stop_));
    });
    report(true);
    on_side(target_, [&] {
      to_ = target.start(writing(id_), doing_);
      progress_of(to_->next(stop_));
    });
  }

  MoveResult run() {
    from_->grant(1);
    while (!target_done_) {
      const bool heard = hear_target() | hear_source();
      if (!heard) node::Call::wait_for_either(*from_, *to_, stop_);
    }
    return result(Carriage::direct);
  }

 private:
  static node::StreamProgress progress_of(const node::Frame& frame) {
    if (frame.kind != FrameKind::progress) throw unexpected();
    return node::parse_message<node::StreamProgress>(frame.payload);
  }

  bool hear_source() {
    if (source_done_) return false;
    try {
      return on_side(source_, [&] {
        const auto frame = from_->try_next(stop_);
        if (!frame) return false;
        if (frame->kind == FrameKind::end) {
          end_ = frame->payload;
        } else if (frame->kind == FrameKind::answer && !end_.empty()) {
          node::parse_message<node::StreamEnd>(frame->payload);
          source_done_ = true;
          to_->end(end_);
        } else {
          throw unexpected();
        }
        return true;
      });
    } catch (const Error& error) {
      throw first_cause(error, *to_, target_);
    }
  }

  bool hear_target() {
    try {
      return on_side(target_, [&] {
        const auto frame = to_->try_next(stop_);
        if (!frame) return false;
        if (frame->kind == FrameKind::answer) {
          if (!source_done_) throw unexpected();
          done_ = announced_.total;
          take_end(end_);
          check(node::parse_message<node::StreamEnd>(frame->payload));
          target_done_ = true;
        } else {
          const auto told = progress_of(*frame);
          done_ = told.done;
          travelled_ = told.travelled;
        }
        report(done_ == announced_.total);
        return true;
      });
    } catch (const Error& error) {
      throw first_cause(error, *from_, source_);
    }
  }

  /// Of a connection that broke, each side knows that much; the one that broke it knows why.
  Error first_cause(const Error& told, node::Call& other, const std::string& side) const {
    if (told.kind() != ErrorKind::unavailable) return told;
    const StopToken limit = stop_.within(kCause);
    try {
      for (;;) other.next(limit);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::unavailable || error.kind() == ErrorKind::timeout) return told;
      Error cause = error;
      return cause.in(side);
    }
  }

  const std::string id_;
  std::string end_;  ///< the source's StreamEnd
  bool source_done_ = false, target_done_ = false;
};

}  // namespace

void Direct::meet(const std::string& from, const std::string& to, const std::string& id, const StopToken& stop) {
  const auto source = nodes_.session(from, stop);
  const auto target = nodes_.session(to, stop);
  const std::string doing = "connecting " + from + " with " + to;
  const auto addresses = addresses_ ? addresses_(to, stop) : std::vector<std::string>{};
  if (addresses.empty()) throw Error(ErrorKind::unavailable, "node " + to + " has no InternalIP");
  const auto key = nodes_.ask_in(*source, from, node::OfferPassage{id}, doing, stop);
  const auto opening =
      target->start(node::print_message(node::OpenPassage{id, addresses, port_, key.fingerprint}), doing);
  const node::Frame frame = opening->next(stop);
  if (frame.kind != FrameKind::progress) throw Error(ErrorKind::protocol, "the passage is not what was announced");
  const auto ends = node::parse_message<node::PassageEnds>(frame.payload);
  nodes_.ask_in(*source, from, node::EnterPassage{id, ends.ends, ends.fingerprint}, doing, stop);
  node::parse_message<node::PassageOpened>(opening->answer(stop));
}

/// What a session has of it goes with that at the latest.
void Direct::drop_passage(const std::string& from, const std::string& to, const std::string& id,
                          const StopToken& stop) {
  for (const std::string& node : {from, to}) {
    try {
      nodes_.ask(node, node::DropPassage{id}, "closing a connection", stop.within(kMeeting));
    } catch (const Error&) {
    }
  }
}

/// Whatever it is, nothing of the checkpoint has been touched.
std::optional<std::string> Direct::open_passage(const std::string& from, const std::string& to, const std::string& id,
                                                const StopToken& stop) {
  try {
    meet(from, to, id, stop.within(kMeeting));
    return std::nullopt;
  } catch (const Error& error) {
    stop.check("connecting " + from + " with " + to);
    drop_passage(from, to, id, stop);
    const std::lock_guard lock(mutex_);
    return obstacles_[{from, to}] = error.what();
  }
}

std::optional<std::string> Direct::known_obstacle(const std::string& from, const std::string& to) const {
  const std::lock_guard lock(mutex_);
  const auto found = obstacles_.find({from, to});
  return found == obstacles_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> Direct::obstacle(const std::string& from_node, const std::string& to_node,
                                            const StopToken& stop) {
  if (from_node == to_node) return "both are one node";
  nodes_.open(from_node, stop);
  nodes_.open(to_node, stop);
  if (auto known = known_obstacle(from_node, to_node)) return known;
  constexpr const char* kProbe = "probe";
  auto why = open_passage(from_node, to_node, kProbe, stop);
  if (!why) drop_passage(from_node, to_node, kProbe, stop);
  return why;
}

MoveResult Direct::move(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop) {
  const std::string id = check_move(request);
  if (request.carriage == Carriage::relay || request.from_node == request.to_node ||
      known_obstacle(request.from_node, request.to_node))
    return relay_.move(request, progress, stop);
  const auto source = on_side("source", [&] { return nodes_.session(request.from_node, stop); });
  const auto target = on_side("target", [&] { return nodes_.session(request.to_node, stop); });
  if (const auto why = open_passage(request.from_node, request.to_node, id, stop)) {
    if (request.on_detour) request.on_detour(*why);
    return relay_.move(request, progress, stop);
  }
  DirectFlow flow(request, progress, stop, id);
  try {
    flow.begin(*source, *target);
  } catch (const Error&) {
    drop_passage(request.from_node, request.to_node, id, stop);
    throw;
  }
  return flow.run();
}

}  // namespace ms2m
