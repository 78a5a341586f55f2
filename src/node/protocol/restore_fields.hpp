// JSON of the values of a restore: in messages, and in the record on the node's disk.
#pragma once
#include <array>

#include "ms2m/node_restore.hpp"
#include "node/protocol/codec.hpp"

// Found by the types of their arguments.
namespace ms2m {

inline const std::array<const char*, 6>& words(RestoreState) {
  static const std::array<const char*, 6> all{"unknown", "prepared", "taken", "restored", "done", "void"};
  return all;
}

inline void fields(auto& f, node::codec::Of<RestoreTarget> auto& m) {
  f("ns", m.ns);
  f("pod", m.pod);
  f("container", m.container);
  f("image_id", m.image_id);
}

inline void fields(auto& f, node::codec::Of<RestoreStatus> auto& m) {
  f("state", m.state);
  f("uid", m.uid);
  f("ready", m.ready);
  f("waiting", m.waiting);
  f("container_id", m.container_id);
  f("started", m.started);
  f("failure", m.failure);
  f("memory_comes", m.memory_comes);
}

}  // namespace ms2m
