#include "agent/keys.hpp"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

#include "wrap/posix/sha256.hpp"
#include "wrap/tls/certificate.hpp"

namespace ms2m::agent {
namespace {

constexpr long kYears = 10, kDay = 24 * 60 * 60, kEarlier = 60 * 60;  // clocks differ

using tls::Certificate, tls::Key, tls::require;
using Memory = std::unique_ptr<BIO, tls::Free<&BIO_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, tls::Free<&X509_EXTENSION_free>>;
constexpr tls::Validity kValid{-kEarlier, kYears * 365 * kDay};

void add(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "an extension of a certificate");
}

template <typename Write>
std::string pem(const Write& write) {
  const Memory memory(BIO_new(BIO_s_mem()));
  require(memory && write(memory.get()) == 1, "a PEM text");
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string make_token() {
  std::array<unsigned char, 32> bytes{};
  require(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "random bytes");
  return posix::hex_of(bytes);
}

}  // namespace

Keys make_keys(const std::string& host) {
  const Key authority_key = tls::make_key(), key = tls::make_key();
  const Certificate authority = tls::make_certificate(host + "-ca", authority_key, nullptr, kValid);
  add(authority.get(), authority.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add(authority.get(), authority.get(), NID_key_usage, "critical,keyCertSign");
  add(authority.get(), authority.get(), NID_subject_key_identifier, "hash");
  tls::sign(authority, authority_key);
  const Certificate own = tls::make_certificate(host, key, authority.get(), kValid);
  add(own.get(), authority.get(), NID_basic_constraints, "critical,CA:FALSE");
  add(own.get(), authority.get(), NID_key_usage, "critical,digitalSignature");
  add(own.get(), authority.get(), NID_ext_key_usage, "serverAuth");
  add(own.get(), authority.get(), NID_subject_alt_name, "DNS:" + host);
  add(own.get(), authority.get(), NID_authority_key_identifier, "keyid");
  tls::sign(own, authority_key);
  return {pem([&](BIO* to) { return PEM_write_bio_X509(to, authority.get()); }),
          pem([&](BIO* to) { return PEM_write_bio_X509(to, own.get()); }),
          pem([&](BIO* to) { return PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr); }),
          make_token()};
}

}  // namespace ms2m::agent
