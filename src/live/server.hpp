// What a running ms2m tells whoever asks on this machine: a socket of its user's alone (place.hpp). Who connects gets
// lines of JSON: first the state (kind "state"), then each event as it happens (kind "event", as
// --progress jsonl has it), until the command ends. Who sends a line of kind "set" changes the migration, if he is its
// user or root, and gets a line of kind "answer" among the others.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "ms2m/dials.hpp"
#include "ms2m/event.hpp"

namespace ms2m::live {

struct Teller {
  std::string command;     ///< "migrate"
  std::string migration;   ///< its id; empty: not known when it begins
  std::string pod;         ///< "shop/orders-0"; empty: not known, or there is one migration alone in this process
  Dials* dials = nullptr;  ///< outlives the server; nullptr: there is nothing to change
};

/// An observer that tells it, and `inner`. Who does not read is let go. Where no socket can be had (the file system has
/// none, or it is full), only `inner` hears. Its destructor takes the socket away and ends every connection.
std::unique_ptr<Observer> make_server(const std::filesystem::path& directory, const Teller& teller, Observer& inner);

}  // namespace ms2m::live
