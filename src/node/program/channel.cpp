#include "node/program/channel.hpp"

#include <algorithm>
#include <utility>

#include "ms2m/error.hpp"

namespace ms2m::node {

namespace {

constexpr Millis kProgressInterval{100};

Error violation(const std::string& what, std::uint32_t channel) {
  return Error(ErrorKind::protocol, what + " on channel " + std::to_string(channel));
}

}  // namespace

void Channel::progress(const StreamProgress& progress) {
  if (passage_) come_.total = progress.total;
  wire_.put(FrameKind::progress, number_, print_message(progress));
}

void Channel::progress(const PassageEnds& ends) { wire_.put(FrameKind::progress, number_, print_message(ends)); }

void Channel::go_through(std::unique_ptr<tls::Stream> passage, std::optional<Bytes> per_second, bool tells) {
  tells_ = tells;
  passage_ = std::make_unique<PassageStream>(std::move(passage), per_second, wire_, token_);
}

void Channel::pack(Compression how) {
  if (how == Compression::none) return;
  how_ = how;
  packer_.emplace();
}

void Channel::send(std::string_view bytes) {
  if (!packer_) send_on(bytes);
  for (std::string_view rest = bytes; packer_ && !rest.empty(); rest.remove_prefix(std::min(rest.size(), kMaxBlock)))
    send_packed(rest.substr(0, kMaxBlock));
  if (!passage_) return;
  come_.done.count += bytes.size();
  if (tells_) tell(false);
}

void Channel::send_packed(std::string_view plain) {
  const bool compress = how_ == Compression::zstd || choice_.compress();
  const TimePoint made = Clock::now();
  const std::string_view block = compress ? packer_->compressed(plain) : std::string_view{};
  const TimePoint packed = Clock::now();
  if (block.empty()) {
    send_on(head_of(plain));
    send_on(plain);
  } else {
    send_on(block);
  }
  const TimePoint before = std::exchange(sent_, Clock::now());
  if (before == TimePoint{}) return;  // the first one has waited for the other side to be ready
  choice_.sent(
      {plain.size(), block.empty() ? plain.size() : block.size(), made - before, packed - made, sent_ - packed});
}

void Channel::send_on(std::string_view bytes) {
  if (passage_) {
    await_credit();
    come_.travelled.count += bytes.size();
    return passage_->send(bytes);
  }
  while (!bytes.empty()) {
    std::size_t size = 0;
    {
      std::unique_lock lock(wire_.mutex);
      wire_.changed.wait(lock, [&] { return token_.stop_requested() || may_send_ > 0; });
      if (token_.stop_requested()) throw Cancelled();
      size = static_cast<std::size_t>(std::min<std::uint64_t>(may_send_, std::min(bytes.size(), kMaxData)));
      may_send_ -= size;
    }
    wire_.put_data(number_, bytes.substr(0, size), token_);
    bytes.remove_prefix(size);
  }
}

void Channel::await_credit() {
  std::unique_lock lock(wire_.mutex);
  wire_.changed.wait(lock, [&] { return token_.stop_requested() || may_send_ > 0; });
  if (token_.stop_requested()) throw Cancelled();
}

void Channel::send_end(const StreamEnd& end) {
  if (passage_) {
    await_credit();
    passage_->finish();
    passage_.reset();
  }
  wire_.put(FrameKind::end, number_, print_message(end));
}

void Channel::accept_stream(Bytes size) {
  if (passage_) {
    come_.total = size;
    passage_->begin_to_receive();
    return progress(come_);
  }
  {
    const std::lock_guard lock(wire_.mutex);
    accepts_ = true;
    may_receive_ = kWindow;
  }
  wire_.put(FrameKind::credit, number_, credit_payload(kWindow));
}

std::string Channel::receive_through() {
  std::string bytes = passage_->receive();
  come_.travelled.count += bytes.size();
  if (!bytes.empty()) return bytes;
  passage_.reset();  // the end itself is ms2m's to tell
  tell(true);
  return bytes;
}

void Channel::tell(bool now) {
  const TimePoint time = Clock::now();
  if (!now && time < next_progress_) return;
  next_progress_ = time + kProgressInterval;
  progress(come_);
}

std::optional<std::string> Channel::receive() {
  for (;;) {
    auto bytes = unpacker_ ? unpacker_->next() : receive_next();
    if (!bytes && unpacker_) {
      if (auto more = receive_next()) {
        unpacker_->feed(std::move(*more));
        continue;
      }
      const std::lock_guard lock(wire_.mutex);
      if (unpacker_->unfinished() && !deaf_)
        throw Error(ErrorKind::failed, "the compressed stream is cut off in the middle of a block");
    }
    if (bytes && passage_) {
      come_.done.count += bytes->size();
      tell(false);
    }
    return bytes;
  }
}

std::optional<std::string> Channel::receive_next() {
  std::string bytes;
  if (passage_ && !(bytes = receive_through()).empty()) return bytes;
  std::uint32_t grant = 0;
  {
    std::unique_lock lock(wire_.mutex);
    wire_.changed.wait(lock, [&] { return token_.stop_requested() || deaf_ || end_ || !received_.empty(); });
    if (token_.stop_requested()) throw Cancelled();
    if (deaf_ || received_.empty()) return std::nullopt;
    bytes = std::move(received_.front());
    received_.pop_front();
    taken_ += bytes.size();
    if (taken_ >= kWindow / 4) {
      grant = static_cast<std::uint32_t>(taken_);
      may_receive_ += taken_;
      taken_ = 0;
    }
  }
  if (grant > 0) wire_.put(FrameKind::credit, number_, credit_payload(grant));
  return bytes;
}

void Channel::receive_no_more() {
  const std::lock_guard lock(wire_.mutex);
  deaf_ = true;
  received_.clear();
  wire_.changed.notify_all();
}

void Channel::cancel() {
  source_.request_stop();
  wire_.wake();
}

void Channel::on_credit(std::uint32_t bytes) {
  const std::lock_guard lock(wire_.mutex);
  may_send_ += bytes;
  wire_.changed.notify_all();
}

void Channel::on_data(std::string bytes) {
  const std::lock_guard lock(wire_.mutex);
  if (!accepts_ || end_ || bytes.size() > may_receive_) throw violation("data without credit", number_);
  may_receive_ -= bytes.size();
  if (deaf_) return;
  if (!received_.empty() && received_.back().size() + bytes.size() <= kMaxData)
    received_.back() += bytes;  // or a stream of single bytes would take many times its size
  else
    received_.push_back(std::move(bytes));
  wire_.changed.notify_all();
}

void Channel::on_end(const StreamEnd& end) {
  const std::lock_guard lock(wire_.mutex);
  if (end_) throw violation("a second end", number_);  // it may come before the first credit: nothing is to be sent
  end_ = end;
  wire_.changed.notify_all();
}

}  // namespace ms2m::node
