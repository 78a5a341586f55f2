// JSON of the requests about a registry. For messages.cpp.
#pragma once
#include "node/protocol/codec.hpp"
#include "node/protocol/registry_requests.hpp"

// Found by the types of their arguments.
namespace ms2m::node {

inline void fields(auto& f, codec::Of<RegistryEnd> auto& m) {
  f("host", m.host);
  f("port", m.port);
  f("tls", m.tls);
  f("certificates", m.certificates);
}
inline void fields(auto& f, codec::Of<RegistryAnswer> auto& m) {
  f("status", m.status);
  f("headers", m.headers);
  f("body", m.body);
}
inline void fields(auto& f, codec::Of<RegistryExchange> auto& m) {
  f("at", m.at);
  f("method", m.method);
  f("target", m.target);
  f("headers", m.headers);
  f("body", m.body);
  f("passage", m.passage);
  f("sends", m.sends);
}
inline void fields(auto& f, codec::Of<RegistrySent> auto& m) { f("passage", m.passage); }

}  // namespace ms2m::node
