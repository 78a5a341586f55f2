// Containers that were restored, and run, although their `start` has not come yet.
#pragma once
#include <optional>
#include <string>

#include "node/handler/command_line.hpp"
#include "node/handler/handler_paths.hpp"
#include "node/runtime/handler_configuration.hpp"

namespace ms2m::node {

/// A file for each, in a directory that a reboot empties, as it ends the containers. Names are checked: an ID that is
/// no plain name is never among them.
class NotStarted {
 public:
  explicit NotStarted(std::string directory) : directory_(std::move(directory)) {}
  void add(const std::string& container, const std::string& restore) const;
  bool has(const std::string& container) const;
  /// The restore that it is of; nullopt: was not there.
  std::optional<std::string> remove(const std::string& container) const;

 private:
  const std::string directory_;
};

/// What the real runtime says of a container that is not started yet: "created" for "running", all else as it is.
std::string as_created(const std::string& state);

/// Asks the real runtime, prints that, and returns its exit status.
int tell_state(const HandlerConfiguration& configuration, const CommandLine& line);

}  // namespace ms2m::node
