// Requests about restores by the runtime handler (node_restore.hpp). Part of messages.hpp.
//
// Error{conflict}: its state does not allow that. Error{not_found}: there is none of that ID. All may be asked twice.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/node.hpp"
#include "ms2m/node_restore.hpp"

namespace ms2m::node {

struct Nothing;
struct Found;
struct StreamEnd;

/// `create` of the target's container waits from now on, each for at most wait_ms; prepared no longer than valid_s.
struct RestorePrepare {
  static constexpr const char* kDo = "restore_prepare";
  using Answer = Nothing;
  std::string id;
  RestoreTarget target;
  std::uint64_t wait_ms = 0;
  std::uint64_t valid_s = 0;
};

/// To the pod's UID, once; another one: Error{conflict}. The record is kept while that kubelet's directory has
/// pods/<uid>.
struct RestoreBind {
  static constexpr const char* kDo = "restore_bind";
  using Answer = Nothing;
  std::string id, uid, kubelet_root;
};

/// From ms2m: a checkpoint's archive (a tar), a StreamEnd. Unpacked while it comes: CRIU's images, the changes of the
/// root file system, deleted.files; nothing else is kept. Only of a prepared restore without data: else
/// Error{conflict}. Error{failed} as WriteLayout, {refused} for an archive that is none of a checkpoint; then, or when
/// the session ends before, none of the data is left, and the restore is as it was.
///
/// A round (pre-copy): `over` is what the stream's StreamProgress says. An early one's memory is kept for the next, and
/// counts as no data of the restore's. Error{inconsistent}: this session has not the memory over which it is an
/// increment; {failed}: put together it is not the memory that the source has.
struct WriteRestore {
  static constexpr const char* kDo = "write_restore";
  using Answer = StreamEnd;
  std::string id;
  Bytes bytes;
  Round round = Round::none;
  std::string over{};
  std::string passage{};  ///< ID; empty: none
  bool packed = false;
};

struct PagesEnd;

/// The other end of ServePages: as soon as one StreamProgress has said so, the restore's `create` begins with what
/// WriteRestore brought, and its CRIU fetches all other pages through this request's channel. It is `restored` when all
/// of them are there, and only then; should the channel end before, what was begun is ended. Answered when CRIU has
/// closed its end. Error{conflict}: it is not prepared, or is ready already.
///
/// `lazy`: it is `restored` as soon as the runtime has restored it, and runs while they come; should the channel end
/// before the last one has, the copy is killed, and the restore's failure says so. Answered when the last one is there;
/// Error{failed}: it will not be. RestoreDone waits for it, too.
struct FeedPages {
  static constexpr const char* kDo = "feed_pages";
  using Answer = PagesEnd;
  std::string id;
  bool packed = false;  ///< what comes
  bool lazy = false;
};

/// The data that WriteRestore verified may be used. Error{failed}: there is none, or of another digest.
struct RestoreReady {
  static constexpr const char* kDo = "restore_ready";
  using Answer = Nothing;
  std::string id;
  std::string sha256;
};

/// The copy is the pod's only instance from now on: what is created after it starts cold. Of one whose pages are still
/// coming (FeedPages, lazy) it is waited for the last one, for 30 s at most. Error{failed}: they did not all come.
struct RestoreDone {
  static constexpr const char* kDo = "restore_done";
  using Answer = Nothing;
  std::string id;
};

/// Ends who waits for it or restores, and kills what was restored: nothing of it runs any more. Found: there was one.
struct RestoreVoid {
  static constexpr const char* kDo = "restore_void";
  using Answer = Found;
  std::string id;
};

/// Answered as soon as its status is another one than `seen`; none seen, or no such restore: at once. Error{timeout}.
struct RestoreWatch {
  static constexpr const char* kDo = "restore_watch";
  using Answer = RestoreStatus;
  std::string id;
  std::optional<RestoreStatus> seen;
  std::optional<std::uint64_t> limit_ms;
};

/// Its data; the record stays. Error{conflict} while it is prepared or taken, or who restores it has not ended yet.
struct RestoreRemoveData {
  static constexpr const char* kDo = "restore_remove_data";
  using Answer = Found;
  std::string id;
};

struct RestoreListing {
  /// By ID. One whose record cannot be read here (another version's, say) is `unknown`, and its failure says why.
  std::map<std::string, RestoreStatus> restores;
};

struct RestoreList {
  static constexpr const char* kDo = "restore_list";
  using Answer = RestoreListing;
};

struct RestoreIds {
  std::vector<std::string> ids;
};

/// Removes those that have ended and whose pod the kubelet does not have any more. Answered with their IDs.
/// Error{failed}: some cannot be removed, the others were.
struct RestoreSweep {
  static constexpr const char* kDo = "restore_sweep";
  using Answer = RestoreIds;
};

}  // namespace ms2m::node
