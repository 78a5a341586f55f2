#include "node/dump/dump_archive.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "ms2m/error.hpp"
#include "node/runtime/paths.hpp"
#include "node/tar/writer.hpp"

namespace ms2m::node {
namespace {

Error changed(const std::string& name) {
  return Error(ErrorKind::failed, "file " + name + " of the dump has changed since it was made");
}

}  // namespace

DumpArchive::DumpArchive(int directory) : directory_(directory) {
  const posix::UniqueFd images = open_directory_in(directory_, kDumpImages);
  if (!images) throw Error(ErrorKind::failed, "the dump has no images of CRIU's");
  add(TarEntry::Kind::directory, std::string(kDumpImages) + "/", directory_, kDumpImages);
  std::vector<std::string> names = names_in(images.get());
  std::sort(names.begin(), names.end());
  for (const std::string& name : names)
    add(TarEntry::Kind::file, std::string(kDumpImages) + "/" + name, images.get(), name);
  add(TarEntry::Kind::file, kDumpChanges, directory_, kDumpChanges);
  size_.count += tar_end().size();
}

void DumpArchive::add(TarEntry::Kind kind, const std::string& name, int at, const std::string& file) {
  const auto is = look_in(at, file);
  if (!is || (kind == TarEntry::Kind::file && !S_ISREG(is->st_mode)))
    throw Error(ErrorKind::failed, "the dump has no file " + name);
  TarEntry entry;
  entry.kind = kind;
  entry.name = name;
  entry.mode = kind == TarEntry::Kind::directory ? 0700 : 0600;
  entry.size = kind == TarEntry::Kind::file ? static_cast<std::uint64_t>(is->st_size) : 0;
  entry.mtime = is->st_mtim.tv_sec;
  size_.count += tar_header(entry).size() + entry.size + tar_padding(entry.size).size();
  entries_.push_back(std::move(entry));
}

class DumpArchive::Reading {
 public:
  explicit Reading(const DumpArchive& archive)
      : archive_(archive), images_(open_directory_in(archive.directory_, kDumpImages)) {}

  std::size_t read(char* into, std::size_t size) {
    for (;;) {
      if (const std::size_t some = text_.copy(into, size, at_); some > 0) {
        at_ += some;
        return some;
      }
      if (file_) {
        if (const std::size_t some = read_file(into, size); some > 0) return some;
        say(tar_padding(entry().size));
        file_.reset();
      } else if (next_ < archive_.entries_.size()) {
        ++next_;
        say(tar_header(entry()));
        if (entry().kind == TarEntry::Kind::file) open();
      } else {
        if (std::exchange(ended_, true)) return 0;
        say(tar_end());
      }
    }
  }

 private:
  const TarEntry& entry() const { return archive_.entries_[next_ - 1]; }
  void say(std::string text) {
    text_ = std::move(text);
    at_ = 0;
  }
  void open() {
    const std::string& name = entry().name;
    file_ = name == kDumpChanges ? open_file_in(archive_.directory_, name)
                                 : open_file_in(images_.get(), name.substr(name.find('/') + 1));
    if (!file_) throw changed(name);
    done_ = 0;
  }
  std::size_t read_file(char* into, std::size_t size) {
    ssize_t got = -1;
    do got = ::read(file_.get(), into, size);
    while (got < 0 && errno == EINTR);
    if (got < 0) posix::throw_errno("reading " + entry().name);
    done_ += static_cast<std::uint64_t>(got);
    if (done_ > entry().size || (got == 0 && done_ != entry().size)) throw changed(entry().name);
    return static_cast<std::size_t>(got);
  }

  const DumpArchive& archive_;
  const posix::UniqueFd images_;
  std::size_t next_ = 0;  ///< entry() is the one before
  std::string text_;
  std::size_t at_ = 0;
  posix::UniqueFd file_;
  std::uint64_t done_ = 0;
  bool ended_ = false;
};

ReadBytes DumpArchive::reader() const {
  return
      [reading = std::make_shared<Reading>(*this)](char* into, std::size_t size) { return reading->read(into, size); };
}

}  // namespace ms2m::node
