// What travels between ms2m and the program on a node, in both directions:
//   u32 length of what follows | u8 kind | u32 channel | payload        (numbers big endian)
//
// ms2m opens a channel with a request; channels are numbered upwards. The program answers exactly once (answer or
// error), which closes the channel. What ms2m had sent on a channel before it heard of that is ignored. Data may be
// sent only as far as its receiver has granted credit; the first credit comes when the request is accepted.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ms2m/units.hpp"

namespace ms2m::node {

enum class FrameKind : std::uint8_t {
  request = 1,    ///< to the program; JSON, messages.hpp
  answer = 2,     ///< to ms2m; JSON
  error = 3,      ///< to ms2m; JSON, wire_error.hpp
  data = 4,       ///< bytes of the channel's stream
  end = 5,        ///< JSON StreamEnd: no more data in this direction
  cancel = 6,     ///< to the program; the request is given up, and answered by an error
  heartbeat = 7,  ///< on channel 0
  credit = 8,     ///< u32: so many bytes more may be sent on this channel
  progress = 9,   ///< to ms2m; JSON StreamProgress, or what the request says
};

struct Frame {
  FrameKind kind{};
  std::uint32_t channel = 0;
  std::string payload{};
  friend bool operator==(const Frame&, const Frame&) = default;
};

/// Who reads: kinds and sizes differ.
enum class Reader { program, ms2m };

inline constexpr std::size_t kMaxData = 256u << 10;
inline constexpr std::size_t kMaxRequest = 1u << 20;  ///< JSON to the program
inline constexpr std::size_t kMaxAnswer = 4u << 20;   ///< JSON to ms2m
inline constexpr std::size_t kMaxChannels = 64;       ///< open at a time
inline constexpr std::uint32_t kWindow = 4u << 20;    ///< most credit that a receiver has out on a channel
/// A side that sends nothing else sends a heartbeat every silence / kBeatsPerSilence.
inline constexpr int kBeatsPerSilence = 4;
inline constexpr Millis kDefaultSilence{5000};

/// The bytes of one frame. Error{protocol} for a payload that its reader would refuse.
std::string encode_frame(FrameKind kind, std::uint32_t channel, std::string_view payload = {});
/// Those before its payload, for one that is not copied.
std::string encode_head(FrameKind kind, std::uint32_t channel, std::size_t size);
std::string encode_credit(std::uint32_t channel, std::uint32_t bytes);
/// Payload of a frame of kind credit.
std::string credit_payload(std::uint32_t bytes);
/// The reverse.
std::uint32_t credit_of(const Frame& frame);

/// Bytes in, frames out. Keeps at most one unfinished frame beside what it is fed; a length that no frame of its kind
/// has is refused as soon as it is read, before anything is kept for it. Not thread-safe.
class FrameDecoder {
 public:
  explicit FrameDecoder(Reader reader) : reader_(reader) {}

  void feed(std::string_view bytes);
  /// The same without a copy: room for some of the bytes that come next, never none, and how many were put there. Of a
  /// large frame that has begun it is the frame's own. Nothing else may be called in between.
  std::span<char> room();
  void filled(std::size_t size);
  /// nullopt: more bytes are needed. Error{protocol}: what was fed is no frame for this reader; ask nothing more then.
  std::optional<Frame> next();
  /// True in the middle of a frame.
  bool unfinished() const noexcept { return begun_ || at_ < end_; }

 private:
  bool begin();
  bool straight() const noexcept { return begun_ && at_ == end_; }
  void make_room(std::size_t size);
  Reader reader_;
  std::string buffer_;  ///< [at_, end_) is not decoded yet
  std::size_t at_ = 0, end_ = 0;
  std::optional<Frame> begun_;  ///< its payload has its size already, and so much of it is there:
  std::size_t have_ = 0;
};

}  // namespace ms2m::node
