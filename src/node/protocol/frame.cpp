#include "node/protocol/frame.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "ms2m/error.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kLength = 4, kHead = 5;  // kind and channel belong to the length
constexpr std::size_t kRoom = 16u << 10;       // what of a large frame is in it is copied

void put_u32(std::string& into, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) into += static_cast<char>(value >> shift & 0xff);
}

std::uint32_t get_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

struct Sizes {
  std::size_t least, most;
};

/// nullopt: no such kind, or not for this reader.
std::optional<Sizes> sizes(FrameKind kind, Reader reader) {
  const bool program = reader == Reader::program;
  const auto to = [&](Reader whom, Sizes is) { return reader == whom ? std::optional(is) : std::nullopt; };
  switch (kind) {
    case FrameKind::request:
      return to(Reader::program, {2, kMaxRequest});
    case FrameKind::answer:
    case FrameKind::error:
    case FrameKind::progress:
      return to(Reader::ms2m, {2, kMaxAnswer});
    case FrameKind::data:
      return Sizes{1, kMaxData};
    case FrameKind::end:
      return Sizes{2, program ? kMaxRequest : kMaxAnswer};
    case FrameKind::cancel:
      return to(Reader::program, {0, 0});
    case FrameKind::heartbeat:
      return Sizes{0, 0};
    case FrameKind::credit:
      return Sizes{4, 4};
  }
  return std::nullopt;
}

void check(FrameKind kind, std::uint32_t channel, std::size_t size, Reader reader) {
  const auto fits = sizes(kind, reader);
  const std::string name = "a frame of kind " + std::to_string(static_cast<int>(kind));
  if (!fits) throw Error(ErrorKind::protocol, name + " is not for this side");
  if (size < fits->least || size > fits->most)
    throw Error(ErrorKind::protocol, name + " with " + std::to_string(size) + " bytes");
  if ((channel == 0) != (kind == FrameKind::heartbeat))
    throw Error(ErrorKind::protocol, name + " on channel " + std::to_string(channel));
}

Reader reader_of(FrameKind kind) {
  return kind == FrameKind::request || kind == FrameKind::cancel ? Reader::program : Reader::ms2m;
}

}  // namespace

std::string encode_head(FrameKind kind, std::uint32_t channel, std::size_t size) {
  check(kind, channel, size, reader_of(kind));
  std::string bytes;
  put_u32(bytes, static_cast<std::uint32_t>(kHead + size));
  bytes += static_cast<char>(kind);
  put_u32(bytes, channel);
  return bytes;
}

std::string encode_frame(FrameKind kind, std::uint32_t channel, std::string_view payload) {
  return encode_head(kind, channel, payload.size()).append(payload);
}

std::string credit_payload(std::uint32_t bytes) {
  std::string payload;
  put_u32(payload, bytes);
  return payload;
}

std::string encode_credit(std::uint32_t channel, std::uint32_t bytes) {
  return encode_frame(FrameKind::credit, channel, credit_payload(bytes));
}

std::uint32_t credit_of(const Frame& frame) {
  if (frame.kind != FrameKind::credit || frame.payload.size() != 4)
    throw Error(ErrorKind::protocol, "this frame grants no credit");
  return get_u32(frame.payload);
}

/// Behind what is there, which moves to the front for it: little, as a rule none.
void FrameDecoder::make_room(std::size_t size) {
  if (at_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + at_, end_ - at_);
    end_ -= at_;
    at_ = 0;
  }
  if (buffer_.size() < end_ + size) buffer_.resize(end_ + size);
}

void FrameDecoder::feed(std::string_view bytes) {
  make_room(bytes.size());
  end_ += bytes.copy(buffer_.data() + end_, bytes.size());
}

std::span<char> FrameDecoder::room() {
  if (straight()) return std::span(begun_->payload).subspan(have_);
  make_room(kRoom);
  return std::span(buffer_).subspan(end_);
}

void FrameDecoder::filled(std::size_t size) { (straight() ? have_ : end_) += size; }

/// The head of the next frame; false: it is not there yet.
bool FrameDecoder::begin() {
  const std::string_view rest(buffer_.data() + at_, end_ - at_);
  if (rest.size() < kLength + kHead) return false;
  const std::uint32_t length = get_u32(rest);
  if (length < kHead) throw Error(ErrorKind::protocol, "a frame of " + std::to_string(length) + " bytes");
  const auto kind = static_cast<FrameKind>(static_cast<unsigned char>(rest[kLength]));
  const std::uint32_t channel = get_u32(rest.substr(kLength + 1));
  check(kind, channel, length - kHead, reader_);
  begun_ = Frame{kind, channel, std::string(length - kHead, '\0')};
  have_ = 0;
  at_ += kLength + kHead;
  return true;
}

std::optional<Frame> FrameDecoder::next() {
  if (!begun_ && !begin()) return std::nullopt;
  std::string& payload = begun_->payload;
  const std::size_t more = std::min(payload.size() - have_, end_ - at_);
  std::memcpy(payload.data() + have_, buffer_.data() + at_, more);
  have_ += more;
  at_ += more;
  if (have_ < payload.size()) return std::nullopt;
  return std::exchange(begun_, std::nullopt);
}

}  // namespace ms2m::node
