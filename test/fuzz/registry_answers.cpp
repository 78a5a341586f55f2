// What a registry, and who makes tokens for it, answers, as ms2m reads it; and the logins for it.
#include "carry/registry_answers.hpp"

#include <cstdlib>

#include "carry/registry_logins.hpp"
#include "target.hpp"
#include "wrap/posix/memory_file.hpp"

using namespace ms2m;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = test::text_of(data, size);
  const std::string words = said({403, {}, text});
  test::must(words.size() <= 200 && words.find_first_of("\n\x1b") == std::string::npos, "one short line");
  const RegistryChallenge challenge = parse_challenge(text);
  token_in(text);
  for (const std::string& blob : blobs_of(text)) test::must(blob.size() == 64, "a digest");
  for (const bool tls : {true, false})
    for (const std::string& location : {text, challenge.realm})
      test::read([&] {
        const RegistryLink link = follow({"registry.example", 5000, tls, ""}, location);
        test::must(!tls || link.at.tls, "from TLS nothing leads to plain text");
        test::must(link.target.starts_with("/"), "a path");
      });
  test::read([&] { parse_registry(text); });
  const auto file = posix::make_memory_file("auth", text);
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  static const bool nowhere = ::setenv("PATH", "/nonexistent", 1) == 0;  // the input may name a helper
  test::must(nowhere, "no helper is found");
  test::read([&] {
    const RegistryLogins logins(
        [&](const std::string& name) { return name == "REGISTRY_AUTH_FILE" ? std::optional(path) : std::nullopt; });
    logins.find(parse_registry("registry.example:5000/team/ms2m"), {});
  });
  return 0;
}
