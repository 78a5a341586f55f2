#include "wrap/posix/sha256.hpp"

#include <openssl/evp.h>

#include <array>

#include "ms2m/error.hpp"

namespace ms2m::posix {
namespace {
void require(bool ok) {
  if (!ok) throw Error(ErrorKind::failed, "SHA-256 is not available in the OpenSSL library");
}
}  // namespace

std::string hex_of(std::span<const unsigned char> bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

struct Sha256::Context {
  Context() : evp(::EVP_MD_CTX_new()) { require(evp != nullptr); }
  ~Context() { ::EVP_MD_CTX_free(evp); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  EVP_MD_CTX* evp;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  require(::EVP_DigestInit_ex(context_->evp, ::EVP_sha256(), nullptr) == 1);
}
Sha256::~Sha256() = default;

void Sha256::update(const void* data, std::size_t size) { require(::EVP_DigestUpdate(context_->evp, data, size) == 1); }

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  require(::EVP_DigestFinal_ex(context_->evp, digest.data(), &size) == 1);
  return hex_of({digest.data(), size});
}

std::string Sha256::of(std::string_view data) {
  Sha256 digest;
  digest.update(data);
  return digest.hex();
}

Sha256::Bytes Sha256::bytes_of(std::string_view data) {
  // Else the library looks for it again each time, which takes as long as a page.
  static const std::unique_ptr<EVP_MD, void (*)(EVP_MD*)> method(::EVP_MD_fetch(nullptr, "SHA256", nullptr),
                                                                 ::EVP_MD_free);
  Bytes bytes;
  unsigned int size = 0;
  require(method && ::EVP_Digest(data.data(), data.size(), bytes.data(), &size, method.get(), nullptr) == 1 &&
          size == bytes.size());
  return bytes;
}

}  // namespace ms2m::posix
