// One struct for each request and each answer. kDo is the request's name in JSON ({"do": kDo, ...}), Answer what it is
// answered with. A request that ms2m gave up, or that its session's end ended, is answered by "cancelled"
// (wire_error.hpp).
//
// Who sends a field that the other side does not know is not told so: unknown ones are ignored. A missing or mistyped
// one is Error{protocol}; a value that checks.hpp refuses, that error.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/json.hpp"
#include "ms2m/node.hpp"
#include "ms2m/node_look.hpp"
#include "ms2m/node_restore.hpp"
#include "ms2m/node_setup.hpp"
#include "ms2m/node_tools.hpp"
#include "node/protocol/archive_requests.hpp"
#include "node/protocol/dump_requests.hpp"
#include "node/protocol/passage_requests.hpp"
#include "node/protocol/registry_requests.hpp"
#include "node/protocol/restore_requests.hpp"

namespace ms2m::node {

using ms2m::AtEnd;

struct Nothing {};

/// The request did something; or what it was about was not there.
struct Found {
  bool found = false;
};

// ---- the session -------------------------------------------------------------------------------------------------

/// The first request, on channel 1; any other one before it is Error{protocol}. Versions that differ: Error{refused},
/// and the program ends.
struct Hello {
  static constexpr const char* kDo = "hello";
  using Answer = Nothing;
  int version = 0;
  std::uint64_t silence_ms = 0;  ///< after which either side takes the session for closed; at least 100
  std::string runtime;           ///< nodeInfo.containerRuntimeVersion ("cri-o://1.34.1")
  std::string node;              ///< the node's name, for messages
};

// ---- looking -----------------------------------------------------------------------------------------------------

struct LookAnswer {
  NodeLook look;  ///< without clock_ahead: that is for who knows when the answer came
  /// Seconds since 1970 by the node's clock, read last.
  std::optional<double> clock;
};

/// What cannot be found is unknown, never an error.
struct Look {
  static constexpr const char* kDo = "look";
  using Answer = LookAnswer;
  LookAt at;
};

struct Tools {
  static constexpr const char* kDo = "tools";
  using Answer = NodeTools;
  std::string container_id;  ///< whose monitor tells which OCI runtime it has; or empty
};

struct Forgotten {
  int programs = 0;  ///< that were kept
};

/// Programs that were pushed are removed from kProgramCache, the one that answers as well; and that directory, when
/// nothing else is in it. What another ms2m is bringing there just now stays. Error{refused}: others may write there.
struct ForgetProgram {
  static constexpr const char* kDo = "forget_program";
  using Answer = Forgotten;
};

// ---- setup -------------------------------------------------------------------------------------------------------

struct SetupAnswer {
  std::string program;  ///< path of the one that answers
  NodeSetupPlan plan;
};

/// What NodeSetup::look() tells.
struct SetupLook {
  static constexpr const char* kDo = "setup_look";
  using Answer = SetupAnswer;
  SetupWay way = SetupWay::install;
};

/// Writes what it finds itself to be written, if that is what `files` say: else Error{conflict}, and nothing is done.
struct SetupApply {
  static constexpr const char* kDo = "setup_apply";
  using Answer = Nothing;
  SetupWay way = SetupWay::install;
  std::vector<SetupFile> files;
};

struct RestartRuntime {
  static constexpr const char* kDo = "restart_runtime";
  using Answer = Nothing;
};

// ---- streams -----------------------------------------------------------------------------------------------------

struct StreamProgress {
  Bytes done, total;
  /// Of a round: the digest of the memory over which it is an increment; "": it is whole.
  std::string over{};
  std::uint64_t pages = 0, differing = 0;  ///< of its memory, and of these in the stream; 0, 0: not understood
  Bytes travelled{};                       ///< of `done`, as it went through a passage
};

struct StreamEnd {
  Bytes bytes;
  std::string sha256;    ///< of all of the stream, hex
  std::string memory{};  ///< of a round: digest of the memory as it is with it; "": not understood
};

/// To ms2m: one StreamProgress with the size, the data, a StreamEnd, the answer. A file that gives more or less than
/// its size: Error{failed}.
///
/// In a round, an early one: the memory alone. Afterwards the session keeps under `id` what it was, and the next round
/// of that ID is an increment over it; its last one is whole but for that, and nothing is kept.
struct ReadArchive {
  static constexpr const char* kDo = "read_archive";
  using Answer = StreamEnd;
  std::string path;
  Round round = Round::none;
  std::string id{};
  std::optional<PassageUse> passage{};
  Compression compress = Compression::none;  ///< any other: the stream is a packed one (blocks.hpp)
};

// ---- layouts and images ------------------------------------------------------------------------------------------

/// From ms2m: the data, a StreamEnd. Then the file is <directory>/blobs/sha256/<sha256>, mode 0600, in directories of
/// mode 0700. Error{failed} when there is not `bytes` of free space (before anything is taken), when other bytes came,
/// or other than their digest says; then, or when the session ends before, nothing of it is left.
struct WriteLayout {
  static constexpr const char* kDo = "write_layout";
  using Answer = StreamEnd;
  std::string directory;
  Bytes bytes;
  std::string passage{};  ///< ID; empty: none
  bool packed = false;    ///< the stream is (blocks.hpp)
};

/// Also the root of layouts, when it is empty then.
struct RemoveLayout {
  static constexpr const char* kDo = "remove_layout";
  using Answer = Found;
  std::string directory;
};

struct ImageTool {
  std::string tool;  ///< "skopeo 1.20.0"
};

// The semantics are ImageStore's.
struct ImageProbe {
  static constexpr const char* kDo = "image_probe";
  using Answer = ImageTool;
};

struct ImageFound {
  std::optional<StoredImage> image;
};

struct ImageFind {
  static constexpr const char* kDo = "image_find";
  using Answer = ImageFound;
  std::string name_or_id;
};

struct ImageListing {
  std::optional<std::vector<StoredImage>> images;
};

struct ImageList {
  static constexpr const char* kDo = "image_list";
  using Answer = ImageListing;
};

struct ImageId {
  std::string id;
};

struct ImageImport {
  static constexpr const char* kDo = "image_import";
  using Answer = ImageId;
  CheckpointImage image;
};

struct ImagePointName {
  static constexpr const char* kDo = "image_point_name";
  using Answer = Nothing;
  std::string name, id;
};

struct ImageRemoveName {
  static constexpr const char* kDo = "image_remove_name";
  using Answer = Found;
  std::string name;
};

struct ImageRemove {
  static constexpr const char* kDo = "image_remove";
  using Answer = Found;
  std::string id;
};

// ---- a container's processes -------------------------------------------------------------------------------------

/// The newest freeze of a container counts, with its limit and its end, also when it is frozen already, and whichever
/// session's that was. In all three, Error{inconsistent}: a session that began later has the container.
struct Freeze {
  static constexpr const char* kDo = "freeze";
  using Answer = Found;
  std::string container;
  std::optional<std::uint64_t> limit_ms;  ///< from when the request arrives; the time of suspended machines counts
  AtEnd at_end = AtEnd::thaw;
  /// Only over a freeze of this session that has not come to its end: else Error{inconsistent}, and nothing is done.
  bool still_held = false;
  std::uint64_t linger_ms = 0;  ///< from the end of the session until `at_end`; the limit may come before
};

struct Thaw {
  static constexpr const char* kDo = "thaw";
  using Answer = Found;
  std::string container;
};

struct Kill {
  static constexpr const char* kDo = "kill";
  using Answer = Found;
  std::string container;
};

// ---- JSON --------------------------------------------------------------------------------------------------------

/// An object. For every struct above.
template <class Message>
Json encode(const Message& message);
/// Error{protocol}, with the field's name.
template <class Message>
Message decode(const Json& json);

/// The payload of a frame: encode(), with "do" in a request.
template <class Message>
std::string print_message(const Message& message);
/// The reverse, for answers, progress and end; parse_object() and decode().
template <class Message>
Message parse_message(const std::string& payload);

/// Value of "do". Error{protocol}.
std::string request_name(const Json& request);

}  // namespace ms2m::node
