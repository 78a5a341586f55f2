#include "node/protocol/checks.hpp"

#include <functional>

#include "ms2m/error.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::node;

namespace {

bool passes(ErrorKind otherwise, const std::function<void()>& check) {
  try {
    check();
  } catch (const Error& error) {
    INFO(error.what());
    CHECK(error.kind() == otherwise);
    return false;
  }
  return true;
}

const std::string kId(64, 'a');

}  // namespace

TEST_CASE("directories of layouts", "[node_protocol]") {
  const auto ok = [](const std::string& directory) {
    return passes(ErrorKind::refused, [&] { check_layout_directory(directory, "/var/lib/ms2m"); });
  };
  CHECK_THROWS_AS(check_layout_directory("/var/lib/ms2m/dumps", "/var/lib/ms2m"), Error);  // all of them
  CHECK_THROWS_AS(check_restore_id("dumps"), Error);
  CHECK_NOTHROW(check_restore_id("dumps-1"));
  CHECK(check_layout_directory("/var/lib/ms2m/m-1.x_y", "/var/lib/ms2m") == "m-1.x_y");
  for (const char* bad :
       {"", "/var/lib/ms2m", "/var/lib/ms2m/", "/var/lib/ms2m/.", "/var/lib/ms2m/..", "/var/lib/ms2m/.x",
        "/var/lib/ms2m/-x", "/var/lib/ms2m/a/b", "/var/lib/ms2m/../x", "/var/lib/ms2mx/a", "/etc", "/var/lib/ms2m/a b"})
    CHECK_FALSE(ok(bad));
  CHECK_FALSE(ok("/var/lib/ms2m/" + std::string(256, 'a')));
}

TEST_CASE("names of images", "[node_protocol]") {
  const auto ok = [](const std::string& name) { return passes(ErrorKind::usage, [&] { check_image_name(name); }); };
  CHECK(ok("localhost/ms2m/consumer-0:m1"));
  CHECK(ok("docker.io/library/app@sha256:" + kId));
  for (const char* bad : {"", "--help", "-x", "a b", "a;b", "a$b", "@x", "/x", "a\nb"}) CHECK_FALSE(ok(bad));
  CHECK(image_reference(kId) == "@" + kId);
  CHECK(image_reference("sha256:" + kId) == "@" + kId);
  CHECK(image_reference("app:1") == "app:1");
  CHECK(check_image_id("sha256:" + kId) == kId);
  CHECK_FALSE(passes(ErrorKind::usage, [] { check_image_id("app:1"); }));
  CHECK_FALSE(is_sha256(std::string(64, 'A')));
  CHECK_FALSE(is_sha256(std::string(63, 'a')));
}

TEST_CASE("archives and where they are", "[node_protocol]") {
  const std::string file = "/checkpoint-consumer-0_default-consumer-2026-11-21T21:21:02Z.tar";
  CHECK(passes(ErrorKind::refused, [&] { check_archive_path("/var/lib/kubelet/checkpoints" + file); }));
  CHECK_FALSE(passes(ErrorKind::refused, [&] { check_archive_path("/var/lib/kubelet" + file); }));
  CHECK_FALSE(passes(ErrorKind::refused, [&] { check_archive_path("/etc/checkpoints/passwd"); }));
  CHECK_FALSE(passes(ErrorKind::refused, [&] { check_archive_path("/a/../checkpoints" + file); }));
  CHECK(passes(ErrorKind::refused, [] { check_archive_directory("/data/kubelet/checkpoints"); }));
  for (const char* bad : {"", "checkpoints", "/etc", "/a/checkpoints/", "/a/../checkpoints", "/a//checkpoints"})
    CHECK_FALSE(passes(ErrorKind::refused, [&] { check_archive_directory(bad); }));
}

TEST_CASE("containers and objects", "[node_protocol]") {
  CHECK(check_container_id("cri-o://" + kId) == kId);
  for (const char* bad : {"", "cri-o://", "cri-o://../../x", "abc", "cri-o://ABCDEFABCDEF", "cri-o://aaaaaaaaaaaa*"})
    CHECK_FALSE(passes(ErrorKind::usage, [&] { check_container_id(bad); }));
  CHECK(passes(ErrorKind::usage, [] { check_object_name("consumer-0.x"); }));
  for (const char* bad : {"", "..", "a/b", "-a", "a-", "A", "a_b", "a b"})
    CHECK_FALSE(passes(ErrorKind::usage, [&] { check_object_name(bad); }));
}
