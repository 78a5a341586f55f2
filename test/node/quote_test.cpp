#include "node/quote.hpp"

#include "ms2m/archive.hpp"
#include "ms2m/error.hpp"
#include "node/remote_script.hpp"
#include "node/ssh_errors.hpp"
#include "node/ssh_host.hpp"
#include "support/catch.hpp"
#include "wrap/posix/subprocess.hpp"

using namespace ms2m;
using namespace ms2m::node;

TEST_CASE("quoted words come back from a shell as they were") {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  for (const std::string& word :
       {all, std::string(), std::string("plain"), std::string("a=b"), std::string("~"), std::string("'"),
        std::string("-n"), std::string("a\nb\n"), std::string("$(id)`id`\\")}) {
    const auto result = posix::run_process({"sh", "-c", "printf %s " + quote(word)}, {}, "test");
    CHECK(result.out == word);
    CHECK(posix::run_process({"bash", "-c", "printf %s " + quote(word)}, {}, "test").out == word);
  }
  CHECK(quote("/var/lib/a-b_c:1.0+x") == "/var/lib/a-b_c:1.0+x");
  CHECK(quote("it's") == "'it'\\''s'");
  CHECK(join({"a", "", "b c"}) == "a '' 'b c'");
  CHECK_THROWS_AS(quote(std::string(1, '\0')), Error);
}

TEST_CASE("printing() gives any bytes") {
  std::string all = "1";
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  all += std::string(3, '\0') + "77\\0\\n%s%%\n\n";
  CHECK(posix::run_process({"sh", "-c", printing(all)}, {}, "test").out == all);
  CHECK(posix::run_process({"bash", "-c", printing(all)}, {}, "test").out == all);
}

TEST_CASE("remote scripts: arguments, the rest of stdin, cut off") {
  const auto remote = remote_script("printf '%s|' \"$@\"; cat", {"a b", "$x", ""}, false);
  const auto local = [&](const std::string& input) {
    posix::RunSpec spec;
    spec.process.argv = {"sh", "-c", remote.command};
    spec.input = input;
    return posix::run_process(spec, {}, "test");
  };
  CHECK(local(remote.prologue + "more\n").out == "a b|$x||more\n");
  // Not one command of a script that did not arrive as a whole is run.
  for (std::size_t cut = 1; cut < remote.prologue.size() - 3; cut += 7)
    CHECK(local(remote.prologue.substr(0, cut)).out.empty());
  CHECK(remote_script("x", {}, true).command.starts_with("sudo -n -- sh -c "));
}

TEST_CASE("archive names") {
  const std::string good = "checkpoint-consumer-0_default-consumer-2026-11-21T21:21:02";
  CHECK(is_archive_of(good + "Z.tar", "default", "consumer-0", "consumer"));
  CHECK(is_archive_of(good + "+01:00.tar", "default", "consumer-0", "consumer"));
  CHECK_FALSE(is_archive_of(good + ".tar", "default", "consumer-0", "consumer"));
  CHECK_FALSE(is_archive_of(good + "Z.tar.gz", "default", "consumer-0", "consumer"));
  CHECK_FALSE(is_archive_of("checkpoint-consumer-0_default-consumer-b-2026-11-21T21:21:02Z.tar", "default",
                            "consumer-0", "consumer"));
  CHECK_FALSE(is_archive_of("checkpoint-consumer-0_default-consumer-.tar", "default", "consumer-0", "consumer"));
  CHECK(is_archive_name(good + "Z.tar"));
  CHECK_FALSE(is_archive_name("checkpoint-/../x.tar"));
  CHECK_FALSE(is_archive_name("passwd"));
  CHECK_FALSE(is_archive_name("checkpoint-2026-11-21T21:21:02Z.tar"));
  CHECK_FALSE(is_archive_name("checkpoint-$(id)_default-consumer-2026-11-21T21:21:02Z.tar"));
}

TEST_CASE("what root on a node reads and removes", "[case-03]") {
  const std::string file = "checkpoint-consumer-0_shop-app-2026-11-27T18:24:30Z.tar";
  for (const char* directory : {"/data/kubelet/checkpoints/", "/checkpoints/", "/var/lib/k0s/kubelet/checkpoints/",
                                "/data/my kubelet/checkpoints/", "/a..b/checkpoints/"}) {
    CHECK(is_archive_path(directory + file));
    CHECK(is_archive_path_of(directory + file, "shop", "consumer-0", "app"));
    CHECK_FALSE(is_archive_path_of(directory + file, "shop", "consumer-0", "other"));
  }
  for (const std::string& bad :
       {std::string(), file, "checkpoints/" + file, "./checkpoints/" + file, "/checkpoints/x/" + file,
        "/data/kubelet/" + file, "/data/checkpoints/../secrets/" + file, "/data/../checkpoints/" + file,
        "/data/./checkpoints/" + file, "/data//checkpoints/" + file, "//checkpoints/" + file,
        "/data/mycheckpoints/" + file, "/data/checkpoints/" + file + "/", "/data/checkpoints/" + file + "\n",
        "/data\n/checkpoints/" + file, std::string("/data/kubelet/checkpoints/checkpoint-x.tar"),
        std::string("/data/kubelet/checkpoints/shadow"), std::string("/etc/shadow")})
    CHECK_FALSE(is_archive_path(bad));
  CHECK(archive_time("/data/kubelet/checkpoints/" + file) == 1795803870);
  CHECK(archive_time("checkpoint-a_b-c-2026-11-27T19:24:30+01:00.tar") == 1795803870);
  CHECK(archive_time("checkpoint-a_b-c-2026-11-27T16:54:30-01:30.tar") == 1795803870);
  CHECK_FALSE(archive_time("checkpoint-a_b-c-2026-13-27T16:54:30Z.tar"));
  CHECK_FALSE(archive_time("checkpoint-a_b-c.tar"));
}

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
