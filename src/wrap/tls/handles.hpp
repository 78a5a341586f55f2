// OpenSSL's objects, each freed by its own function.
#pragma once
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "ms2m/error.hpp"

namespace ms2m::tls {

template <auto kFree>
struct Free {
  template <class Object>
  void operator()(Object* object) const noexcept {
    kFree(object);
  }
};

using Key = std::unique_ptr<EVP_PKEY, Free<&::EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<&::X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Free<&::SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, Free<&::SSL_free>>;

/// Why the last call failed, as OpenSSL says it ("certificate verify failed"), or ""; forgets it.
std::string last_reason();
/// Error{failed} with that.
void require(bool ok, const std::string& what);
/// SHA-256 of the certificate, hex.
std::string fingerprint_of(const X509* certificate);

}  // namespace ms2m::tls
