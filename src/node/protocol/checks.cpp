#include "node/protocol/checks.hpp"

#include <algorithm>
#include <cctype>

#include "ms2m/archive.hpp"
#include "ms2m/error.hpp"
#include "ms2m/node.hpp"

namespace ms2m::node {
namespace {

bool alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool all_of(const std::string& text, const std::string& extra) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return alphanumeric(c) || extra.find(c) != std::string::npos; });
}

}  // namespace

bool is_sha256(const std::string& text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string check_layout_directory(const std::string& directory, const std::string& root) {
  const std::string name = directory.starts_with(root + "/") ? directory.substr(root.size() + 1) : "";
  if (name.empty() || name.size() > 255 || name.front() == '.' || name.front() == '-' || name == kDumps ||
      !all_of(name, "._-"))
    throw Error(ErrorKind::refused, "'" + directory + "' is not a directory of an image layout below " + root);
  return name;
}

void check_image_name(const std::string& name) {
  if (name.empty() || !alphanumeric(name.front()) || !all_of(name, "._-/:@"))
    throw Error(ErrorKind::usage, "'" + name + "' is not the name of an image");
}

std::string image_reference(const std::string& name_or_id) {
  const std::string id = name_or_id.starts_with("sha256:") ? name_or_id.substr(7) : name_or_id;
  if (is_sha256(id)) return "@" + id;
  check_image_name(name_or_id);
  return name_or_id;
}

std::string check_image_id(const std::string& id) {
  const std::string reference = image_reference(id);
  if (reference.front() != '@') throw Error(ErrorKind::usage, "'" + id + "' is not an image ID");
  return reference.substr(1);
}

void check_archive_path(const std::string& path) {
  if (!is_archive_path(path))
    throw Error(ErrorKind::refused, "'" + path + "' is not a checkpoint archive in a directory checkpoints");
}

void check_archive_directory(const std::string& directory) {
  if (!is_archive_path(directory + "/checkpoint-p_n-c-2026-11-21T21:21:02Z.tar"))
    throw Error(ErrorKind::refused, "'" + directory + "' is not a kubelet's directory of checkpoints");
}

std::string check_container_id(const std::string& container) {
  const std::string id = bare_container_id(container);
  if (id.empty()) throw Error(ErrorKind::usage, "'" + container + "' is not the ID of a container");
  return id;
}

void check_object_name(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '.';
  });
  if (!plain || name.empty() || name.size() > 253 || !alphanumeric(name.front()) || !alphanumeric(name.back()))
    throw Error(ErrorKind::usage, "'" + name + "' is not a name of Kubernetes");
}

void check_restore_id(const std::string& id) {
  const bool plain = std::all_of(id.begin(), id.end(),
                                 [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-'; });
  if (!plain || id.empty() || id.size() > 63 || id.front() == '-' || id == kDumps)
    throw Error(ErrorKind::usage, "'" + id + "' is not the ID of a restore or a dump");
}

void check_kubelet_root(const std::string& root) {
  if (!is_archive_path(checkpoint_directory(root) + "/checkpoint-p_n-c-2026-11-21T21:21:02Z.tar"))
    throw Error(ErrorKind::refused, "'" + root + "' is not a kubelet's directory");
}

}  // namespace ms2m::node
