#include "mutator.hpp"
#include "node/handler/tar_writer.hpp"
#include "node/protocol/frame.hpp"
#include "node/protocol/messages.hpp"
#include "wrap/posix/sha256.hpp"

namespace ms2m::test {

using namespace node;

std::string Mutator::layer() {
  std::string bytes;
  for (auto count = below(4); count > 0; --count)
    bytes += std::string(1 + below(chance(80) ? 3000 : kMaxData), static_cast<char>('a' + count));
  return bytes;
}

std::string Mutator::checkpoint() {
  static const std::vector<std::string> kNames{"checkpoint/pages-1.img",
                                               "checkpoint/core-1.img",
                                               "checkpoint/inventory.img",
                                               "rootfs-diff.tar",
                                               "deleted.files",
                                               "spec.dump",
                                               "checkpoint/",
                                               "checkpoint",
                                               "record",
                                               "receiving",
                                               "checkpoint/../record",
                                               "../outside/secret",
                                               "checkpoint/a/b",
                                               "/etc/passwd",
                                               "rootfs-diff.tar/a",
                                               "checkpoint/..",
                                               "./checkpoint/a",
                                               "checkpoint//a"};
  TarWriter archive;
  if (chance(90)) archive.file("checkpoint/inventory.img", "i");
  const bool sound = chance(50);
  for (std::size_t at = 1, count = below(9); count > 0; --count, ++at) {
    // A member of a name that is there twice would end most of them.
    const std::string name = sound        ? kNames[at % 6 == 2 ? 0 : at % 6] + (at > 3 ? std::to_string(at) : "")
                             : chance(95) ? kNames[below(kNames.size())]
                                          : word();
    const auto kind = sound ? 9 : below(10);
    if (kind == 0) archive.directory(name);
    if (kind == 1) archive.symlink(name, chance(50) ? "../../outside" : word());
    if (kind == 2) archive.hard_link(name, chance(50) ? "../../outside/secret" : "record");
    if (kind == 3) archive.device('3', name, 1, 3);
    if (kind == 4) archive.pax(chance(50) ? "path" : word(), name);
    if (kind > 4) archive.file(name, std::string(below(chance(80) ? 3000 : kMaxData), 'p'));
  }
  std::string bytes = chance(90) ? archive.str() : archive.without_end();
  if (chance(20)) spoil(bytes);
  return bytes;
}

std::string Mutator::upload(const std::string& bytes) {
  std::string frames;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::string piece = bytes.substr(at, 1 + below(chance(80) ? 3000 : kMaxData));
    frames += encode_frame(FrameKind::data, 2, piece);
    at += piece.size();
  }
  const Bytes size{chance(80) ? bytes.size() : below(5000)};
  const std::string digest = chance(60) ? posix::Sha256::of(bytes) : word();
  return frames + encode_frame(FrameKind::end, 2, print_message(StreamEnd{size, digest}));
}

}  // namespace ms2m::test
