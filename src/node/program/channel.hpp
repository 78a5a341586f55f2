// One request on its way: what its thread may do with its channel.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ms2m/stop.hpp"
#include "node/program/pack_choice.hpp"
#include "node/program/packing.hpp"
#include "node/program/passage_stream.hpp"
#include "node/program/wire.hpp"
#include "node/protocol/messages.hpp"

namespace ms2m::node {

class Channel {
 public:
  /// `wire` must outlive it.
  Channel(std::uint32_t number, Wire& wire) : number_(number), wire_(wire), token_(source_.token()) {}

  std::uint32_t number() const noexcept { return number_; }

  // ---- for the request's thread; whatever waits throws Cancelled. Where no passage is used, another thread may send
  // than the one that receives ----

  /// Stopped when ms2m gives the request up, or the session ends.
  const StopToken& stop() const noexcept { return token_; }
  void progress(const StreamProgress& progress);
  void progress(const PassageEnds& ends);
  /// The stream of this request goes through it, and not to or from ms2m. `tells`: progress says how much has gone.
  void go_through(std::unique_ptr<tls::Stream> passage, std::optional<Bytes> per_second = std::nullopt,
                  bool tells = false);
  /// What is sent is packed (blocks.hpp) from now on: all that can be compressed is, or, `automatic`, where that pays.
  void pack(Compression how);
  /// What comes is packed.
  void unpack() { unpacker_.emplace(); }
  /// As soon as ms2m has granted credit for it. Whatever was given in one call can be unpacked without the next one's.
  void send(std::string_view bytes);
  void send_end(const StreamEnd& end);
  /// From now on a stream of that size may come.
  void accept_stream(Bytes size);
  /// Its next bytes; nullopt when the stream has ended, with end_of_stream(). Error{failed}: a packed one is damaged,
  /// or cut off.
  std::optional<std::string> receive();
  const StreamEnd& end_of_stream() const noexcept { return *end_; }
  /// Whatever still comes is of no use: receive() returns nullopt. For any thread.
  void receive_no_more();

  // ---- for the loop; Error{protocol} for what ms2m may not send now ----

  void cancel();
  void on_credit(std::uint32_t bytes);
  void on_data(std::string bytes);
  void on_end(const StreamEnd& end);

 private:
  void await_credit();
  void tell(bool now);
  void send_packed(std::string_view plain);
  /// As it travels.
  void send_on(std::string_view bytes);
  std::optional<std::string> receive_next();
  std::string receive_through();
  const std::uint32_t number_;
  Wire& wire_;
  StopSource source_;
  StopToken token_;
  // The request's thread's alone:
  std::unique_ptr<PassageStream> passage_;
  bool tells_ = false;
  StreamProgress come_{};  // or gone, through the passage
  TimePoint next_progress_{};
  Compression how_ = Compression::none;
  std::optional<Packer> packer_;
  PackChoice choice_;
  TimePoint sent_{};  ///< when the block before had gone
  std::optional<Unpacker> unpacker_;
  // All below: Wire::mutex.
  std::uint64_t may_send_ = 0;
  std::uint64_t may_receive_ = 0;  // granted, and not yet used
  std::uint64_t taken_ = 0;        // received since the last grant
  bool accepts_ = false;
  bool deaf_ = false;
  std::deque<std::string> received_;
  std::optional<StreamEnd> end_;
};

}  // namespace ms2m::node
