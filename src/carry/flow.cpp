#include "carry/flow.hpp"

#include "node/protocol/checks.hpp"

namespace ms2m {
namespace {

constexpr Millis kProgressInterval{100};

}  // namespace

std::string check_move(const MoveRequest& request) {
  if (const auto* archive = std::get_if<KubeletArchive>(&request.checkpoint)) node::check_archive_path(archive->path);
  if (const auto* dump = std::get_if<RuntimeDump>(&request.checkpoint)) node::check_restore_id(dump->id);
  std::string id = node::check_layout_directory(request.directory, kLayoutRoot);
  if (request.as == Unpack::restore) node::check_restore_id(id);
  if (request.round != Round::none && request.as != Unpack::restore)
    throw Error(ErrorKind::refused, "a round of pre-copy goes into a restore, not into a layout");
  return id;
}

Flow::Flow(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop)
    : request_(request),
      doing_("moving " + to_string(request.checkpoint) + " to node " + request.to_node),
      source_("source " + request.from_node),
      target_("target " + request.to_node),
      stop_(stop),
      progress_(progress) {}

std::string Flow::reading(const std::optional<node::PassageUse>& passage) const {
  if (const auto* dump = std::get_if<RuntimeDump>(&request_.checkpoint))
    return node::print_message(node::ReadDump{dump->id, request_.round, passage, compress()});
  const std::string id =
      request_.round == Round::none ? "" : node::check_layout_directory(request_.directory, kLayoutRoot);
  return node::print_message(
      node::ReadArchive{std::get<KubeletArchive>(request_.checkpoint).path, request_.round, id, passage, compress()});
}

std::string Flow::writing(const std::string& passage) const {
  if (request_.as == Unpack::layout)
    return node::print_message(node::WriteLayout{request_.directory, announced_.total, passage, packed()});
  return node::print_message(node::WriteRestore{node::check_layout_directory(request_.directory, kLayoutRoot),
                                                announced_.total, request_.round, announced_.over, passage, packed()});
}

void Flow::take_end(const std::string& payload) {
  const auto said = node::parse_message<node::StreamEnd>(payload);
  hex_ = said.sha256;
  memory_ = said.memory;
  check(said);
  if (done_ != announced_.total) throw unexpected();
}

void Flow::check(const node::StreamEnd& said) const {
  if (said.bytes == done_ && said.sha256 == hex_ && said.memory == memory_) return;
  throw Error(ErrorKind::failed, "the bytes that arrived are not those that were sent");
}

void Flow::report(bool now) {
  if (!progress_ || (!now && Clock::now() < next_)) return;
  next_ = Clock::now() + kProgressInterval;
  progress_({done_, announced_.total, travelled()});
}

}  // namespace ms2m
