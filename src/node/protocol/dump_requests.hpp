// Requests about a container's checkpoint: by its OCI runtime, without the kubelet, and what is left of the kubelet's
// own. Part of messages.hpp.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "ms2m/node.hpp"
#include "ms2m/units.hpp"
#include "node/protocol/passage_requests.hpp"

namespace ms2m::node {

struct DumpAnswer {
  std::uint64_t frozen_ms = 0;  ///< how long the container stood still; with pages kept back, so far
  Bytes bytes;                  ///< of the archive that ReadDump gives
  Bytes pages{};                ///< of memory that was kept back
};

/// The container is frozen, checkpointed with CRIU's options of the runtime's own file, and goes on to run, also when
/// that fails, is given up, or the session ends in the middle. What is written lies in <layouts>/dumps/<id>, root's
/// alone, until RemoveDump or the end of the session; of a dump that fails nothing stays. Error{not_found}: the
/// container does not run. Error{conflict}: there is such a dump, or the container is frozen:
/// by somebody else, or by this session as a whole where its runtime has a group of its own below (crun with systemd).
/// Error{refused}: its runtime or its root file system is of an unknown kind, or has changes that cannot be carried.
/// Error{failed}: CRIU's last errors.
///
/// `serve_ms`: the pages of private memory are kept back, for ServePages, and the container stands still until all of
/// them were fetched, but no longer than that. It then goes on to run, as it does when the dump is removed, the session
/// ends, or whatever fails: CRIU is told to leave it running in any case. Error{refused}: pipes on this node are too
/// small for it.
struct DumpContainer {
  static constexpr const char* kDo = "dump_container";
  using Answer = DumpAnswer;
  std::string id, container;
  std::optional<std::uint64_t> serve_ms{};
};

struct PagesEnd {
  Bytes bytes;  ///< that came from CRIU
};

/// What CRIU's page server and its client say to each other, on the request's channel, in both directions, until the
/// client has what it wants: once for each dump with pages kept back. One StreamProgress comes first. ms2m's StreamEnd
/// is the client's end. Answered when the dump has ended and the container runs again; that says nothing of how many
/// pages were fetched, which the client alone knows. Error{not_found}: this session has no such dump; {conflict}: its
/// pages are, or were, fetched by another request; {failed}: CRIU's last errors.
///
/// `lazy`: as FeedPages; what a copy that runs waits for comes soon, behind little that is given ahead.
struct ServePages {
  static constexpr const char* kDo = "serve_pages";
  using Answer = PagesEnd;
  std::string id;
  Compression compress = Compression::none;  ///< of what the server says
  bool lazy = false;
};

struct StreamEnd;
struct Found;
struct Nothing;

/// The kubelet is about to make a checkpoint of it; `over`: it has answered. Until that is said, the end of the session
/// does what MendCheckpoint does.
struct AttendCheckpoint {
  static constexpr const char* kDo = "attend_checkpoint";
  using Answer = Nothing;
  std::string container;
  bool over = false;
};

/// Waits until nobody makes a checkpoint of it (attended.hpp), and resumes it where its runtime has left it paused and
/// no session holds it. Found: it did. Takes seconds. Error{failed}: it stands still.
struct MendCheckpoint {
  static constexpr const char* kDo = "mend_checkpoint";
  using Answer = Found;
  std::string container;
};

/// To ms2m, as ReadArchive, also in a round: an archive with checkpoint/ and rootfs-diff.tar in it. Error{not_found}:
/// this session has no such dump.
struct ReadDump {
  static constexpr const char* kDo = "read_dump";
  using Answer = StreamEnd;
  std::string id;
  Round round = Round::none;
  std::optional<PassageUse> passage{};
  Compression compress = Compression::none;
};

/// Whichever session's it is. One that is still being made: when that has ended.
struct RemoveDump {
  static constexpr const char* kDo = "remove_dump";
  using Answer = Found;
  std::string id;
};

}  // namespace ms2m::node
