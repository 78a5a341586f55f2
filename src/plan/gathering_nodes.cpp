// The questions to the nodes. Each node's session is opened first; then what is asked there runs side by side in it.
#include "kube/objects/container.hpp"
#include "kube/objects/container_state.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/volumes.hpp"
#include "ms2m/archive.hpp"
#include "plan/facts.hpp"
#include "plan/gathering.hpp"
#include "plan/restoring.hpp"

namespace ms2m {
namespace {

/// The source's container and those emptyDir volumes that it mounts.
LookAt source_look(const Facts& facts) {
  LookAt what{pod_uid(facts.pod), "", {}};
  if (const auto state = container_state(facts.pod, facts.container)) what.container_id = state->id;
  const auto container = container_in(facts.pod, facts.container);
  for (const PodVolume& volume : volumes_of(facts.pod))
    if (volume.kind == VolumeKind::empty_dir && container && mounts_volume(*container, volume.name))
      what.empty_dirs.push_back(volume.name);
  return what;
}

/// As whoever needs the node will meet the error, an answer that does not come is "unknown".
template <class Value>
void take(Value& into, const std::function<Value()>& ask) {
  try {
    into = ask();
  } catch (const Error&) {
  }
}

bool reach(Nodes& nodes, const std::string& node, NodeFacts& facts, const StopToken& stop) {
  try {
    nodes.open(node, stop);
    return true;
  } catch (const Error& error) {
    facts.access = Trouble{error.what(), error.remedy()};
    return false;
  }
}

}  // namespace

void Gathering::start_nodes() {
  tasks_.start([this] { source_node(); });
  tasks_.start([this] { target_node(); });
}

void Gathering::source_node() {
  const std::string node = pod_node(facts_.pod);
  if (!reach(ports_.nodes, node, facts_.source, stop_)) return;
  tasks_.start([this, node] {
    take<NodeLook>(facts_.source.look, [&] { return ports_.inspector.look(node, source_look(facts_), stop_); });
    ask_archives(node);
  });
  tasks_.start([this, node] {
    take<NodeTools>(facts_.source.tools,
                    [&] { return ports_.inspector.tools(node, source_look(facts_).container_id, stop_); });
  });
  ask_images(node, facts_.source, source_find_);
}

/// Only the look at the node tells where its kubelet has them.
void Gathering::ask_archives(const std::string& node) {
  const std::string& root = facts_.source.look.kubelet_root;
  facts_.archive_directory = checkpoint_directory(root.empty() ? kKubeletRoot : root);
  ask(Question::archives, [this, node] {
    for (const auto& file :
         ports_.archives.list(node, {facts_.archive_directory, facts_.ns, request_.pod, facts_.container}, stop_))
      facts_.archives_before.push_back(file.path);
  });
}

void Gathering::target_node() {
  const std::string node = request_.target_node;
  if (request_.restore != RestoreChoice::image && handler_restores(facts_.procedure.course))
    tasks_.start([this, node] {
      take<std::optional<Millis>>(facts_.target.kubelet_patience,
                                  [&] { return ports_.cluster.kubelet_patience(node, stop_); });
    });
  if (!reach(ports_.nodes, node, facts_.target, stop_)) return;
  tasks_.start(
      [this, node] { take<NodeLook>(facts_.target.look, [&] { return ports_.inspector.look(node, {}, stop_); }); });
  tasks_.start(
      [this, node] { take<NodeTools>(facts_.target.tools, [&] { return ports_.inspector.tools(node, "", stop_); }); });
  ask_images(node, facts_.target, target_find_);
  if (const auto container = container_in(facts_.pod, facts_.container))
    tasks_.start([this, node, name = container->image] {
      take<std::optional<StoredImage>>(facts_.target.named, [&] { return ports_.images.find(node, name, stop_); });
    });
}

void Gathering::ask_images(const std::string& node, NodeFacts& facts, std::optional<Trouble>& find_trouble) {
  tasks_.start([this, node, &facts] {
    try {
      facts.tool = ports_.images.probe(node, stop_);
    } catch (const Error& error) {
      facts.tool_trouble = Trouble{error.what(), error.remedy()};
    }
  });
  tasks_.start([this, node, &facts, &find_trouble] { find_image(node, facts_.base_image, facts, find_trouble); });
}

void Gathering::find_image(const std::string& node, const std::string& name, NodeFacts& facts,
                           std::optional<Trouble>& find_trouble) {
  try {
    facts.image = ports_.images.find(node, name, stop_);
  } catch (const Error& error) {
    find_trouble = Trouble{error.what(), error.remedy()};
  }
}

/// When both nodes have answered. The pod's status names the image by its digest, which leads nowhere when the tag has
/// moved on to a newer image since, and on the target it may have another name: then it is asked for by its ID.
void Gathering::tell_image_names() {
  NodeFacts &source = facts_.source, &target = facts_.target;
  const auto find = [&](const std::string& node, const std::string& id, NodeFacts& facts,
                        std::optional<Trouble>& trouble) {
    if (!facts.access && !facts.tool_trouble && !trouble && !id.empty()) find_image(node, id, facts, trouble);
  };
  if (!source.image) find(pod_node(facts_.pod), source.look.base_image, source, source_find_);
  if (source.image && (!target.image || target.image->id != source.image->id))
    find(request_.target_node, source.image->id, target, target_find_);
  if (!source.tool_trouble) source.tool_trouble = source_find_;
  if (!target.tool_trouble) target.tool_trouble = target_find_;
}

void Gathering::ask_registry(const std::string& from, const std::string& to) {
  facts_.procedure.carriage = Carriage::registry;
  facts_.registry = RegistryFacts{ports_.registry.name(""), {}, {}, true};
  if (facts_.registry->name.empty() || facts_.source.access || facts_.target.access) return;
  const auto look = [&](const std::string& node, RegistryUse use, std::optional<Trouble>& trouble) {
    try {
      if (!ports_.registry.look(node, use, stop_).deletes) facts_.registry->deletes = false;
    } catch (const Error& error) {
      trouble = Trouble{error.what(), error.remedy()};
    }
  };
  look(from, RegistryUse::push, facts_.registry->source);
  look(to, RegistryUse::pull, facts_.registry->target);
}

/// It is tried: no table of addresses and filters would tell it.
void Gathering::ask_way() {
  const std::string from = pod_node(facts_.pod), to = request_.target_node;
  if (request_.carriage == Carriage::registry && from != to) return ask_registry(from, to);
  if (request_.carriage != Carriage::direct || from == to || facts_.source.access || facts_.target.access) return;
  try {
    facts_.direct = Obstacle{ports_.carrier.obstacle(from, to, stop_).value_or("")};
  } catch (const Error& error) {
    facts_.direct = Obstacle{error.what()};
  }
  if (facts_.direct->why.empty()) facts_.procedure.carriage = Carriage::direct;
}

}  // namespace ms2m
