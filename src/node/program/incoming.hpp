// A stream that comes from ms2m and is written to this node's disk.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "node/program/channel.hpp"
#include "node/protocol/messages.hpp"
#include "wrap/posix/sha256.hpp"

namespace ms2m::node {

/// Counted and hashed. `channel` must outlive it.
class Incoming {
 public:
  /// From now on it may come.
  Incoming(Channel& channel, Bytes promised);
  /// nullopt: all that was promised has come. Error{failed}: more has, or the stream ended before. Throws Cancelled.
  std::optional<std::string> next();
  /// After that: what came. Error{failed}: the sender says something else.
  StreamEnd verified();

 private:
  Channel& channel_;
  const Bytes promised_;
  Bytes done_;
  posix::Sha256 digest_;
};

/// Error{failed}, with `node` in the remedy, when the file system of `directory`, an open one that `path` names, has
/// not so much room.
void check_space(int directory, const std::string& path, Bytes needed, const std::string& node);
/// Error{failed}, likewise when it is full.
void write_all(int file, std::string_view bytes, const std::string& node);

}  // namespace ms2m::node
