// Where a registry is.
#pragma once
#include <cstdint>
#include <string>

#include "node/protocol/messages.hpp"

namespace ms2m {

/// A repository of a registry.
struct RegistryPlace {
  node::RegistryEnd at;
  std::string host;        ///< as it was named, with its port if it had one: "registry.example:5000"
  std::string repository;  ///< "ms2m", "team/ms2m"
  /// "registry.example:5000/ms2m"
  std::string shown() const { return host + "/" + repository; }
};

/// "[http://|https://]HOST[:PORT]/REPOSITORY"; without TLS only where that is said. Error{usage}.
RegistryPlace parse_registry(const std::string& text);

/// Where an answer leads on: "https://HOST[:PORT]/PATH?QUERY", or "/PATH?QUERY" of the same end.
struct RegistryLink {
  node::RegistryEnd at;
  std::string target;
  bool same_end = true;
};
/// From `from`'s TLS nothing leads to plain text, whatever is said. Error{protocol}: it is none.
RegistryLink follow(const node::RegistryEnd& from, const std::string& location);

}  // namespace ms2m
