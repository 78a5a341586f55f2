#include "node/program/restore_data.hpp"

#include <algorithm>
#include <cstring>

#include "ms2m/error.hpp"
#include "node/criu/memory_images.hpp"
#include "node/program/incoming.hpp"
#include "node/program/restore_files.hpp"
#include "node/restore/store.hpp"
#include "node/restore/waiting.hpp"
#include "node/tar/reader.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kChunk = 256u << 10;

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

/// `images`: told what describes memory, where that is asked for.
void unpack(Incoming& stream, const RestoreFiles& files, MemoryImages* images, const std::string& node) {
  Source source(stream);
  const ReadBytes read = [&](char* into, std::size_t size) { return source.read(into, size); };
  TarReader tar(read);
  std::string chunk(kChunk, '\0');
  while (const auto entry = tar.next()) {
    const posix::UniqueFd file = files.open_for(*entry);
    if (!file) continue;
    const bool is_memory = images && images->begin(image_file(*entry));
    while (const std::size_t size = tar.read(chunk.data(), chunk.size())) {
      write_all(file.get(), {chunk.data(), size}, node);
      if (is_memory) images->feed({chunk.data(), size});
    }
    if (is_memory) images->end();
  }
  // What fills its last block, or is left of a longer archive: one of the same second is overwritten, not truncated
  // (CRI-O).
  while (read(chunk.data(), chunk.size()) > 0) continue;
}

void check_free(const Record& record) {
  if (record.state != RestoreState::prepared)
    throw Error(ErrorKind::conflict, "restore " + record.id + " is " + to_string(record.state));
  if (!record.sha256.empty()) throw Error(ErrorKind::conflict, "restore " + record.id + " has its data already");
}

/// What the session has of the memory over which the stream is an increment; nullptr: the stream is whole.
std::shared_ptr<const KeptMemory::Kept> base_of(const WriteRestore& request, const KeptMemory& kept) {
  if (request.over.empty()) return nullptr;
  auto base = kept.find(request.id);
  if (base && base->digest == request.over) return base;
  throw Error(ErrorKind::inconsistent,
              "the memory of " + request.id + " that was carried before is not known to this session");
}

/// Put together, it must be what the source has. nullopt: that did not understand it.
std::optional<Memory> verified_memory(MemoryImages& images, const KeptMemory::Kept* base, const std::string& meant) {
  if (meant.empty()) return std::nullopt;
  auto memory = images.memory(base ? &base->memory : nullptr);
  if (memory && memory->digest() == meant) return memory;
  throw Error(ErrorKind::failed, "the memory that arrived, put together, is not the source's");
}

/// Of no use to the restore until the last round has come.
StreamEnd write_early(const RestorePlace& place, const std::string& node, const WriteRestore& request, KeptMemory& kept,
                      Channel& channel) {
  const auto base = base_of(request, kept);
  kept.drop(request.id);  // until this round has come to its end
  const int before = base ? base->rounds : 0;
  RestoreFiles files(place.directory(), request.round, before);
  // The last one may have all of it once more.
  check_space(place.directory(), place.path(), Bytes{2 * request.bytes.count}, node);
  Incoming stream(channel, request.bytes);
  MemoryImages images;
  unpack(stream, files, &images, node);
  StreamEnd got = stream.verified();
  got.memory = channel.end_of_stream().memory;
  auto memory = verified_memory(images, base.get(), got.memory);
  if (!memory) return got;  // of no use to the next
  files.keep();
  kept.keep(request.id, {std::move(*memory), got.memory, before + 1});
  return got;
}

}  // namespace

StreamEnd write_restore(const std::string& root, const std::string& node, const WriteRestore& request, KeptMemory& kept,
                        Channel& channel) {
  const Error unknown(ErrorKind::not_found, "restore " + request.id + " is not known on this node");
  auto place = RestorePlace::open(root, request.id);
  if (!place) throw unknown;
  const Receiving alone(place->directory());
  const auto record = place->read();
  if (!record) throw unknown;
  check_free(*record);
  if (request.round == Round::early) return write_early(*place, node, request, kept, channel);
  const auto base = base_of(request, kept);
  RestoreFiles files(place->directory(), request.round, base ? base->rounds : 0);
  check_space(place->directory(), place->path(), request.bytes, node);
  Incoming stream(channel, request.bytes);
  MemoryImages images;
  unpack(stream, files, request.round == Round::last ? &images : nullptr, node);
  if (!files.complete()) throw Error(ErrorKind::refused, "the checkpoint's archive has no images of CRIU's");
  StreamEnd got = stream.verified();
  got.memory = channel.end_of_stream().memory;
  verified_memory(images, base.get(), got.memory);
  place->change([&](Record& now) {
    check_free(now);  // it may have been taken back meanwhile
    now.sha256 = got.sha256;
  });
  files.keep();
  kept.drop(request.id);
  return got;
}

}  // namespace ms2m::node
