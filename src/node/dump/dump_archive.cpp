#include "node/dump/dump_archive.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "ms2m/error.hpp"
#include "node/runtime/paths.hpp"
#include "node/tar/writer.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kChunk = 256u << 10;

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

void DumpArchive::write(const std::function<void(std::string_view)>& sink) const {
  const posix::UniqueFd images = open_directory_in(directory_, kDumpImages);
  std::string chunk(kChunk, '\0');
  for (const TarEntry& entry : entries_) {
    sink(tar_header(entry));
    if (entry.kind != TarEntry::Kind::file) continue;
    const bool inner = entry.name != kDumpChanges;
    const posix::UniqueFd file = inner ? open_file_in(images.get(), entry.name.substr(entry.name.find('/') + 1))
                                       : open_file_in(directory_, entry.name);
    std::uint64_t done = 0;
    for (ssize_t got = 1; got != 0;) {
      got = file ? ::read(file.get(), chunk.data(), chunk.size()) : 0;
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) posix::throw_errno("reading " + entry.name);
      done += static_cast<std::uint64_t>(got);
      if (done > entry.size) throw changed(entry.name);
      if (got > 0) sink({chunk.data(), static_cast<std::size_t>(got)});
    }
    if (done != entry.size) throw changed(entry.name);
    sink(tar_padding(entry.size));
  }
  sink(tar_end());
}

}  // namespace ms2m::node
