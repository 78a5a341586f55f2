#include "ms2m/error.hpp"
#include "node/session/ssh_errors.hpp"
#include "node/session/ssh_host.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::node;

TEST_CASE("ssh's words become one sentence") {
  const auto error = ssh_error(
      "w", "ssh w", "@@@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\r\n");
  CHECK(error.kind() == ErrorKind::forbidden);
  CHECK(error.message() == "cannot reach node w by ssh: its host key is not the one in known_hosts");
  const auto other = ssh_error("w", "ssh w", "kex_exchange_identification: read: Connection reset by peer\r\n");
  CHECK(other.kind() == ErrorKind::unavailable);
  CHECK(other.message() == "cannot reach node w by ssh: kex_exchange_identification: read: Connection reset by peer");
  CHECK(ssh_error("w", "ssh w", "").message() == "cannot reach node w by ssh: the connection ended");
}

TEST_CASE("values of ssh -G") {
  CHECK(config_value("user root\nhostname 10.0.0.1\nhostnamex y\n", "hostname") == "10.0.0.1");
  CHECK(config_value("user root\n", "hostname").empty());
  CHECK(fast_ciphers_first("chacha20,aes128-ctr,aes128-gcm,aes256-gcm") == "aes128-gcm,aes256-gcm,chacha20,aes128-ctr");
  CHECK(fast_ciphers_first("aes128-ctr") == "aes128-ctr");
  CHECK(fast_ciphers_first("").empty());
}
