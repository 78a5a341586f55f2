#include "node/program/restore_data.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "ms2m/error.hpp"
#include "node/program/incoming.hpp"
#include "node/restore/store.hpp"
#include "node/restore/waiting.hpp"
#include "node/runtime/paths.hpp"
#include "node/tar/reader.hpp"

namespace ms2m::node {
namespace {

using posix::UniqueFd;

constexpr std::size_t kChunk = 256u << 10;
constexpr const char* kImages = "checkpoint";
constexpr const char* kInventory = "inventory.img";  // in every dump of CRIU's
constexpr std::initializer_list<const char*> kFiles{"rootfs-diff.tar", "deleted.files"};

Error refused(const std::string& why) { return Error(ErrorKind::refused, "the checkpoint's archive " + why); }

/// Whoever made the archive chose it.
void check_name(const std::string& name) {
  const bool plain = !name.empty() && name.front() != '/' && name.find('\0') == std::string::npos;
  if (!plain || ("/" + name + "/").find("/../") != std::string::npos)
    throw refused("has a member with a name that leads elsewhere");
}

/// What is kept of an archive. Unless all of it came, it is removed again.
class Data {
 public:
  /// Removes what a program left that was killed. `place` must outlive it.
  explicit Data(int place) : place_(place) {
    remove();
    bool made = false;
    images_ = make_directory_in(place_, kImages, made);
    if (!images_) throw Error(ErrorKind::conflict, "somebody removes the restore");
  }
  ~Data() {
    if (kept_) return;
    try {
      remove();
    } catch (const std::exception&) {  // it goes with the restore
    }
  }
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;

  /// A file for a member's contents; empty: nobody needs it.
  UniqueFd open_for(const TarEntry& entry) const {
    check_name(entry.name);
    const auto slash = entry.name.find('/');
    const std::string top = entry.name.substr(0, slash);
    if (top == kImages) {
      const std::string inner = slash == std::string::npos ? "" : entry.name.substr(slash + 1);
      if (inner.empty() && entry.kind == TarEntry::Kind::directory) return {};
      if (inner.empty() || inner == "." || inner.find('/') != std::string::npos) throw refused(unfit(entry));
      return create(images_.get(), inner, entry);
    }
    const bool known = std::count(kFiles.begin(), kFiles.end(), entry.name) > 0;
    return known ? create(place_, entry.name, entry) : UniqueFd{};
  }
  bool has_inventory() const { return look_in(images_.get(), kInventory).has_value(); }
  void keep() { kept_ = true; }

 private:
  static std::string unfit(const TarEntry& entry) {
    return "has a member " + entry.name + ", which is no file of CRIU's";
  }
  static UniqueFd create(int directory, const std::string& name, const TarEntry& entry) {
    if (entry.kind != TarEntry::Kind::file) throw refused("has a member " + entry.name + ", which is no file");
    UniqueFd file(::openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file && errno == EEXIST) throw refused("has two members " + entry.name);
    if (!file) posix::throw_errno(entry.name);
    return file;
  }
  void remove() const {
    remove_tree_in(place_, kImages);
    for (const char* name : kFiles) remove_tree_in(place_, name);
  }
  const int place_;
  UniqueFd images_;
  bool kept_ = false;
};

/// The stream as an archive's reader asks for it.
class Source {
 public:
  explicit Source(Incoming& stream) : stream_(stream) {}
  std::size_t read(char* into, std::size_t size) {
    while (at_ == bytes_.size()) {
      auto next = stream_.next();
      if (!next) return 0;
      bytes_ = std::move(*next);
      at_ = 0;
    }
    size = std::min(size, bytes_.size() - at_);
    std::memcpy(into, bytes_.data() + at_, size);
    at_ += size;
    return size;
  }

 private:
  Incoming& stream_;
  std::string bytes_;
  std::size_t at_ = 0;
};

void unpack(Incoming& stream, const Data& data, const std::string& node) {
  Source source(stream);
  const ReadBytes read = [&](char* into, std::size_t size) { return source.read(into, size); };
  TarReader tar(read);
  std::string chunk(kChunk, '\0');
  while (const auto entry = tar.next())
    if (const UniqueFd file = data.open_for(*entry))
      while (const std::size_t size = tar.read(chunk.data(), chunk.size()))
        write_all(file.get(), {chunk.data(), size}, node);
  // What fills its last block, or is left of a longer archive: one of the same second is overwritten, not truncated
  // (CRI-O).
  while (read(chunk.data(), chunk.size()) > 0) continue;
  if (!data.has_inventory()) throw refused("has no images of CRIU's");
}

void check_free(const Record& record) {
  if (record.state != RestoreState::prepared)
    throw Error(ErrorKind::conflict, "restore " + record.id + " is " + to_string(record.state));
  if (!record.sha256.empty()) throw Error(ErrorKind::conflict, "restore " + record.id + " has its data already");
}

}  // namespace

StreamEnd write_restore(const std::string& root, const std::string& node, const WriteRestore& request,
                        Channel& channel) {
  const Error unknown(ErrorKind::not_found, "restore " + request.id + " is not known on this node");
  auto place = RestorePlace::open(root, request.id);
  if (!place) throw unknown;
  const Receiving alone(place->directory());
  const auto record = place->read();
  if (!record) throw unknown;
  check_free(*record);
  Data data(place->directory());
  check_space(place->directory(), place->path(), request.bytes, node);
  Incoming stream(channel, request.bytes);
  unpack(stream, data, node);
  const StreamEnd got = stream.verified();
  place->change([&](Record& now) {
    check_free(now);  // it may have been taken back meanwhile
    now.sha256 = got.sha256;
  });
  data.keep();
  return got;
}

}  // namespace ms2m::node
