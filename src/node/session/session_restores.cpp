#include "node/session/session_restores.hpp"

#include "node/protocol/checks.hpp"

namespace ms2m {
namespace {

template <class Duration>
std::uint64_t count(Duration time) {
  return time.count() > 0 ? static_cast<std::uint64_t>(time.count()) : 0;
}

const std::string& checked(const std::string& id) {
  node::check_restore_id(id);
  return id;
}

}  // namespace

void SessionRestores::prepare(const std::string& node, const std::string& id, const RestoreTarget& target, Millis wait,
                              Seconds valid, const StopToken& stop) {
  for (const std::string* name : {&target.ns, &target.pod, &target.container}) node::check_object_name(*name);
  node::check_image_id(target.image_id);
  nodes_.ask(
      node,
      node::RestorePrepare{checked(id), target, count(wait), count(std::chrono::ceil<std::chrono::seconds>(valid))},
      "preparing restore " + id, stop);
}

void SessionRestores::bind(const std::string& node, const std::string& id, const std::string& uid,
                           const std::string& kubelet_root, const StopToken& stop) {
  node::check_object_name(uid);
  node::check_kubelet_root(kubelet_root);
  nodes_.ask(node, node::RestoreBind{checked(id), uid, kubelet_root}, "binding restore " + id + " to its pod", stop);
}

void SessionRestores::ready(const std::string& node, const std::string& id, const std::string& sha256,
                            const StopToken& stop) {
  nodes_.ask(node, node::RestoreReady{checked(id), sha256}, "letting restore " + id + " begin", stop);
}

RestoreStatus SessionRestores::watch(const std::string& node, const std::string& id,
                                     const std::optional<RestoreStatus>& seen, const StopToken& stop) {
  return nodes_.ask(node, node::RestoreWatch{checked(id), seen, {}}, "waiting for a change of restore " + id, stop);
}

void SessionRestores::done(const std::string& node, const std::string& id, const StopToken& stop) {
  nodes_.ask(node, node::RestoreDone{checked(id)}, "noting the end of restore " + id, stop);
}

bool SessionRestores::take_back(const std::string& node, const std::string& id, const StopToken& stop) {
  return nodes_.ask(node, node::RestoreVoid{checked(id)}, "taking restore " + id + " back", stop).found;
}

bool SessionRestores::remove_data(const std::string& node, const std::string& id, const StopToken& stop) {
  return nodes_.ask_again(node, node::RestoreRemoveData{checked(id)}, "removing the data of restore " + id, stop).found;
}

std::map<std::string, RestoreStatus> SessionRestores::list(const std::string& node, const StopToken& stop) {
  return nodes_.ask(node, node::RestoreList{}, "listing restores", stop).restores;
}

std::vector<std::string> SessionRestores::sweep(const std::string& node, const StopToken& stop) {
  return nodes_.ask(node, node::RestoreSweep{}, "removing restores that have ended", stop).ids;
}

}  // namespace ms2m
