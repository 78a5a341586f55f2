#include "node/program/layouts.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "ms2m/error.hpp"
#include "node/program/incoming.hpp"
#include "node/protocol/checks.hpp"
#include "node/runtime/paths.hpp"
#include "node/runtime/storage_files.hpp"

namespace ms2m::node {
namespace {

using posix::UniqueFd;

constexpr const char* kPartial = ".partial";
constexpr int kMostTries = 100;

/// The directories of a layout that is being written; unless kept, those that were made for it go again.
class Directories {
 public:
  Directories(const std::string& root, const std::string& name) {
    // Whoever removes another layout takes the root along, as long as it is empty.
    for (int tries = 0; !make(root, name); ++tries) {
      if (tries == kMostTries) throw Error(ErrorKind::failed, "somebody keeps removing " + root);
      remove_made();
    }
  }
  ~Directories() {
    if (!kept_) remove_made();
  }
  Directories(const Directories&) = delete;
  Directories& operator=(const Directories&) = delete;
  int at() const { return steps_.back().own.get(); }
  void keep() { kept_ = true; }

 private:
  struct Step {
    UniqueFd parent;
    std::string name;
    UniqueFd own;
    bool made;
  };
  /// False: somebody has removed one of them meanwhile.
  bool make(const std::string& root, const std::string& name) {
    const auto [above, own] = split_path(root);
    UniqueFd parent = open_directory(above.empty() ? "/" : above);
    if (!parent) throw Error(ErrorKind::failed, above + ": there is no such directory");
    UniqueFd top = open_directory(root);
    bool made = false;
    if (!top) top = make_directory_in(parent.get(), own, made);
    if (!top) return false;
    enter(std::move(parent), own, std::move(top), made);
    for (const std::string& step : {name, std::string("blobs"), std::string("sha256")}) {
      UniqueFd next = make_directory_in(at(), step, made);
      if (!next) return false;
      UniqueFd here(::fcntl(at(), F_DUPFD_CLOEXEC, 0));
      enter(std::move(here), step, std::move(next), made);
    }
    return true;
  }
  void remove_made() noexcept {
    for (; !steps_.empty(); steps_.pop_back()) {
      const Step& last = steps_.back();
      if (last.made) ::unlinkat(last.parent.get(), last.name.c_str(), AT_REMOVEDIR);  // if it is empty
    }
  }
  void enter(UniqueFd parent, const std::string& name, UniqueFd own, bool made) {
    steps_.push_back({std::move(parent), name, std::move(own), made});
  }
  std::vector<Step> steps_;
  bool kept_ = false;
};

/// The file before its digest is verified. Its name goes with it.
class Partial {
 public:
  explicit Partial(int directory) : directory_(directory) {
    file_.reset(::openat(directory, kPartial, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file_) posix::throw_errno(kPartial);
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      file_.reset();
      throw Error(ErrorKind::conflict, "this layout is being written already");
    }
    if (::fchmod(file_.get(), 0600) != 0 || ::ftruncate(file_.get(), 0) != 0) posix::throw_errno(kPartial);
  }
  ~Partial() {
    if (file_ && !named_) ::unlinkat(directory_, kPartial, 0);
  }
  Partial(const Partial&) = delete;
  Partial& operator=(const Partial&) = delete;
  int fd() const { return file_.get(); }
  void name(const std::string& digest) {
    if (::renameat(directory_, kPartial, directory_, digest.c_str()) != 0) posix::throw_errno(digest);
    named_ = true;
  }

 private:
  const int directory_;
  UniqueFd file_;
  bool named_ = false;
};

/// They lie beside the layouts, and go in their own way.
bool is_restore(int root, const std::string& name) {
  const auto is = look_in(root, name);
  if (!is || !S_ISDIR(is->st_mode)) return false;
  const UniqueFd directory = open_directory_in(root, name);
  return directory && look_in(directory.get(), "record").has_value();
}

}  // namespace

StreamEnd write_layout(const std::string& root, const std::string& node, const WriteLayout& request, Channel& channel) {
  const std::string name = check_layout_directory(request.directory, root);
  Directories directories(root, name);
  check_space(directories.at(), request.directory, request.bytes, node);
  Partial partial(directories.at());
  Incoming stream(channel, request.bytes);
  while (const auto bytes = stream.next()) write_all(partial.fd(), *bytes, node);
  const StreamEnd got = stream.verified();
  partial.name(got.sha256);
  directories.keep();
  return got;
}

UniqueFd open_layout(const std::string& root, const std::string& directory) {
  const std::string name = check_layout_directory(directory, root);
  const UniqueFd top = open_directory(root);
  return top ? open_directory_in(top.get(), name) : UniqueFd{};
}

void remove_layer(const std::string& root, const std::string& directory) {
  const auto begun = begun_import(directory);
  const UniqueFd layout = open_layout(root, directory);
  if (!begun || !layout) return;
  const UniqueFd blobs = open_directory_in(layout.get(), "blobs");
  const UniqueFd digests = blobs ? open_directory_in(blobs.get(), "sha256") : UniqueFd{};
  if (digests) ::unlinkat(digests.get(), begun->layer.c_str(), 0);
}

Found remove_layout(const std::string& root, const std::string& directory) {
  const std::string name = check_layout_directory(directory, root);
  const UniqueFd top = open_directory(root);
  if (top && is_restore(top.get(), name)) throw Error(ErrorKind::refused, directory + " is a restore's");
  if (!top || !remove_tree_in(top.get(), name)) return {false};
  const auto [above, own] = split_path(root);
  // Only when it is empty, and no link.
  if (const UniqueFd parent = open_directory(above.empty() ? "/" : above))
    ::unlinkat(parent.get(), own.c_str(), AT_REMOVEDIR);
  return {true};
}

}  // namespace ms2m::node
