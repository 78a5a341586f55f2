#include "wrap/tls/authority.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "wrap/tls/tcp.hpp"

namespace ms2m::tls {
namespace {

/// Where distributions have them: the library that is linked into a program knows of those of the one where it was
/// made.
constexpr const char* kBundles[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                    "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

using Bio = std::unique_ptr<BIO, Free<&::BIO_free_all>>;

void trust_own(SSL_CTX* context) {
  for (const char* bundle : kBundles)
    if (::access(bundle, R_OK) == 0 && ::SSL_CTX_load_verify_locations(context, bundle, nullptr) == 1) return;
  last_reason();  // nobody is trusted then: the handshake says so
}

}  // namespace

void trust(SSL_CTX* context, const std::string& certificates) {
  if (certificates.empty()) return trust_own(context);
  const Bio text(::BIO_new_mem_buf(certificates.data(), static_cast<int>(certificates.size())));
  require(text != nullptr, "certificates");
  std::size_t count = 0;
  for (;; ++count) {
    const Certificate each(::PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
    if (!each) break;
    require(::X509_STORE_add_cert(::SSL_CTX_get_cert_store(context), each.get()) == 1, "certificates");
  }
  ::ERR_clear_error();
  if (count == 0) throw Error(ErrorKind::usage, "there is no certificate in what the registry is to be trusted by");
}

void expect(SSL* ssl, const std::string& host) {
  if (is_address(host))
    return require(::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(ssl), host.c_str()) == 1, "a server's address");
  ::SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  require(::SSL_set1_host(ssl, host.c_str()) == 1 && ::SSL_set_tlsext_host_name(ssl, host.c_str()) == 1,
          "a server's name");
}

}  // namespace ms2m::tls
