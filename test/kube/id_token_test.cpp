// The auth-provider oidc: its token is used while it is good.
#include "kube/id_token.hpp"

#include "base/base64.hpp"
#include "kube/credentials.hpp"
#include "support.hpp"
#include "wrap/posix/files.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

const std::string kFile = std::string(MS2M_TEST_DATA) + "/cases/kubeconfig-oidc.yaml";
constexpr const char* kGood = "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.c2ln";     // 2100
constexpr const char* kExpired = "eyJhbGciOiJub25lIn0.eyJleHAiOjE1Nzc4MzY4MDB9.c2ln";  // 2020

/// The case's file, with another token.
std::string with_token(const std::string& token, bool refreshable = true) {
  std::string text = read_file(kFile);
  text.replace(text.find(kGood), std::string(kGood).size(), token);
  if (!refreshable) text.erase(text.find(", refresh-token: r"), std::string(", refresh-token: r").size());
  return text;
}

KubeAccess access_of(const std::string& file) {
  KubeconfigSource source;
  source.file = file;
  return load_kube_access(source);
}

}  // namespace

TEST_CASE("the token of the auth-provider oidc is used while it is good", "[case-13]") {
  Credentials credentials(access_of(kFile), nullptr);
  CHECK(credentials.get({}).token == kGood);
}

TEST_CASE("an expired one is told, with the cure, and looked for again in the file", "[case-13]") {
  posix::TempDir dir;
  const auto file = dir.path() / "config";
  write_file(file, with_token(kExpired));
  Credentials credentials(access_of(file.string()), nullptr);
  const Error expired = error_of([&] { credentials.get({}); });
  CHECK(expired.kind() == ErrorKind::forbidden);
  CHECK(contains(expired.what(), "user \"ops\""));
  CHECK(contains(expired.what(), "expired at 2020-01-01T00:00:00Z"));
  CHECK(contains(expired.remedy(), " get --raw /version"));
  CHECK_FALSE(contains(std::string(expired.what()) + expired.remedy(), kExpired));

  write_file(file, with_token(kExpired, false));
  CHECK(contains(error_of([&] { credentials.get({}); }).remedy(), "log in again"));

  write_file(file, with_token(kGood));  // as kubectl does when it has renewed it
  CHECK(credentials.get({}).token == kGood);
}

TEST_CASE("what is no token is none", "[case-13]") {
  for (const char* token : {"a.b", "a.b.c.d", "..", "x.eyJleHAiOiJzb29uIn0.y", "x.e30.y", "x.!!.y"}) {
    INFO(token);
    CHECK_FALSE(expiry_of(token));
  }
  CHECK(expiry_of(kExpired) == std::chrono::sys_days{std::chrono::year{2020} / 1 / 1});
  CHECK(expiry_of("x." + base64_encode(R"({"exp":253402300799})") + ".y") > std::chrono::system_clock::now());  // 9999
  CHECK(expiry_of("x.eyJleHAiOjEuNTc3ODM2OGU5fQ.y") == std::chrono::sys_days{std::chrono::year{2020} / 1 / 1});
}

TEST_CASE("another auth-provider is refused; a token of the user's own comes first", "[case-13]") {
  posix::TempDir dir;
  const auto file = dir.path() / "config";
  std::string text = with_token(kExpired);
  write_file(file, std::string(text).replace(text.find("name: oidc"), 10, "name: gcp"));
  const Error gone = error_of([&] { access_of(file.string()); });
  CHECK(gone.kind() == ErrorKind::usage);
  CHECK(contains(gone.what(), "auth-provider gcp, which Kubernetes itself has given up"));
  write_file(file, std::string(text).replace(text.find("{auth-provider"), 1, "{token: own, "));
  Credentials credentials(access_of(file.string()), nullptr);
  CHECK(credentials.get({}).token == "own");
}
