// A root file system to unpack into, with what must stay as it is beside it.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>

#include "fake_node.hpp"
#include "node/handler/changes.hpp"
#include "node/handler/gunzip.hpp"
#include "support/catch.hpp"
#include "tar_writer.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::test {

/// Bytes, in pieces of a size that divides nothing.
inline node::ReadBytes bytes_of(std::string bytes) {
  return [bytes, at = std::size_t{0}](char* into, std::size_t size) mutable {
    const auto some = std::min({size, bytes.size() - at, std::size_t{777}});
    std::memcpy(into, bytes.data() + at, some);
    at += some;
    return some;
  };
}

class Unpacked {
 public:
  Unpacked() {
    std::filesystem::create_directories(path(""));
    put(outside(), "outside");
  }
  std::string path(const std::string& name) const { return (directory_.path() / "root" / name).string(); }
  std::string outside() const { return (directory_.path() / "outside").string(); }
  void apply(const std::string& archive) const { node::apply_changes(open().get(), node::plain(bytes_of(archive))); }
  void apply(const TarWriter& archive) const { apply(archive.str()); }
  void remove(const std::string& json) const { node::apply_deletions(open().get(), json); }
  mode_t mode(const std::string& name) const {
    struct ::stat is {};
    REQUIRE(::lstat(path(name).c_str(), &is) == 0);
    return is.st_mode & 07777;
  }
  /// Nothing beside the root has changed.
  bool outside_is_untouched() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator(directory_.path())) ++count;
    return count == 2 && content(outside()) == "outside" && std::filesystem::hard_link_count(outside()) == 1;
  }

 private:
  posix::UniqueFd open() const { return posix::UniqueFd(::open(path("").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }
  posix::TempDir directory_{"ms2m-changes-test-"};
};

}  // namespace ms2m::test
