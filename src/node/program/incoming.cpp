#include "node/program/incoming.hpp"

#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "ms2m/error.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {
namespace {

Error full(const std::string& said, const std::string& node) {
  return Error(ErrorKind::failed, "No space left on device" + said, "free some space on node " + node);
}

}  // namespace

Incoming::Incoming(Channel& channel, Bytes promised) : channel_(channel), promised_(promised) {
  channel_.accept_stream(promised);
}

std::optional<std::string> Incoming::next() {
  auto bytes = channel_.receive();
  if (bytes) {
    done_.count += bytes->size();
    if (done_ > promised_)
      throw Error(ErrorKind::failed, "more than " + std::to_string(promised_.count) + " bytes arrived");
    digest_.update(*bytes);
  } else if (done_ != promised_) {
    throw Error(ErrorKind::failed,
                std::to_string(done_.count) + " of " + std::to_string(promised_.count) + " bytes arrived");
  }
  return bytes;
}

StreamEnd Incoming::verified() {
  const StreamEnd got{done_, digest_.hex()};
  const StreamEnd& meant = channel_.end_of_stream();
  if (meant.bytes != got.bytes || meant.sha256 != got.sha256)
    throw Error(ErrorKind::failed, "what arrived is not what was sent: " + std::to_string(got.bytes.count) +
                                       " bytes with the digest " + got.sha256 + ", not " +
                                       std::to_string(meant.bytes.count) + " with " + meant.sha256);
  return got;
}

void check_space(int directory, const std::string& path, Bytes needed, const std::string& node) {
  struct ::statvfs is {};
  if (::fstatvfs(directory, &is) != 0) posix::throw_errno(path);
  const std::uint64_t free = std::uint64_t{is.f_bavail} * is.f_frsize;
  if (free < needed.count)
    throw full(
        ": " + std::to_string(free) + " bytes free below " + path + ", " + std::to_string(needed.count) + " needed",
        node);
}

void write_all(int file, std::string_view bytes, const std::string& node) {
  while (!bytes.empty()) {
    const auto wrote = ::write(file, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && (errno == ENOSPC || errno == EDQUOT)) throw full("", node);
    if (wrote < 0) posix::throw_errno("writing what arrives");
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

}  // namespace ms2m::node
