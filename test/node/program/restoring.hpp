// A session in which a restore is prepared, and its data written.
#pragma once
#include <string>

#include "../handler/tar_writer.hpp"
#include "node/restore/store.hpp"
#include "session.hpp"
#include "wrap/posix/sha256.hpp"

namespace ms2m::test {

inline const std::string kRestore = "k3x9qa";

struct Restoring {
  Restoring() : session(place.program()) {
    std::filesystem::create_directories(place.cgroups);
    session.hello();
  }
  static node::RestorePrepare prepare() {
    return {kRestore, {"shop", "consumer-0-m", "consumer", "sha256:" + std::string(64, 'a')}, 100'000, 600};
  }
  node::RestorePlace record() const { return *node::RestorePlace::open(place.layouts, kRestore); }
  /// As the handler does.
  void become(RestoreState state, const std::string& container = "") const {
    record().change([&](node::Record& each) {
      each.state = state;
      if (!container.empty()) each.container_id = container;
    });
  }
  node::StreamEnd write(const std::string& bytes, const node::StreamEnd& meant, Bytes promised) {
    const auto channel = session.begin(node::WriteRestore{kRestore, promised});
    session.send_stream(channel, bytes, meant);
    return session.finish<node::WriteRestore>(channel);
  }
  node::StreamEnd write(const std::string& bytes) {
    return write(bytes, {Bytes{bytes.size()}, posix::Sha256::of(bytes)}, Bytes{bytes.size()});
  }
  /// As a kubelet's.
  static TarWriter archive() {
    TarWriter tar;
    tar.directory("checkpoint/", 0700).file("checkpoint/inventory.img", "i").file("checkpoint/core-1.img", "core");
    return tar;
  }
  RestoreStatus now() { return session.call(node::RestoreWatch{kRestore, std::nullopt, std::nullopt}); }
  Place place;
  Session session;
};

}  // namespace ms2m::test
