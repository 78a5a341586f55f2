#include "node/protocol/messages.hpp"

#include <array>

#include "node/protocol/archive_fields.hpp"
#include "node/protocol/codec.hpp"
#include "node/protocol/dump_fields.hpp"
#include "node/protocol/json_text.hpp"
#include "node/protocol/passage_fields.hpp"
#include "node/protocol/registry_fields.hpp"
#include "node/protocol/restore_fields.hpp"

// Found by the types of their arguments: the values of include/ms2m are in its namespace.
namespace ms2m {

using node::codec::Of;

static const std::array<const char*, 3>& words(Content) {
  static const std::array<const char*, 3> all{"unknown", "empty", "data"};
  return all;
}

static const std::array<const char*, 3>& words(Round) {
  static const std::array<const char*, 3> all{"none", "early", "last"};
  return all;
}

static const std::array<const char*, 3>& words(Compression) {
  static const std::array<const char*, 3> all{"none", "zstd", "auto"};
  return all;
}

static const std::array<const char*, 3>& words(AtEnd) {
  static const std::array<const char*, 3> all{"thaw", "kill", "stay"};
  return all;
}

static void fields(auto& f, Of<NodeLook> auto& m) {
  f("features", m.features);
  f("volumes", m.volumes);
  f("shm", m.shm);
  f("open_files", m.open_files);
  f("base_image", m.base_image);
  f("memory", m.memory);
  f("shared_memory", m.shared_memory);
  f("listens_on_own_address", m.listens_on_own_address);
  f("anonymous_files", m.anonymous_files);
  f("watches_overlay", m.watches_overlay);
  f("deleted_files", m.deleted_files);
  f("outside_peers", m.outside_peers);
  f("unknown_peers", m.unknown_peers);
  f("kubelet_root", m.kubelet_root);
}

static void fields(auto& f, Of<LookAt> auto& m) {
  f("pod_uid", m.pod_uid);
  f("container_id", m.container_id);
  f("empty_dirs", m.empty_dirs);
}

static void fields(auto& f, Of<NodeTools> auto& m) {
  f("asked", m.asked);
  f("criu", m.criu);
  f("crun", m.crun);
  f("runc", m.runc);
  f("oci", m.oci);
  f("crun_without_criu", m.crun_without_criu);
  f("criu_options", m.criu_options);
  f("crio_configured", m.crio_configured);
  f("crio_criu_support", m.crio_criu_support);
  f("crio_level", m.crio_level);
  f("crio_knows_levels", m.crio_knows_levels);
  f("crio_signature_policy", m.crio_signature_policy);
  f("containerd_configured", m.containerd_configured);
  f("containerd_criu", m.containerd_criu);
  f("containerd_restores", m.containerd_restores);
  f("handler", m.handler);
  f("handler_configured", m.handler_configured);
}

static const std::array<const char*, 4>& words(SetupKind) {
  static const std::array<const char*, 4> all{"text", "program", "link", "directory"};
  return all;
}

static const std::array<const char*, 2>& words(SetupWay) {
  static const std::array<const char*, 2> all{"install", "remove"};
  return all;
}

static void fields(auto& f, Of<SetupFile> auto& m) {
  f("path", m.path);
  f("kind", m.kind);
  f("before", m.before);
  f("after", m.after);
}

static void fields(auto& f, Of<NodeSetupPlan> auto& m) {
  f("runtime", m.runtime);
  f("service", m.service);
  f("files", m.files);
  f("outdated", m.outdated);
}

static void fields(auto& f, Of<ArchiveFile> auto& m) {
  f("path", m.path);
  f("bytes", m.bytes);
}

static void fields(auto& f, Of<StoredImage> auto& m) {
  f("id", m.id);
  f("names", m.names);
  f("user", m.user);
  f("checkpoint", m.checkpoint);
}

static void fields(auto& f, Of<CheckpointImage> auto& m) {
  f("directory", m.directory);
  f("sha256", m.sha256);
  f("bytes", m.bytes);
  f("name", m.name);
  f("container", m.container);
  f("architecture", m.architecture);
  f("user", m.user);
}

}  // namespace ms2m

namespace ms2m::node {

using codec::Of;

template <class Message>
concept Empty =
    std::same_as<std::remove_const_t<Message>, Nothing> || std::same_as<std::remove_const_t<Message>, ForgetProgram> ||
    std::same_as<std::remove_const_t<Message>, RestartRuntime> ||
    std::same_as<std::remove_const_t<Message>, ImageProbe> || std::same_as<std::remove_const_t<Message>, ImageList> ||
    std::same_as<std::remove_const_t<Message>, RestoreList> || std::same_as<std::remove_const_t<Message>, RestoreSweep>;

template <class Message>
concept Container = std::same_as<std::remove_const_t<Message>, Thaw> ||
    std::same_as<std::remove_const_t<Message>, Kill> || std::same_as<std::remove_const_t<Message>, MendCheckpoint>;

template <class Message>
concept RestoreById = std::same_as<std::remove_const_t<Message>, RestoreDone> ||
    std::same_as<std::remove_const_t<Message>, RestoreVoid> ||
    std::same_as<std::remove_const_t<Message>, RestoreRemoveData>;

static void fields(auto&, Empty auto&) {}
static void fields(auto& f, Of<Found> auto& m) { f("found", m.found); }
static void fields(auto& f, Of<Forgotten> auto& m) { f("programs", m.programs); }
static void fields(auto& f, Of<Hello> auto& m) {
  f("version", m.version);
  f("silence_ms", m.silence_ms);
  f("runtime", m.runtime);
  f("node", m.node);
}
static void fields(auto& f, Of<LookAnswer> auto& m) {
  f("look", m.look);
  f("clock", m.clock);
}
static void fields(auto& f, Of<Look> auto& m) { f("at", m.at); }
static void fields(auto& f, Of<Tools> auto& m) { f("container_id", m.container_id); }
static void fields(auto& f, Of<SetupAnswer> auto& m) {
  f("program", m.program);
  f("plan", m.plan);
}
static void fields(auto& f, Of<SetupLook> auto& m) { f("way", m.way); }
static void fields(auto& f, Of<SetupApply> auto& m) {
  f("way", m.way);
  f("files", m.files);
}
static void fields(auto& f, Of<StreamProgress> auto& m) {
  f("done", m.done);
  f("total", m.total);
  f("over", m.over);
  f("pages", m.pages);
  f("differing", m.differing);
  f("travelled", m.travelled);
}
static void fields(auto& f, Of<StreamEnd> auto& m) {
  f("bytes", m.bytes);
  f("sha256", m.sha256);
  f("memory", m.memory);
}
static void fields(auto& f, Of<ReadArchive> auto& m) {
  f("path", m.path);
  f("round", m.round);
  f("id", m.id);
  f("passage", m.passage);
  f("compress", m.compress);
}
static void fields(auto& f, Of<WriteLayout> auto& m) {
  f("directory", m.directory);
  f("bytes", m.bytes);
  f("passage", m.passage);
  f("packed", m.packed);
}
static void fields(auto& f, Of<RemoveLayout> auto& m) { f("directory", m.directory); }
static void fields(auto& f, Of<ImageTool> auto& m) { f("tool", m.tool); }
static void fields(auto& f, Of<ImageFound> auto& m) { f("image", m.image); }
static void fields(auto& f, Of<ImageFind> auto& m) { f("name_or_id", m.name_or_id); }
static void fields(auto& f, Of<ImageListing> auto& m) { f("images", m.images); }
static void fields(auto& f, Of<ImageId> auto& m) { f("id", m.id); }
static void fields(auto& f, Of<ImageImport> auto& m) { f("image", m.image); }
static void fields(auto& f, Of<ImagePointName> auto& m) {
  f("name", m.name);
  f("id", m.id);
}
static void fields(auto& f, Of<ImageRemoveName> auto& m) { f("name", m.name); }
static void fields(auto& f, Of<ImageRemove> auto& m) { f("id", m.id); }
static void fields(auto& f, Of<Freeze> auto& m) {
  f("container", m.container);
  f("limit_ms", m.limit_ms);
  f("at_end", m.at_end);
  f("still_held", m.still_held);
  f("linger_ms", m.linger_ms);
}
static void fields(auto& f, Container auto& m) { f("container", m.container); }
static void fields(auto& f, Of<RestorePrepare> auto& m) {
  f("id", m.id);
  f("target", m.target);
  f("wait_ms", m.wait_ms);
  f("valid_s", m.valid_s);
}
static void fields(auto& f, Of<RestoreBind> auto& m) {
  f("id", m.id);
  f("uid", m.uid);
  f("kubelet_root", m.kubelet_root);
}
static void fields(auto& f, Of<WriteRestore> auto& m) {
  f("id", m.id);
  f("bytes", m.bytes);
  f("round", m.round);
  f("over", m.over);
  f("passage", m.passage);
  f("packed", m.packed);
}
static void fields(auto& f, Of<RestoreReady> auto& m) {
  f("id", m.id);
  f("sha256", m.sha256);
}
static void fields(auto& f, RestoreById auto& m) { f("id", m.id); }
static void fields(auto& f, Of<RestoreWatch> auto& m) {
  f("id", m.id);
  f("seen", m.seen);
  f("limit_ms", m.limit_ms);
}
static void fields(auto& f, Of<RestoreListing> auto& m) { f("restores", m.restores); }
static void fields(auto& f, Of<RestoreIds> auto& m) { f("ids", m.ids); }

template <class Message>
Json encode(const Message& message) {
  return codec::put(message);
}

template <class Message>
Message decode(const Json& json) {
  try {
    return codec::get<Message>(json);
  } catch (const codec::Mistyped&) {
    throw Error(ErrorKind::protocol, "this is no JSON object");
  }
}

template <class Message>
std::string print_message(const Message& message) {
  Json json = codec::put(message);
  if constexpr (requires { Message::kDo; }) json["do"] = Message::kDo;
  return print(json);
}

template <class Message>
Message parse_message(const std::string& payload) {
  return decode<Message>(parse_object(payload));
}

std::string request_name(const Json& request) {
  const auto found = request.find("do");
  if (found == request.end() || !found->is_string()) throw Error(ErrorKind::protocol, "a request without 'do'");
  return found->get<std::string>();
}

// Each message for whoever includes the header.
#define MS2M_MESSAGE(T)                            \
  template Json encode<T>(const T&);               \
  template T decode<T>(const Json&);               \
  template std::string print_message<T>(const T&); \
  template T parse_message<T>(const std::string&);
// clang-format off
#define MS2M_REQUESTS(X)                                                                                      \
  X(Hello) X(Look) X(Tools) X(ForgetProgram) X(SetupLook) X(SetupApply) X(RestartRuntime) X(ListArchives)     \
  X(WaitArchive) X(RemoveArchive) X(ReadArchive) X(DumpContainer) X(ReadDump) X(RemoveDump) X(WriteLayout)    \
  X(RemoveLayout) X(ImageProbe) X(ImageFind) X(ImageList) X(ImageImport) X(ImagePointName) X(ImageRemoveName) \
  X(ImageRemove) X(Freeze) X(Thaw) X(Kill) X(RestorePrepare) X(RestoreBind) X(WriteRestore) X(RestoreReady)   \
  X(RestoreDone) X(RestoreVoid) X(RestoreWatch) X(RestoreRemoveData) X(RestoreList) X(RestoreSweep)           \
  X(AttendCheckpoint) X(MendCheckpoint) X(OfferPassage) X(OpenPassage) X(EnterPassage) X(DropPassage)         \
  X(RegistryExchange) X(RegistrySent) X(ServePages) X(FeedPages)
// clang-format on
MS2M_REQUESTS(MS2M_MESSAGE)
MS2M_MESSAGE(Nothing)
MS2M_MESSAGE(PassageKey)
MS2M_MESSAGE(PassageEnd)
MS2M_MESSAGE(PassageEnds)
MS2M_MESSAGE(PassageOpened)
MS2M_MESSAGE(RegistryAnswer)
MS2M_MESSAGE(Found)
MS2M_MESSAGE(Forgotten)
MS2M_MESSAGE(SetupAnswer)
MS2M_MESSAGE(LookAnswer)
MS2M_MESSAGE(NodeTools)
MS2M_MESSAGE(ArchiveList)
MS2M_MESSAGE(StreamProgress)
MS2M_MESSAGE(StreamEnd)
MS2M_MESSAGE(DumpAnswer)
MS2M_MESSAGE(PagesEnd)
MS2M_MESSAGE(ImageTool)
MS2M_MESSAGE(ImageFound)
MS2M_MESSAGE(ImageListing)
MS2M_MESSAGE(ImageId)
MS2M_MESSAGE(RestoreStatus)
MS2M_MESSAGE(RestoreListing)
MS2M_MESSAGE(RestoreIds)

}  // namespace ms2m::node
