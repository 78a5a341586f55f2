// How a message goes to one queue and no other, unchanged.
#pragma once
#include <string>

#include "wrap/amqp/connection.hpp"

namespace ms2m {

/// The default exchange sends a message to the queues that its header CC names, too, and they have theirs already. A
/// fan-out exchange of our own, bound to the queue alone, looks at no key and no header; where it has no name, or may
/// not be declared or bound, the default exchange, without the header. Of a channel in transaction mode; the
/// constructor may make that a new one.
class WayBack {
 public:
  WayBack(amqp::Connection& connection, std::string exchange, std::string queue, const StopToken& stop);
  void publish(const std::string& key, amqp::Properties& properties, const std::string& body, const StopToken& stop);
  /// The exchange goes, if there is one.
  void close(const StopToken& stop);

 private:
  amqp::Connection& connection_;
  const std::string exchange_, queue_;
  bool exactly_ = false;
};

}  // namespace ms2m
