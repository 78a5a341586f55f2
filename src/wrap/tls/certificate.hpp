// Keys and certificates made on the spot. Error{failed}: the library has no randomness or memory.
#pragma once
#include <string>

#include "wrap/tls/handles.hpp"

namespace ms2m::tls {

/// P-256.
Key make_key();

/// Seconds from now.
struct Validity {
  long from = 0, until = 0;
};
/// For `key`, with a random number and without extensions; not signed yet. `issuer`: nullptr: itself.
Certificate make_certificate(const std::string& name, const Key& key, const X509* issuer, const Validity& validity);
void sign(const Certificate& certificate, const Key& key);

}  // namespace ms2m::tls
