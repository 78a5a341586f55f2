// The connection's state and its one way of waiting. Only for .cpp files of this folder.
#pragma once
#include <set>

#include "wrap/amqp/c_api.hpp"
#include "wrap/amqp/connection.hpp"

namespace ms2m::amqp {

constexpr amqp_channel_t kChannel = 1;
constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);

struct Connection::Impl {
  Impl();
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // ---- wire.cpp: sending and waiting
  /// Sends a method and returns the decoded answer of id `reply`, valid until the next read.
  void* call(amqp_channel_t channel, amqp_method_number_t method, void* fields, amqp_method_number_t reply,
             const StopToken& stop, const char* doing);
  void send(amqp_channel_t channel, amqp_method_number_t method, void* fields, const StopToken& stop,
            const char* doing);
  void* await(amqp_method_number_t reply, const StopToken& stop, const char* doing);
  /// Reads one frame and acts on it. False: none came within `wait`.
  bool step(Millis wait, const StopToken& stop, const char* doing);
  void wait_writable(const StopToken& stop, const char* doing);
  void check(int status, const char* doing);
  [[noreturn]] void lost(const std::string& why);
  void require_open() const;

  // ---- frames.cpp: what arrives
  void on_frame(const amqp_frame_t& frame);
  void on_connection_method(const amqp_method_t& method);
  void on_channel_method(const amqp_method_t& method);
  void on_content_method(const amqp_method_t& method);
  void on_header(const amqp_frame_t& frame);
  void on_body(amqp_bytes_t fragment);
  void finish_content();
  void settle(std::uint64_t tag, bool multiple, bool taken);
  void reset_channel();

  // ---- handshake.cpp
  void log_in(const Endpoint& endpoint, const StopToken& stop);

  amqp_connection_state_t state = nullptr;
  bool dead = false;
  bool half_way = false;  ///< a command was sent and its answer not yet read
  bool logging_in = false;
  std::string server_version, cluster_name;
  std::string blocked;
  std::atomic<bool>* blocked_flag = nullptr;

  // The channel.
  bool channel_open = false;
  bool cancelled = false;
  bool counting = false;
  std::uint64_t delivered = 0, delivered_bytes = 0;
  std::uint64_t echoes_awaited = 0, echoes = 0;
  std::deque<Delivery> deliveries;
  std::optional<Delivery> got;
  std::vector<Returned> returned;

  // Confirms: numbers sent and not yet confirmed. Acks arrive out of order, so a counter is not enough.
  bool confirms = false;
  std::uint64_t published = 0;
  std::set<std::uint64_t> unconfirmed;
  bool refused = false;

  // The answer that a command waits for.
  amqp_method_number_t expected = 0;
  bool answered = false;
  void* answer = nullptr;
  bool empty = false;  ///< basic.get-empty

  // A content (method, header, bodies) that is arriving.
  amqp_method_number_t content = 0;
  Delivery partial;
  Returned partial_return;
  std::uint64_t missing = 0;
  bool headed = false;
  std::string wire;  ///< clone()'s
};

}  // namespace ms2m::amqp
