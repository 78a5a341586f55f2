#include "handler_inputs.hpp"

#include <fcntl.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "ms2m/error.hpp"
#include "node/handler/bundle.hpp"
#include "node/handler/changes.hpp"
#include "node/handler/command_line.hpp"
#include "node/handler/gunzip.hpp"
#include "node/handler/tar_writer.hpp"
#include "node/protocol/json_text.hpp"
#include "node/restore/record.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::test {
namespace {

namespace fs = std::filesystem;

template <class Act>
bool refused(Act act) {
  try {
    act();
    return false;
  } catch (const Error&) {
    return true;
  }
}

/// JSON with some of its values replaced, printed, and some of its bytes changed.
std::string spoilt(Json json, Mutator& mutator) {
  for (auto& [name, value] : json.items()) {
    if (mutator.chance(10)) value = mutator.value(3);
    if (value.is_object())
      for (auto& [inner, each] : value.items())
        if (mutator.chance(10)) each = mutator.chance(50) ? Json(mutator.word()) : mutator.value(2);
  }
  std::string text = node::print(json);
  if (mutator.chance(20)) mutator.spoil(text);
  return text;
}

const Json& config() {
  static const Json json{{"root", {{"path", "rootfs"}}},
                         {"process", {{"selinuxLabel", "a"}}},
                         {"linux", {{"mountLabel", "b"}}},
                         {"annotations",
                          {{"ms2m.io/restore", "k3x9qa/consumer"},
                           {"io.kubernetes.cri-o.ContainerType", "container"},
                           {"io.kubernetes.cri-o.ImageRef", "i"},
                           {"io.kubernetes.pod.namespace", "shop"},
                           {"io.kubernetes.pod.name", "c-0"},
                           {"io.kubernetes.pod.uid", "u"},
                           {"io.kubernetes.container.name", "consumer"}}}};
  return json;
}

const std::vector<std::string> kNames{
    "a",    "a/b",        "a/b/c",   "up",           "up/outside",     "abs/outside",   "loop",
    "file", "../outside", "/..",     ".wh.a",        ".wh...",         "a/.wh.b",       ".",
    "",     ".wh.",       "up/up/x", ".wh..wh..opq", "a/.wh..wh..opq", "up/.wh.outside"};

std::string archive_of(Mutator& mutator, const std::string& outside) {
  TarWriter archive;
  const auto name = [&] { return mutator.chance(95) ? kNames[mutator.below(kNames.size())] : mutator.word(); };
  const std::vector<std::string> targets{"..",   "../../..", outside, fs::path(outside).parent_path(),
                                         "loop", "a",        "/proc"};
  for (auto count = 1 + mutator.below(12); count > 0; --count) {
    const std::string target = targets[mutator.below(targets.size())];
    switch (mutator.below(9)) {
      case 0:
        archive.directory(name(), static_cast<unsigned>(mutator.below(4096)));
        break;
      case 1:
        archive.symlink(mutator.chance(70) ? "up" : "abs", target);
        break;
      case 2:
        archive.symlink(name(), mutator.chance(90) ? target : mutator.word());
        break;
      case 3:
        archive.hard_link(name(), mutator.chance(50) ? name() : target);
        break;
      case 4:
        archive.device('3', name(), mutator.chance(90) ? 0 : 1, 0);
        break;
      case 5:
        archive.pax(mutator.chance(50) ? "SCHILY.xattr.trusted.overlay.opaque" : mutator.word(), mutator.word());
        break;
      default:
        archive.file(name(), std::string(mutator.below(1500), 'e'));
    }
  }
  return mutator.chance(90) ? archive.str() : archive.without_end();
}

std::string content(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

HandlerInputs::HandlerInputs() { std::ofstream(directory_.path() / "outside") << "outside"; }

std::string HandlerInputs::put_changes(Mutator& mutator) {
  const std::string root = directory_.path() / "root", outside = directory_.path() / "outside";
  std::error_code ignored;
  if (mutator.chance(50)) fs::remove_all(root, ignored);
  fs::create_directories(root);
  std::string bytes = archive_of(mutator, outside);
  if (mutator.chance(20)) mutator.spoil(bytes);
  if (mutator.chance(10)) bytes.insert(0, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10);
  const posix::UniqueFd directory(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  refused([&] {
    node::apply_changes(directory.get(), node::plain([&, at = std::size_t{0}](char* into, std::size_t size) mutable {
                          const auto some = std::min(size, bytes.size() - at);
                          std::memcpy(into, bytes.data() + at, some);
                          at += some;
                          return some;
                        }));
  });
  Json deleted = Json::array();
  for (auto count = mutator.below(5); count > 0; --count) deleted.push_back(kNames[mutator.below(kNames.size())]);
  refused([&] { node::apply_deletions(directory.get(), spoilt(deleted, mutator)); });
  if (content(outside) != "outside" || fs::hard_link_count(outside) != 1) return "a changed file got out of its root";
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : fs::directory_iterator(directory_.path())) ++count;
  return count == 2 ? "" : "changed files made something beside their root";
}

std::string HandlerInputs::run(Mutator& mutator) {
  refused([&] { node::parse_bundle(spoilt(config(), mutator), "/b"); });
  node::Record record;
  record.id = "k3x9qa";
  refused([&] { node::parse_record(spoilt(node::parse_object(node::print_record(record)), mutator)); });
  std::vector<std::string> words;
  for (auto count = mutator.below(12); count > 0; --count)
    words.push_back(mutator.chance(30) ? "--root" : mutator.chance(20) ? "create" : mutator.word());
  const auto line = node::parse_command_line(words);
  if (line.arguments != words) return "a command line was changed";
  node::with_root(line, "/r");
  return put_changes(mutator);
}

}  // namespace ms2m::test
