#include "node/session/adapters.hpp"

#include "ms2m/error.hpp"
#include "node/protocol/checks.hpp"

namespace ms2m {
namespace {

std::string short_id(const std::string& container) { return node::check_container_id(container).substr(0, 12); }

std::uint64_t milliseconds(Millis time) { return static_cast<std::uint64_t>(time.count()); }

}  // namespace

NodeLook SessionInspector::look(const std::string& node, const LookAt& at, const StopToken& stop) {
  node::LookAnswer answer = nodes_.ask(node, node::Look{at}, "looking at what is", stop);
  if (answer.clock)
    answer.look.clock_ahead =
        Seconds(*answer.clock) - std::chrono::duration_cast<Seconds>(BootClock::now().time_since_epoch());
  return std::move(answer.look);
}

NodeTools SessionInspector::tools(const std::string& node, const std::string& container_id, const StopToken& stop) {
  NodeTools tools = nodes_.ask(node, node::Tools{container_id}, "looking at CRIU and the runtime", stop);
  tools.program = nodes_.session(node, stop)->greeting().build;
  tools.handler_here = nodes_.program().build();
  return tools;
}

std::vector<ArchiveFile> SessionArchives::list(const std::string& node, const ArchivesOf& of, const StopToken& stop) {
  node::check_archive_directory(of.directory);
  return nodes_.ask_again(node, node::ListArchives{of}, "listing " + of.directory, stop).files;
}

std::vector<ArchiveFile> SessionArchives::list_new(const std::string& node, const ArchivesOf& of,
                                                   const NewArchive& news, const StopToken& stop) {
  node::check_archive_directory(of.directory);
  const std::string doing = "waiting for a new archive in " + of.directory;
  const node::ListArchives request{of, news.known, news.container_id, milliseconds(news.wait)};
  return nodes_.ask_again(node, request, doing, stop).files;
}

void SessionArchives::wait_complete(const std::string& node, const std::string& path, const StopToken& stop) {
  node::check_archive_path(path);
  nodes_.ask_again(node, node::WaitArchive{path, {}}, "waiting for the end of " + path, stop);
}

bool SessionArchives::remove(const std::string& node, const std::string& path, const StopToken& stop) {
  node::check_archive_path(path);
  return nodes_.ask_again(node, node::RemoveArchive{path}, "removing " + path, stop).found;
}

std::string SessionImages::probe(const std::string& node, const StopToken& stop) {
  return nodes_.ask(node, node::ImageProbe{}, "asking for the image tool", stop).tool;
}

std::optional<StoredImage> SessionImages::find(const std::string& node, const std::string& name_or_id,
                                               const StopToken& stop) {
  node::image_reference(name_or_id);
  return nodes_.ask(node, node::ImageFind{name_or_id}, "looking for image " + name_or_id, stop).image;
}

std::optional<std::vector<StoredImage>> SessionImages::list(const std::string& node, const StopToken& stop) {
  return nodes_.ask(node, node::ImageList{}, "listing images", stop).images;
}

std::string SessionImages::import_checkpoint(const std::string& node, const CheckpointImage& image,
                                             const StopToken& stop) {
  node::check_layout_directory(image.directory, kLayoutRoot);
  node::check_image_name(image.name);
  return nodes_.ask(node, node::ImageImport{image}, "importing image " + image.name, stop).id;
}

void SessionImages::point_name(const std::string& node, const std::string& name, const std::string& id,
                               const StopToken& stop) {
  node::check_image_name(name);
  nodes_.ask(node, node::ImagePointName{name, node::check_image_id(id)}, "pointing " + name + " at an image", stop);
}

bool SessionImages::remove_name(const std::string& node, const std::string& name, const StopToken& stop) {
  node::check_image_name(name);
  return nodes_.ask_again(node, node::ImageRemoveName{name}, "removing image name " + name, stop).found;
}

bool SessionImages::remove_image(const std::string& node, const std::string& id, const StopToken& stop) {
  return nodes_.ask_again(node, node::ImageRemove{node::check_image_id(id)}, "removing image " + id, stop).found;
}

bool SessionImages::remove_layout(const std::string& node, const std::string& directory, const StopToken& stop) {
  node::check_layout_directory(directory, kLayoutRoot);
  return nodes_.ask_again(node, node::RemoveLayout{directory}, "removing " + directory, stop).found;
}

bool SessionProcesses::freeze(const std::string& node, const std::string& container, const FreezeTerms& terms,
                              const StopToken& stop) {
  const std::string doing = "freezing container " + short_id(container);
  node::Freeze request{container, {}, terms.at_end, false, milliseconds(terms.linger)};
  if (terms.limit) request.limit_ms = milliseconds(*terms.limit);
  const auto session = nodes_.session(node, stop);
  {
    const std::lock_guard lock(mutex_);
    const auto before = frozen_in_.find({node, container});
    // What was frozen in a session that has ended may have come to its end: then it is no freeze to build on.
    request.still_held = terms.at_end != AtEnd::thaw && before != frozen_in_.end();
    if (request.still_held && before->second.lock() != session)
      throw Error(ErrorKind::inconsistent, "the session in which container " + short_id(container) +
                                               " was frozen on node " + node + " has ended");
    frozen_in_[{node, container}] = session;
  }
  return nodes_.ask_in(*session, node, request, doing, stop).found;
}

bool SessionProcesses::holds(const std::string& node, const std::string& container) const {
  const std::lock_guard lock(mutex_);
  const auto found = frozen_in_.find({node, container});
  const auto session = found == frozen_in_.end() ? nullptr : found->second.lock();
  return session && session->speaks();
}

bool SessionProcesses::thaw(const std::string& node, const std::string& container, const StopToken& stop) {
  const std::string doing = "thawing container " + short_id(container);
  forget(node, container);
  return nodes_.ask(node, node::Thaw{container}, doing, stop).found;
}

bool SessionProcesses::kill(const std::string& node, const std::string& container, const StopToken& stop) {
  const std::string doing = "killing container " + short_id(container);
  forget(node, container);
  return nodes_.ask(node, node::Kill{container}, doing, stop).found;
}

void SessionProcesses::attend_checkpoint(const std::string& node, const std::string& container, bool over,
                                         const StopToken& stop) {
  nodes_.ask(node, node::AttendCheckpoint{container, over}, "attending to container " + short_id(container), stop);
}

bool SessionProcesses::mend_checkpoint(const std::string& node, const std::string& container, const StopToken& stop) {
  const std::string doing = "looking whether container " + short_id(container) + " was left paused";
  return nodes_.ask(node, node::MendCheckpoint{container}, doing, stop).found;
}

void SessionProcesses::forget(const std::string& node, const std::string& container) {
  const std::lock_guard lock(mutex_);
  frozen_in_.erase({node, container});
}

}  // namespace ms2m
