// What registries answer, right and wrong.
#include "carry/registry_answers.hpp"

#include "support/catch.hpp"

using namespace ms2m;

TEST_CASE("who makes tokens, and for what, stands in a challenge", "[registry]") {
  const auto challenge = parse_challenge(
      R"(Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a:pull,push")");
  CHECK(challenge.bearer);
  CHECK(challenge.realm == "https://auth.example/token");
  CHECK(challenge.service == "registry.example");
  CHECK(challenge.scope == "repository:a:pull,push");
  CHECK_FALSE(parse_challenge(R"(Basic realm="a")").bearer);
  for (const char* odd : {"", "Bearer", R"(Bearer realm="a)", R"(Bearer xrealm="a")"})
    CHECK(parse_challenge(odd).realm.empty());
}

TEST_CASE("a token, and the blobs of a manifest, or nothing", "[registry]") {
  CHECK(token_in(R"({"access_token":"a"})") == "a");
  CHECK(token_in(R"({"token":"t","access_token":"a"})") == "t");
  for (const char* odd : {"", "[]", R"({"token":1})", R"("token")"}) CHECK_FALSE(token_in(odd));
  const std::string digest(64, 'a');
  CHECK(blobs_of(R"({"config":{"digest":"sha256:)" + digest + R"("},"layers":[{"digest":"sha256:)" + digest +
                 R"("}]})") == std::vector<std::string>{digest, digest});
  for (const char* odd : {"", "1", R"({"config":1,"layers":{}})", R"({"config":{"digest":1},"layers":[1,null]})",
                          R"({"layers":[{"digest":"sha256:../../manifests/a"},{"digest":"sha512:b"}]})"})
    CHECK(blobs_of(odd).empty());
}

TEST_CASE("what a registry says is one short line", "[registry]") {
  CHECK(said({403, {}, R"({"errors":[{"code":"DENIED","message":"not \u001b[1m you\n"}]})"}) ==
        "403 DENIED: not ?[1m you?");
  CHECK(said({500, {}, R"({"errors":[1]})"}) == "500");
  CHECK(said({500, {}, "<html>"}) == "500");
  CHECK(said({400, {}, R"({"errors":[{"message":")" + std::string(1000, 'x') + R"("}]})"}).size() == 200);
}
