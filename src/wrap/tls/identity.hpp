// A key that lives as long as it is needed, and the certificate by which others know who has it.
#pragma once
#include <memory>
#include <string>

namespace ms2m::tls {

struct Keys;

/// A new P-256 key and a certificate that it signed itself. In memory alone: never a file, never printed.
class Identity {
 public:
  /// Error{failed}: the library has no randomness or memory.
  Identity();
  ~Identity();
  Identity(Identity&&) noexcept;
  Identity& operator=(Identity&&) noexcept;

  /// SHA-256 of the certificate, 64 lower-case hex digits. No secret.
  const std::string& fingerprint() const noexcept { return fingerprint_; }
  const Keys& keys() const noexcept { return *keys_; }

 private:
  std::unique_ptr<Keys> keys_;
  std::string fingerprint_;
};

}  // namespace ms2m::tls
