// SHA-256 by OpenSSL's EVP, which uses the CPU's own instructions (SHA-NI, ARMv8) where there are any.
#pragma once
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ms2m::posix {

/// Two lower-case digits a byte.
std::string hex_of(std::span<const unsigned char> bytes);

/// A running digest. Not thread-safe. Error{failed} when the library refuses (no memory, FIPS without SHA-256).
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(const void* data, std::size_t size);
  void update(std::string_view data) { update(data.data(), data.size()); }
  /// 64 lower-case hex digits. Ends the digest: afterwards only destruction is allowed.
  std::string hex();

  static std::string of(std::string_view data);

  using Bytes = std::array<unsigned char, 32>;
  /// For many small ones.
  static Bytes bytes_of(std::string_view data);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace ms2m::posix
