// The record of one restore, as it lies on the disk: JSON, root's alone.
#pragma once
#include <cstdint>
#include <string>

#include "ms2m/node_restore.hpp"
#include "ms2m/units.hpp"

namespace ms2m::node {

/// A record of another version is Error{refused}, with the cure: program and handler of a node go together.
inline constexpr int kRecordVersion = 1;
/// One whose data is not all there; a handler that does not know of that must not restore it.
inline constexpr int kRecordWithPages = 2;
/// The same, and it runs while its pages come.
inline constexpr int kRecordLazy = 3;

struct Record {
  std::string id;
  RestoreState state = RestoreState::prepared;
  RestoreTarget target{};
  std::uint64_t wait_ms = 0;   ///< a `create` waits so long; then it fails, and the kubelet calls again
  std::uint64_t expires = 0;   ///< seconds since 1970: prepared no longer than that
  std::string uid{};           ///< "": not bound yet
  std::string kubelet_root{};  ///< that has that pod; kept while it has a directory pods/<uid>
  std::string sha256{};        ///< of the archive whose data came here, all of it; "": none has
  bool ready = false;
  std::string container_id{};  ///< whose `create` took it
  bool started = false;        ///< its `start` has come
  std::string failure{};
  bool pages = false;     ///< are fetched while it is restored (page_socket.hpp)
  bool lazy = false;      ///< and while it runs; only with `pages`
  bool complete = false;  ///< all of them are there; only of a lazy one
  std::string boot{};     ///< the kernel's boot_id when it was prepared
  /// It runs, and a part of its memory has not come yet, or will not.
  bool memory_comes() const { return lazy && !complete && state == RestoreState::restored; }
  friend bool operator==(const Record&, const Record&) = default;
};

std::string print_record(const Record& record);
/// Error{protocol}: it is none.
Record parse_record(const std::string& text);

}  // namespace ms2m::node
