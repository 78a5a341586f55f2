#include "node/program/sending.hpp"

#include "ms2m/error.hpp"
#include "wrap/posix/sha256.hpp"

namespace ms2m::node {

StreamEnd send_whole(const ReadBytes& archive, Bytes total, const std::string& what, Channel& channel) {
  channel.progress({Bytes{0}, total});
  posix::Sha256 digest;
  Bytes done;
  std::string chunk(kMaxData, '\0');
  for (;;) {
    channel.stop().check("reading " + what);
    const std::string_view bytes(chunk.data(), archive(chunk.data(), chunk.size()));
    if (bytes.empty()) break;
    done.count += bytes.size();
    if (done > total) throw Error(ErrorKind::failed, what + " grew while it was read");
    digest.update(bytes);
    channel.send(bytes);
  }
  if (done != total)
    throw Error(ErrorKind::failed,
                what + " gave only " + std::to_string(done.count) + " of " + std::to_string(total.count) + " bytes");
  const StreamEnd end{done, digest.hex()};
  channel.send_end(end);
  return end;
}

StreamEnd send_round(const Increment::Archive& archive, Round round, const std::string& id, KeptMemory& kept,
                     Channel& channel) {
  const std::string doing = "reading the memory of " + id;
  const Increment::Archive stoppable = [&] {
    return [&, read = archive()](char* into, std::size_t size) {
      channel.stop().check(doing);
      return read(into, size);
    };
  };
  const auto under = kept.find(id);
  kept.drop(id);  // until this round has come to its end
  Increment increment(stoppable, under ? &under->memory : nullptr,
                      round == Round::last ? Increment::Members::all : Increment::Members::memory);
  const std::string over = under && increment.memory() ? under->digest : "";
  channel.progress({Bytes{0}, increment.size(), over, increment.pages(), increment.differing()});
  posix::Sha256 digest;
  std::string together;  // single pages would be a frame each
  const auto send = [&] {
    digest.update(together);
    channel.send(together);
    together.clear();
  };
  increment.write([&](std::string_view bytes) {
    if (together.size() + bytes.size() > kMaxData) send();
    together += bytes;
  });
  send();
  const StreamEnd end{increment.size(), digest.hex(), increment.memory() ? increment.memory()->digest() : ""};
  channel.send_end(end);
  if (round == Round::early && increment.memory())
    kept.keep(id, {*std::move(increment).take_memory(), end.memory, under ? under->rounds + 1 : 1});
  return end;
}

}  // namespace ms2m::node
