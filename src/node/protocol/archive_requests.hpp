// Requests about the checkpoint archives of a node's kubelet. Part of messages.hpp.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/node.hpp"

namespace ms2m::node {

struct Nothing;
struct Found;

struct ArchiveList {
  std::vector<ArchiveFile> files;  ///< oldest first
};

/// Answered when there is one that is not among `known`, at the latest after `wait_ms`, which begin when nobody makes a
/// checkpoint of the container of that ID.
struct ListArchives {
  static constexpr const char* kDo = "list_archives";
  using Answer = ArchiveList;
  ArchivesOf of;  ///< no such directory: an empty list
  std::vector<std::string> known{};
  std::string container_id{};  ///< empty: they begin at once
  std::uint64_t wait_ms = 0;
};

/// Answered when nobody has the file open for writing and its size stands still. Error{not_found}; Error{timeout}.
struct WaitArchive {
  static constexpr const char* kDo = "wait_archive";
  using Answer = Nothing;
  std::string path;
  std::optional<std::uint64_t> limit_ms;
};

struct RemoveArchive {
  static constexpr const char* kDo = "remove_archive";
  using Answer = Found;
  std::string path;
};

}  // namespace ms2m::node
