// A message as it was received: owned copies, nothing points into the library's buffers.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "ms2m/units.hpp"

namespace ms2m::amqp {

/// The queue that is none: what comes to it is delivered to the channel that the question came from (RabbitMQ's direct
/// reply-to).
inline constexpr const char* kReplies = "amq.rabbitmq.reply-to";

/// All basic properties of a message, headers included. Move-only; opaque so that a message can be passed on unchanged.
class Properties {
 public:
  struct Impl;

  Properties();  ///< none
  /// Of a message that we write ourselves. Empty strings are left out.
  static Properties make(const std::string& content_type, const std::string& message_id, bool persistent);
  explicit Properties(std::unique_ptr<Impl> impl);
  ~Properties();
  Properties(Properties&&) noexcept;
  Properties& operator=(Properties&&) noexcept;

  /// Of a question: to be answered over the channel that it is published on (Connection::consume_replies()).
  static Properties question(const std::string& correlation_id, Millis expires);

  std::string message_id() const;
  std::string correlation_id() const;
  std::string user_id() const;
  /// The broker refuses (406) a user_id that is not the publisher's own.
  void drop_user_id() noexcept;
  /// nullopt: none, or no number.
  std::optional<Millis> expiration() const;
  void drop_expiration() noexcept;
  /// True when there was one.
  bool drop_header(const std::string& name) noexcept;

  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

struct Delivery {
  std::uint64_t tag = 0;
  bool redelivered = false;
  std::string exchange;
  std::string routing_key;
  Properties properties;
  std::string body;
};

/// A mandatory message that no queue took (basic.return), as it was published.
struct Returned {
  int code = 0;
  std::string text;
  std::string exchange;
  std::string routing_key;
  Properties properties;
  std::string body;
};

}  // namespace ms2m::amqp
