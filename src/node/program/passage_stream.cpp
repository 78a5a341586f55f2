#include "node/program/passage_stream.hpp"

#include "ms2m/error.hpp"

namespace ms2m::node {
namespace {

constexpr Millis kTakingBack{3000};

}  // namespace

PassageStream::~PassageStream() {
  over_.request_stop();
  wire_.wake();
  if (thread_.joinable()) thread_.join();
}

void PassageStream::run(void (PassageStream::*work)()) noexcept {
  std::exception_ptr failure;
  try {
    (this->*work)();
  } catch (...) {
    failure = std::current_exception();
    break_off();
  }
  const std::lock_guard lock(wire_.mutex);
  failure_ = failure;
  done_ = true;
  wire_.changed.notify_all();
}

void PassageStream::break_off() noexcept {
  try {
    connection_->break_off(StopToken().within(kTakingBack));
  } catch (const std::exception&) {  // the other side keeps what it has, or has gone
  }
}

void PassageStream::check() const {
  if (stop_.stop_requested()) throw Cancelled();
  if (failure_) std::rethrow_exception(failure_);
}

void PassageStream::send(std::string_view bytes) {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(&PassageStream::give); });
  std::string chunk(bytes);
  std::unique_lock lock(wire_.mutex);
  wire_.changed.wait(lock, [&] { return stop_.stop_requested() || done_ || !full(); });
  check();
  bytes_ += chunk.size();
  between_.push_back(std::move(chunk));
  wire_.changed.notify_all();
}

void PassageStream::finish() {
  send({});  // of nothing, there is a stream, too
  std::unique_lock lock(wire_.mutex);
  all_ = true;
  wire_.changed.notify_all();
  wire_.changed.wait(lock, [&] { return stop_.stop_requested() || done_; });
  check();
}

void PassageStream::give() {
  const StopToken over = over_.token();
  pace_.begin();
  for (;;) {
    std::string chunk;
    {
      std::unique_lock lock(wire_.mutex);
      wire_.changed.wait(lock, [&] { return over.stop_requested() || all_ || !between_.empty(); });
      if (over.stop_requested()) throw Cancelled();
      if (between_.empty()) break;
      chunk = std::move(between_.front());
      between_.pop_front();
      bytes_ -= chunk.size();
      wire_.changed.notify_all();
    }
    for (std::string_view rest = chunk; !rest.empty();) {
      const std::string_view piece = rest.substr(0, pace_.piece(rest.size()));
      pace_.await_turn(piece.size(), over, "sending through a passage");
      connection_->send(piece, over);
      rest.remove_prefix(piece.size());
    }
  }
  connection_->end(over);
}

void PassageStream::begin_to_receive() {
  thread_ = std::thread([this] { run(&PassageStream::take); });
}

void PassageStream::take() {
  const StopToken over = over_.token();
  for (;;) {
    std::string chunk(kMaxData, '\0');
    chunk.resize(connection_->receive(chunk, over));
    std::unique_lock lock(wire_.mutex);
    wire_.changed.wait(lock, [&] { return over.stop_requested() || !full(); });
    if (over.stop_requested()) throw Cancelled();
    all_ = chunk.empty();
    if (all_) return;
    bytes_ += chunk.size();
    between_.push_back(std::move(chunk));
    wire_.changed.notify_all();
  }
}

std::string PassageStream::receive() {
  std::unique_lock lock(wire_.mutex);
  wire_.changed.wait(lock, [&] { return stop_.stop_requested() || done_ || !between_.empty(); });
  if (stop_.stop_requested()) throw Cancelled();
  if (between_.empty()) {
    check();
    return {};
  }
  std::string chunk = std::move(between_.front());
  between_.pop_front();
  bytes_ -= chunk.size();
  wire_.changed.notify_all();
  return chunk;
}

}  // namespace ms2m::node
