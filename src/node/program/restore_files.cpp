#include "node/program/restore_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <initializer_list>

#include "ms2m/error.hpp"
#include "node/criu/memory_images.hpp"
#include "node/runtime/paths.hpp"

namespace ms2m::node {
namespace {

using posix::UniqueFd;

constexpr const char* kImages = "checkpoint";
constexpr const char* kRounds = "rounds";
constexpr const char* kParent = "parent";            // CRIU's name for it
constexpr const char* kInventory = "inventory.img";  // in every dump of CRIU's
constexpr std::initializer_list<const char*> kFiles{"rootfs-diff.tar", "deleted.files"};

Error refused(const std::string& why) { return Error(ErrorKind::refused, "the checkpoint's archive " + why); }

/// Whoever made the archive chose it.
void check_name(const std::string& name) {
  const bool plain = !name.empty() && name.front() != '/' && name.find('\0') == std::string::npos;
  if (!plain || ("/" + name + "/").find("/../") != std::string::npos)
    throw refused("has a member with a name that leads elsewhere");
}

UniqueFd make(int directory, const std::string& name) {
  bool made = false;
  UniqueFd fd = make_directory_in(directory, name, made);
  if (!fd) throw Error(ErrorKind::conflict, "somebody removes the restore");
  return fd;
}

UniqueFd create(int directory, const std::string& name, const TarEntry& entry) {
  if (entry.kind != TarEntry::Kind::file) throw refused("has a member " + entry.name + ", which is no file");
  UniqueFd file(::openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file && errno == EEXIST) throw refused("has two members " + entry.name);
  if (!file) posix::throw_errno(entry.name);
  return file;
}

UniqueFd directory_of_images(int place, bool early, int before) {
  if (before == 0) remove_tree_in(place, kRounds);
  if (early) return make(place, kRounds);
  UniqueFd same(::fcntl(place, F_DUPFD_CLOEXEC, 0));
  if (!same) posix::throw_errno("a restore's directory");
  return same;
}

}  // namespace

RestoreFiles::RestoreFiles(int place, Round round, int before)
    : place_(place),
      early_(round == Round::early),
      directory_(early_ ? std::to_string(before + 1) : kImages),
      at_(directory_of_images(place, early_, before)) {
  remove();
  images_ = make(at_.get(), directory_);
  if (before == 0) return;
  // CRIU opens it where the container's own file system is the root: it has to be relative.
  const std::string base =
      early_ ? "../" + std::to_string(before) : std::string("../") + kRounds + "/" + std::to_string(before);
  if (::symlinkat(base.c_str(), images_.get(), kParent) != 0) posix::throw_errno(kParent);
}

RestoreFiles::~RestoreFiles() {
  if (kept_) return;
  try {
    remove();
  } catch (const std::exception&) {  // it goes with the restore
  }
}

UniqueFd RestoreFiles::open_for(const TarEntry& entry) const {
  check_name(entry.name);
  const auto slash = entry.name.find('/');
  if (entry.name.substr(0, slash) != kImages) {
    const bool known = !early_ && std::count(kFiles.begin(), kFiles.end(), entry.name) > 0;
    return known ? create(place_, entry.name, entry) : UniqueFd{};
  }
  const std::string inner = image_file(entry);
  if (inner.empty() && entry.kind == TarEntry::Kind::directory) return {};
  if (inner.empty() || inner == "." || inner == kParent || inner.find('/') != std::string::npos)
    throw refused("has a member " + entry.name + ", which is no file of CRIU's");
  return is_wanted(inner) ? create(images_.get(), inner, entry) : UniqueFd{};
}

bool RestoreFiles::is_wanted(const std::string& image) const {
  return !early_ || is_pagemap(image) || pages_id_of(image).has_value();
}

bool RestoreFiles::complete() const { return look_in(images_.get(), kInventory).has_value(); }

void RestoreFiles::remove() const {
  remove_tree_in(at_.get(), directory_);
  if (early_) return;
  for (const char* name : kFiles) remove_tree_in(place_, name);
}

}  // namespace ms2m::node
