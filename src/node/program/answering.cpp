#include "node/program/answering.hpp"

#include <map>

#include "ms2m/error.hpp"
#include "node/program/archives.hpp"
#include "node/program/build_id.hpp"
#include "node/program/images.hpp"
#include "node/program/layouts.hpp"
#include "node/program/look.hpp"
#include "node/program/page_feed.hpp"
#include "node/program/program_cache.hpp"
#include "node/program/restore_data.hpp"
#include "node/program/restores.hpp"
#include "node/program/tools.hpp"
#include "node/protocol/version.hpp"
#include "node/runtime/paths.hpp"
#include "node/setup/setup.hpp"

namespace ms2m::node {
namespace {

const NodeRuntime& runtime(const Node& node) {
  if (node.runtime) return *node.runtime;
  throw Error(ErrorKind::refused, "node " + node.name + " runs " + node.runtime_version +
                                      ", into whose image store a checkpoint cannot be brought");
}

void through(const Node& node, const std::optional<PassageUse>& use, Channel& channel) {
  if (use) channel.go_through(node.passages.take(use->id), use->per_second, use->tells);
}
void through(const Node& node, const std::string& passage, Channel& channel) {
  if (!passage.empty()) channel.go_through(node.passages.take(passage));
}
void packed(bool is, Channel& channel) {
  if (is) channel.unpack();
}

LookAnswer on(const Node& node, const Look& request, Channel& channel) {
  return look(node.roots, node.runtime.get(), request.at, channel.stop());
}
SetupPlace place(const Node& node) {
  return {node.roots.system, node.name, node.runtime_version, own_greeting().build};
}
NodeTools on(const Node& node, const Tools& request, Channel& channel) {
  NodeTools tools = look_at_tools(node.roots, request.container_id, channel.stop());
  look_at_handler(place(node), tools);
  return tools;
}
SetupAnswer on(const Node& node, const SetupLook& request, Channel& channel) {
  return {read_link("/proc/self/exe"), look_at_setup(place(node), request.way, channel.stop())};
}
Nothing on(const Node& node, const SetupApply& request, Channel& channel) {
  apply_setup(place(node), request.way, request.files, channel.stop());
  return {};
}
Nothing on(const Node& node, const RestartRuntime&, Channel& channel) {
  restart_runtime(place(node), channel.stop());
  return {};
}
Forgotten on(const Node& node, const ForgetProgram&, Channel&) {
  return forget_program(node.roots.system + kProgramCache);
}
ArchiveList on(const Node&, const ListArchives& request, Channel& channel) {
  return list_archives(request, channel.stop());
}
Nothing on(const Node&, const WaitArchive& request, Channel& channel) { return wait_archive(request, channel.stop()); }
Found on(const Node&, const RemoveArchive& request, Channel&) { return remove_archive(request); }
StreamEnd on(const Node& node, const ReadArchive& request, Channel& channel) {
  through(node, request.passage, channel);
  channel.pack(request.compress);
  return read_archive(request, node.sent, channel);
}
DumpAnswer on(const Node& node, const DumpContainer& request, Channel& channel) {
  return node.dumps.take(request, node.name, channel.stop());
}
StreamEnd on(const Node& node, const ReadDump& request, Channel& channel) {
  through(node, request.passage, channel);
  channel.pack(request.compress);
  return node.dumps.read(request, node.sent, channel);
}
PagesEnd on(const Node& node, const ServePages& request, Channel& channel) {
  channel.pack(request.compress);
  return node.dumps.serve(request, node.name, channel);
}
Found on(const Node& node, const RemoveDump& request, Channel& channel) {
  return node.dumps.remove(request, channel.stop());
}
Nothing on(const Node& node, const AttendCheckpoint& request, Channel&) {
  if (request.over)
    node.attended.over(request.container);
  else
    node.attended.begin(request.container);
  return {};
}
Found on(const Node& node, const MendCheckpoint& request, Channel& channel) {
  return {node.attended.mend(request.container, channel.stop())};
}
StreamEnd on(const Node& node, const WriteLayout& request, Channel& channel) {
  through(node, request.passage, channel);
  packed(request.packed, channel);
  return write_layout(node.roots.layouts, node.name, request, channel);
}
Found on(const Node& node, const RemoveLayout& request, Channel& channel) {
  try {
    if (node.runtime) image_take_back(*node.runtime, node.roots, request.directory, channel.stop());
  } catch (const Error&) {
    remove_layer(node.roots.layouts, request.directory);
    throw;
  }
  return remove_layout(node.roots.layouts, request.directory);
}
ImageTool on(const Node& node, const ImageProbe&, Channel& channel) {
  return image_probe(runtime(node), channel.stop());
}
ImageFound on(const Node& node, const ImageFind& request, Channel& channel) {
  return image_find(runtime(node), request, channel.stop());
}
ImageListing on(const Node& node, const ImageList&, Channel& channel) {
  return image_list(runtime(node), channel.stop());
}
ImageId on(const Node& node, const ImageImport& request, Channel& channel) {
  return image_import(runtime(node), node.roots, request, channel.stop());
}
Nothing on(const Node& node, const ImagePointName& request, Channel& channel) {
  return image_point_name(runtime(node), request, channel.stop());
}
Found on(const Node& node, const ImageRemoveName& request, Channel& channel) {
  return image_remove_name(runtime(node), request, channel.stop());
}
Found on(const Node& node, const ImageRemove& request, Channel& channel) {
  return image_remove(runtime(node), request, channel.stop());
}
Found on(const Node& node, const Freeze& request, Channel& channel) {
  return node.containers.freeze(request, channel.stop());
}
Found on(const Node& node, const Thaw& request, Channel& channel) {
  return node.containers.thaw(request.container, channel.stop());
}
Found on(const Node& node, const Kill& request, Channel& channel) {
  return node.containers.kill(request.container, channel.stop());
}

Nothing on(const Node& node, const RestorePrepare& request, Channel&) {
  return Restores(node.roots.layouts).prepare(request);
}
Nothing on(const Node& node, const RestoreBind& request, Channel&) {
  return Restores(node.roots.layouts).bind(request);
}
StreamEnd on(const Node& node, const WriteRestore& request, Channel& channel) {
  through(node, request.passage, channel);
  packed(request.packed, channel);
  return write_restore(node.roots.layouts, node.name, request, node.arrived, channel);
}
PagesEnd on(const Node& node, const FeedPages& request, Channel& channel) {
  packed(request.packed, channel);
  return feed_pages(node.roots.layouts, request, channel);
}
Nothing on(const Node& node, const RestoreReady& request, Channel&) {
  return Restores(node.roots.layouts).ready(request);
}
Nothing on(const Node& node, const RestoreDone& request, Channel& channel) {
  return Restores(node.roots.layouts).done(request.id, node.containers, channel.stop());
}
Found on(const Node& node, const RestoreVoid& request, Channel& channel) {
  node.arrived.drop(request.id);
  return Restores(node.roots.layouts).take_back(request.id, node.containers, channel.stop());
}
RestoreStatus on(const Node& node, const RestoreWatch& request, Channel& channel) {
  return Restores(node.roots.layouts).watch(request, channel.stop());
}
Found on(const Node& node, const RestoreRemoveData& request, Channel&) {
  return Restores(node.roots.layouts).remove_data(request.id);
}
RestoreListing on(const Node& node, const RestoreList&, Channel&) { return Restores(node.roots.layouts).list(); }
RestoreIds on(const Node& node, const RestoreSweep&, Channel&) { return Restores(node.roots.layouts).sweep(); }

PassageKey on(const Node& node, const OfferPassage& request, Channel&) { return node.passages.offer(request); }
PassageOpened on(const Node& node, const OpenPassage& request, Channel& channel) {
  return node.passages.open(request, channel);
}
PassageEnd on(const Node& node, const EnterPassage& request, Channel& channel) {
  return node.passages.enter(request, channel.stop());
}

Found on(const Node& node, const DropPassage& request, Channel&) { return {node.passages.drop(request.id)}; }

RegistryAnswer on(const Node& node, const RegistryExchange& request, Channel& channel) {
  return node.registry.exchange(request, node.passages, channel.stop());
}
RegistryAnswer on(const Node& node, const RegistrySent& request, Channel&) { return node.registry.sent(request); }

using Handler = std::string (*)(const Node&, const Json&, Channel&);

template <class Request>
std::string handle(const Node& node, const Json& request, Channel& channel) {
  const typename Request::Answer answer = on(node, decode<Request>(request), channel);
  return print_message(answer);
}

template <class... Requests>
std::map<std::string, Handler> handlers() {
  return {{Requests::kDo, handle<Requests>}...};
}

}  // namespace

std::string answer(const Node& node, const Json& request, Channel& channel) {
  static const auto all =
      handlers<Look, Tools, ForgetProgram, SetupLook, SetupApply, RestartRuntime, ListArchives, WaitArchive,
               RemoveArchive, ReadArchive, DumpContainer, ReadDump, ServePages, RemoveDump, WriteLayout, RemoveLayout,
               ImageProbe, ImageFind, ImageList, ImageImport, ImagePointName, ImageRemoveName, ImageRemove, Freeze,
               Thaw, Kill, RestorePrepare, RestoreBind, WriteRestore, FeedPages, RestoreReady, RestoreDone, RestoreVoid,
               RestoreWatch, RestoreRemoveData, RestoreList, RestoreSweep, AttendCheckpoint, MendCheckpoint,
               OfferPassage, OpenPassage, EnterPassage, DropPassage, RegistryExchange, RegistrySent>();
  const std::string name = request_name(request);
  const auto found = all.find(name);
  if (found == all.end()) throw Error(ErrorKind::protocol, "the request '" + name + "' is not known here");
  return found->second(node, request, channel);
}

}  // namespace ms2m::node
