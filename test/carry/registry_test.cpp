// What is a registry's own among the carriers: where it is, who may what there, and what becomes of bytes that it, or
// somebody before it, has changed.
#include "carry/registry.hpp"

#include <sys/stat.h>

#include <fstream>

#include "base/base64.hpp"
#include "base/url_encode.hpp"
#include "carry/meddling_registry.hpp"
#include "carry/restore_lab.hpp"
#include "ms2m/error.hpp"
#include "support/catch.hpp"
#include "wrap/posix/sha256.hpp"
#include "wrap/posix/subprocess.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;
using Catch::StartsWith;
namespace fs = std::filesystem;

namespace {

/// Through a registry that may be another one than it seems.
struct Through : LayoutLab {
  explicit Through(const PrivateRegistry& behind, std::uint16_t port = 0, const std::string& password = "correct")
      : LayoutLab("registry") {
    RegistryPlace place = parse_registry(behind.name());
    place.at.certificates = behind.certificates();
    if (port != 0) place.at.port = port;
    const std::string file = behind.auth_file(password);
    carrier = std::make_unique<ThroughRegistry>(
        nodes, direct,
        std::make_unique<RegistryClient>(nodes, std::move(place),
                                         RegistryLogins([file](const std::string& name) -> std::optional<std::string> {
                                           return name == "REGISTRY_AUTH_FILE" ? std::optional(file) : std::nullopt;
                                         })));
  }
  MoveResult move(const std::string& bytes) {
    MoveRequest request = LayoutLab::request(bytes, Carriage::registry);
    request.container = "consumer";
    return carrier->move(request, {}, {});
  }
  bool holds_no_file() const {
    std::error_code none;
    for (const auto& entry : fs::recursive_directory_iterator(directory, none))
      if (!entry.is_directory(none)) return false;
    return true;
  }
  Direct direct{nodes, loopback()};
  std::unique_ptr<ThroughRegistry> carrier;
};

std::string bytes_of(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

std::map<std::string, std::string> variables_of(const fs::path& home) { return {{"HOME", home.string()}}; }

RegistryLogins logins(std::map<std::string, std::string> variables) {
  return RegistryLogins([variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

std::string entry(const std::string& user) { return R"({"auth":")" + base64_encode(user + ":p:w") + R"("})"; }

}  // namespace

TEST_CASE("registry: where one is", "[registry]") {
  const RegistryPlace place = parse_registry("registry.example:5000/team/ms2m");
  CHECK((place.at.host == "registry.example" && place.at.port == 5000 && place.at.tls));
  CHECK(place.repository == "team/ms2m");
  CHECK(place.shown() == "registry.example:5000/team/ms2m");
  CHECK(parse_registry("https://r.example/a").at.port == 443);
  CHECK(parse_registry("http://r.example/a").at.port == 80);
  CHECK_FALSE(parse_registry("http://r.example/a").at.tls);
  CHECK(parse_registry("[fd00::1]:5000/a").at.host == "fd00::1");
  for (const char* bad :
       {"", "r.example", "r.example/", "/a", "r.example/A", "r.example/a b", "r.example:0/a", "r.example:x/a",
        "r.example/-a", "r.example/a//b", "r.example/a/", "r.example/a:tag", "ftp://r.example/a", "r.example/../a",
        "-r/a", "u:p@r/a", "r.example:65536/a", "[fd00::1/a", "r\n.example/a"}) {
    INFO(bad);
    CHECK(error_of([&] { parse_registry(bad); }).kind() == ErrorKind::usage);
  }
}

TEST_CASE("registry: where it leads", "[registry]") {
  const node::RegistryEnd from{"r.example", 5000, true, "pem"};
  CHECK((follow(from, "/v2/x?y=z").same_end && follow(from, "/v2/x?y=z").target == "/v2/x?y=z"));
  CHECK(follow(from, "https://r.example:5000/v2/x").same_end);
  const RegistryLink other = follow(from, "https://storage.example/b?sig=1");
  CHECK((!other.same_end && other.at.host == "storage.example" && other.at.port == 443 && other.at.tls));
  CHECK(other.target == "/b?sig=1");
  // Behind a proxy that ends TLS it does not know better; nothing goes out in plain text for that.
  const RegistryLink plain = follow(from, "http://r.example/v2/x");
  CHECK((plain.at.tls && plain.same_end));
  for (const char* bad : {"", "v2/x", "//r.example/x", "ftp://r.example/x", "https://", "https://:1/x"}) {
    INFO(bad);
    CHECK(error_of([&] { follow(from, bad); }).kind() == ErrorKind::protocol);
  }
  CHECK(url_encode("repository:a/b:pull,push") == "repository%3Aa%2Fb%3Apull%2Cpush");
}

TEST_CASE("registry: logins are those of skopeo, podman and docker", "[registry]") {
  const posix::TempDir dir;
  const fs::path home = dir.path();
  const RegistryPlace place = parse_registry("registry.example:5000/team/ms2m");
  auto variables = variables_of(home);
  const auto user = [&] {
    const auto login = logins(variables).find(place, {});
    return login ? login->user : "none";
  };
  CHECK(user() == "none");
  write(home / ".docker/config.json", R"({"auths":{"https://registry.example:5000/v1/":)" + entry("docker") + "}}");
  CHECK(user() == "docker");
  CHECK(logins(variables).find(place, {})->password == "p:w");
  write(home / ".config/containers/auth.json", R"({"auths":{"registry.example:5000":)" + entry("host") +
                                                   R"(,"registry.example:5000/team":)" + entry("team") +
                                                   R"(,"registry.example":)" + entry("another") + "}}");
  CHECK(user() == "team");
  write(home / "run/containers/auth.json", R"({"auths":{"other.example":)" + entry("other") + "}}");
  variables["XDG_RUNTIME_DIR"] = (home / "run").string();
  CHECK(user() == "team");
  write(home / "named.json", R"({"auths":{}})");
  variables["REGISTRY_AUTH_FILE"] = (home / "named.json").string();
  CHECK(user() == "none");
  for (const auto& [text, said] : std::vector<std::pair<std::string, std::string>>{
           {"x", "is no JSON object"},
           {R"({"auths":{"registry.example:5000":{"auth":"%%%"}}})", "is no login"},
           {R"({"auths":{"registry.example:5000":{"auth":"dXNlcg=="}}})", "is no login"},
           {R"({"auths":{"registry.example:5000":{"identitytoken":"secret"}}})", "an identity token"},
           {R"({"credHelpers":{"registry.example:5000":"../../bin/sh"}})", "is not the name of a credential helper"},
           {R"({"credHelpers":{"registry.example:5000":"ms2m-none"}})", "docker-credential-ms2m-none does not work"}}) {
    INFO(text);
    write(home / "named.json", text);
    const Error error = error_of([&] { user(); });
    CHECK(error.kind() == ErrorKind::refused);
    CHECK_THAT(error.what(), Contains(said) && !Contains("secret"));
    CHECK(error.remedy() == "log in anew: skopeo login registry.example:5000");
  }
}

TEST_CASE("registry: a credential helper is asked as docker asks it", "[registry]") {
  const posix::TempDir dir;
  const fs::path helper = dir.path() / "docker-credential-ms2m-test";
  const auto answers = [&](const std::string& script) {
    write(helper, "#!/bin/sh\nread server || true\n" + script + "\n");
    ::chmod(helper.c_str(), 0755);
  };
  const std::string path = ::getenv("PATH");                        // NOLINT(concurrency-mt-unsafe): nobody else runs
  ::setenv("PATH", (dir.path().string() + ":" + path).c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  const RegistryPlace place = parse_registry("registry.example:5000/ms2m");
  write(dir.path() / "auth.json", R"({"credsStore":"ms2m-test"})");
  const RegistryLogins found = logins({{"REGISTRY_AUTH_FILE", (dir.path() / "auth.json").string()}});
  answers(R"([ "$1 $server" = "get registry.example:5000" ] && echo '{"Username":"u","Secret":"s"}')");
  CHECK(found.find(place, {})->user == "u");
  CHECK(found.find(place, {})->password == "s");
  answers("echo 'credentials not found in native keychain'; exit 1");
  CHECK_FALSE(found.find(place, {}));
  for (const char* script :
       {"echo s3cret; exit 1", "echo '{}'", R"(echo '{"Username":"<token>","Secret":"s3cret"}')"}) {
    answers(script);
    const Error error = error_of([&] { found.find(place, {}); });
    CHECK(error.kind() == ErrorKind::refused);
    CHECK_THAT(error.what(), Contains("docker-credential-ms2m-test") && !Contains("s3cret"));
  }
  ::setenv("PATH", path.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
}

TEST_CASE("registry: what is looked at before leaves nothing there", "[registry]") {
  for (const bool deletes : {true, false}) {
    const PrivateRegistry registry({deletes, deletes});  // one with TLS, one without
    Through through(registry);
    CHECK(through.carrier->look("worker-1", RegistryUse::push, {}).deletes == deletes);
    CHECK(through.carrier->look("worker-2", RegistryUse::pull, {}).deletes);
    CHECK(registry.tags().empty());
  }
}

TEST_CASE("registry: who may not, and what is not there, is told with the node and the cure", "[registry]") {
  PrivateRegistry registry;
  Through wrong(registry, 0, "wrong");
  for (const RegistryUse use : {RegistryUse::push, RegistryUse::pull}) {
    const Error error = error_of([&] { wrong.carrier->look("worker-1", use, {}); });
    CHECK(error.kind() == ErrorKind::forbidden);
    CHECK_THAT(error.what(), Contains("401 UNAUTHORIZED") && !Contains("wrong"));
    CHECK_THAT(error.remedy(), Contains("skopeo login 127.0.0.1:"));
  }
  CHECK(error_of([&] { wrong.move("archive"); }).kind() == ErrorKind::forbidden);
  Through through(registry);
  registry.stop();
  const Error error = error_of([&] { through.carrier->look("worker-1", RegistryUse::push, {}); });
  CHECK(error.kind() == ErrorKind::unavailable);
  CHECK_THAT(error.what(),
             StartsWith("node worker-1 does not reach registry 127.0.0.1:") && Contains("Connection refused"));
}

TEST_CASE("registry: what a move leaves is what it said, an image that others can pull, until it is removed",
          "[registry]") {
  const PrivateRegistry registry;
  Through through(registry);
  const std::string name = through.carrier->name(through.id);
  CHECK(name == "127.0.0.1:" + std::to_string(registry.port()) + "/team/ms2m:ms2m-" + through.id);
  CHECK_FALSE(through.carrier->remove("worker-1", name, {}));
  const std::string bytes = bytes_of(300000);
  const MoveResult moved = through.move(bytes);
  CHECK(moved.carriage == Carriage::registry);
  CHECK(posix::read_file(through.directory + "/blobs/sha256/" + moved.sha256) == bytes);
  CHECK(registry.tags() == std::vector<std::string>{"ms2m-" + through.id});
  const auto inspected = posix::run_process(
      {"skopeo", "inspect", "--raw", "--tls-verify=false", "--authfile", registry.auth_file(), "docker://" + name}, {},
      "skopeo");
  INFO(inspected.err);
  REQUIRE(inspected.ok());
  CHECK_THAT(inspected.out, Contains("sha256:" + moved.sha256) &&
                                Contains(R"("io.kubernetes.cri-o.annotations.checkpoint.name":"consumer")"));
  CHECK(through.carrier->remove("worker-2", name, {}));
  CHECK_FALSE(through.carrier->remove("worker-2", name, {}));
  CHECK(registry.tags().empty());
  CHECK(error_of([&] { through.carrier->remove("worker-1", "elsewhere.example/ms2m:x", {}); }).kind() ==
        ErrorKind::refused);
}

TEST_CASE("registry: one that deletes nothing says so", "[registry]") {
  const PrivateRegistry registry({true, false});
  Through through(registry);
  through.move("archive");
  const Error error = error_of([&] { through.carrier->remove("worker-1", through.carrier->name(through.id), {}); });
  CHECK(error.kind() == ErrorKind::refused);
  CHECK_THAT(error.what(), Contains("deletes nothing"));
}

TEST_CASE("registry: bytes that were changed, cut, exchanged or more on their way are refused in each place",
          "[registry]") {
  const PrivateRegistry registry({false, true});
  const std::string bytes = bytes_of(2'000'000);
  constexpr std::size_t kDeep = 500'000;  // well behind every head
  const auto blob_answer = [](const std::string& request, bool answer) {
    return answer && request.starts_with("GET") && request.find("/blobs/sha256:") != std::string::npos;
  };
  struct Way {
    const char* name;
    const char* side;
    MeddlingRegistry::Meddle meddle;
  };
  const auto once = [](std::size_t before, std::size_t size) { return before <= kDeep && before + size > kDeep; };
  std::string held;
  const std::vector<Way> ways{
      {"a byte of what is pushed", "source worker-1: ",
       [&](const std::string& request, bool answer, std::size_t before, std::string piece) {
         // Not of a chunk's size: that is told by what follows.
         if (!answer && request.starts_with("PATCH") && once(before, piece.size()))
           for (std::size_t i = piece.size() / 2; i < piece.size() / 2 + 8; ++i)
             piece[i] = static_cast<char>(~piece[i]);
         return std::optional(piece);
       }},
      {"a push that is cut", "source worker-1: ",
       [&](const std::string& request, bool answer, std::size_t before, std::string piece) {
         const bool cut = !answer && request.starts_with("PATCH") && once(before, piece.size());
         return cut ? std::nullopt : std::optional(piece);
       }},
      {"a byte of what is pulled", "target worker-2: ",
       [&](const std::string& request, bool answer, std::size_t before, std::string piece) {
         if (blob_answer(request, answer) && once(before, piece.size())) piece[0] = static_cast<char>(~piece[0]);
         return std::optional(piece);
       }},
      {"a pull that is cut", "target worker-2: ",
       [&](const std::string& request, bool answer, std::size_t before, std::string piece) {
         const bool cut = blob_answer(request, answer) && once(before, piece.size());
         return cut ? std::nullopt : std::optional(piece);
       }},
      {"two pieces in each other's place", "target worker-2: ",
       [&](const std::string& request, bool answer, std::size_t before, std::string piece) {
         if (!blob_answer(request, answer) || before < kDeep) return std::optional(piece);
         if (held.empty()) return std::optional(std::exchange(held, piece).substr(0, 0));
         if (held != "given") piece += std::exchange(held, "given");
         return std::optional(piece);
       }},
      {"a blob that has become longer", "target worker-2: ",
       [&](const std::string& request, bool answer, std::size_t before, std::string piece) {
         if (!blob_answer(request, answer)) return std::optional(piece);
         if (before == 0) piece.replace(piece.find("2000000"), 7, "2000001");
         return std::optional(before + piece.size() > kDeep && once(before, piece.size()) ? piece + "x" : piece);
       }},
      {"another manifest",
       "target worker-2: ", [&](const std::string& request, bool answer, std::size_t, std::string piece) {
         const auto at = piece.find("consumer");
         if (answer && request.starts_with("GET") && request.find("/manifests/sha256:") != std::string::npos &&
             at != std::string::npos)
           piece.replace(at, 8, "Consumer");
         return std::optional(piece);
       }}};
  for (const Way& way : ways) {
    INFO(way.name);
    std::atomic<bool> met{false};
    MeddlingRegistry between(registry.port(),
                             [&](const std::string& request, bool answer, std::size_t before, std::string piece) {
                               const std::string was = piece;
                               auto made = way.meddle(request, answer, before, std::move(piece));
                               if (!made || *made != was) met = true;
                               return made;
                             });
    Through through(registry, between.port());
    const Error error = error_of([&] { through.move(bytes); });
    CHECK(met);
    CHECK_THAT(error.what(), StartsWith(way.side));
    CHECK(eventually([&] { return through.holds_no_file(); }));
    CHECK(eventually([&] { return registry.tags().empty(); }));
    CHECK(Through(registry).move("whole").bytes == Bytes{5});
    Through tidy(registry);
    tidy.carrier->remove("worker-1", tidy.carrier->name(tidy.id), {});
  }
}

TEST_CASE("registry: one that ends in the middle is the cause, and the next move works when it is back", "[registry]") {
  PrivateRegistry registry;
  Through through(registry);
  const std::string path = through.lab.checkpoints + "/" + kArchiveName;
  std::ofstream(path, std::ios::binary) << "";
  fs::resize_file(path, 2ull << 30);
  MoveRequest request{"worker-1", KubeletArchive{path}, "worker-2", through.directory};
  request.carriage = Carriage::registry;
  bool stopped = false;
  const Error error = error_of([&] {
    through.carrier->move(request,
                          [&](const MoveProgress& progress) {
                            if (progress.done.count < 10'000'000 || stopped) return;
                            stopped = true;
                            registry.stop();
                          },
                          {});
  });
  CHECK(stopped);
  CHECK(error.kind() == ErrorKind::unavailable);
  CHECK_THAT(error.what(), StartsWith("source worker-1: "));
  registry.start();
  CHECK(through.move("whole").bytes == Bytes{5});
}
