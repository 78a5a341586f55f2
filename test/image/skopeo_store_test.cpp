// SkopeoStore against the real skopeo, with an image store of the test's own; with podman at hand, and without.
#include "image/skopeo_store.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iostream>

#include "image/oci_layout.hpp"
#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "support/catch.hpp"
#include "wrap/posix/files.hpp"
#include "wrap/posix/sha256.hpp"
#include "wrap/posix/subprocess.hpp"

using namespace ms2m;
namespace fs = std::filesystem;

namespace {

/// Runs here what would run on a node, with the given environment.
class LocalShell : public NodeShell {
 public:
  explicit LocalShell(std::vector<std::pair<std::string, std::string>> env) : env_(std::move(env)) {}
  CommandResult run(const std::string&, const std::vector<std::string>& argv, const std::string& input,
                    const StopToken& stop) override {
    ++calls;
    posix::RunSpec spec;
    spec.process.argv = argv;
    spec.process.env = env_;
    spec.input = input;
    auto result = posix::run_process(spec, stop, "test");
    return {result.status.code, result.status.signal, result.out, result.err};
  }
  void open(const std::string&, const StopToken&) override {}
  std::string describe(const std::string&) const override { return "here"; }
  int calls = 0;

 private:
  std::vector<std::pair<std::string, std::string>> env_;
};

enum class Tools { skopeo, podman };

struct Node {
  explicit Node(Tools tools) : shell(environment(dir.path(), tools)), store(shell, root()) {}
  ~Node() { posix::run_process({"umount", (dir.path() / "storage/overlay").string()}, {}, "umount"); }

  std::string root() const { return (dir.path() / "layouts").string(); }

  static std::vector<std::pair<std::string, std::string>> environment(const fs::path& dir, Tools tools) {
    std::ofstream(dir / "storage.conf") << "[storage]\ndriver = \"overlay\"\ngraphroot = \""
                                        << (dir / "storage").string() << "\"\nrunroot = \"" << (dir / "run").string()
                                        << "\"\n";
    std::vector<std::pair<std::string, std::string>> env{{"CONTAINERS_STORAGE_CONF", (dir / "storage.conf").string()}};
    if (tools == Tools::skopeo) {
      fs::create_directory(dir / "bin");
      for (const char* tool : {"sh", "skopeo", "cat", "tr", "sed", "rm", "rmdir", "mkdir", "mktemp", "grep"}) {
        const auto path = posix::run_process({"sh", "-c", std::string("command -v ") + tool}, {}, "which").out;
        fs::create_symlink(path.substr(0, path.find('\n')), dir / "bin" / tool);
      }
      env.emplace_back("PATH", (dir / "bin").string());
    }
    return env;
  }

  /// A layout directory as SshRelay leaves it.
  CheckpointImage archive(const std::string& id, const std::string& content, std::size_t filler = 100000) {
    const fs::path files = dir.path() / ("files-" + id);
    fs::create_directories(files / "checkpoint");
    std::ofstream(files / "config.dump") << content;
    std::ofstream(files / "checkpoint" / "pages-1.img") << std::string(filler, 'p');
    CheckpointImage image;
    image.directory = root() + "/" + id;
    fs::create_directories(image.directory + "/blobs/sha256");
    const std::string tar = (dir.path() / (id + ".tar")).string();
    REQUIRE(posix::run_process({"tar", "cf", tar, "-C", files.string(), "."}, {}, "tar").ok());
    const auto bytes = posix::read_file(tar);
    image.sha256 = posix::Sha256::of(bytes);
    image.bytes = Bytes{bytes.size()};
    fs::rename(tar, image.directory + "/blobs/sha256/" + image.sha256);
    image.name = "localhost/ms2m/consumer-0:" + id;
    image.container = "consumer";
    return image;
  }

  /// Stores it as a registry's image for several architectures is stored: under the digest of the manifest list as
  /// well, which is returned.
  std::string pull_from_list(const CheckpointImage& image) {
    const auto layout = image::make_layout(image);
    const fs::path blobs = fs::path(image.directory) / "blobs/sha256";
    std::ofstream(blobs / layout.config_digest) << layout.config;
    std::ofstream(blobs / layout.manifest_digest) << layout.manifest;
    const auto entry = [](const std::string& digest, std::size_t size, const char* architecture) {
      return Json{{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                  {"digest", "sha256:" + digest},
                  {"size", size},
                  {"platform", {{"architecture", architecture}, {"os", "linux"}}}};
    };
    const std::string list =
        Json{{"schemaVersion", 2},
             {"mediaType", "application/vnd.oci.image.index.v1+json"},
             {"manifests", Json::array({entry(std::string(64, '5'), 500, "s390x"),
                                        entry(layout.manifest_digest, layout.manifest.size(), "amd64")})}}
            .dump();
    const std::string digest = posix::Sha256::of(list);
    std::ofstream(blobs / digest) << list;
    std::ofstream(fs::path(image.directory) / "oci-layout") << layout.marker;
    const Json top{{"mediaType", "application/vnd.oci.image.index.v1+json"},
                   {"digest", "sha256:" + digest},
                   {"size", list.size()}};
    std::ofstream(fs::path(image.directory) / "index.json")
        << Json{{"schemaVersion", 2}, {"manifests", Json::array({top})}}.dump();
    const auto copied = shell.run("n",
                                  {"skopeo", "--override-arch", "amd64", "copy", "-q", "--insecure-policy",
                                   "oci:" + image.directory, "containers-storage:" + image.name},
                                  "", {});
    INFO(copied.err);
    REQUIRE(copied.ok());
    return digest;
  }

  std::size_t layers() const {
    std::size_t count = 0;
    const fs::path overlay = dir.path() / "storage/overlay";
    if (fs::exists(overlay))
      for (const auto& entry : fs::directory_iterator(overlay))
        count += entry.path().filename().string().size() == 64 ? 1 : 0;
    return count;
  }

  /// A container that uses the image (it is never run).
  void use(const std::string& id) {
    posix::RunSpec spec;
    spec.process.argv = {"podman", "create", "--network", "none", id, "true"};
    spec.process.env = {{"CONTAINERS_STORAGE_CONF", (dir.path() / "storage.conf").string()}};
    const auto made = posix::run_process(spec, {}, "podman");
    INFO(made.err);
    REQUIRE(made.ok());
  }

  posix::TempDir dir;
  LocalShell shell;
  SkopeoStore store;
};

std::vector<Tools> both() { return {Tools::skopeo, Tools::podman}; }

ErrorKind kind_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    UNSCOPED_INFO(error.what());
    return error.kind();
  }
  FAIL("no error");
  return {};
}

}  // namespace

TEST_CASE("store: probe") {
  Node node(Tools::skopeo);
  CHECK(node.store.probe("n", {}).starts_with("skopeo 1."));
  fs::remove(node.dir.path() / "bin" / "skopeo");
  CHECK(kind_of([&] { node.store.probe("n", {}); }) == ErrorKind::refused);
}

TEST_CASE("store: import, find, remove") {
  for (const auto tools : both()) {
    Node node(tools);
    CHECK_FALSE(node.store.find("n", "localhost/ms2m/consumer-0:m1", {}));
    const auto image = node.archive("m1", "one");
    const auto start = Clock::now();
    const auto id = node.store.import_checkpoint("n", image, {});
    std::cout << "import: " << seconds_between(start, Clock::now()) << " s\n";
    CHECK(id == image::make_layout(image).config_digest);
    CHECK_FALSE(fs::exists(node.root()));  // layout gone, and its root, as it was the last

    auto found = node.store.find("n", image.name, {});
    REQUIRE(found);
    CHECK(found->id == id);
    CHECK(found->names == std::vector<std::string>{image.name});
    CHECK(found->user.empty());
    found = node.store.find("n", id, {});
    REQUIRE(found);
    CHECK(found->id == id);
    CHECK(node.store.find("n", "sha256:" + id, {}));
    CHECK_FALSE(node.store.find("n", std::string(64, '1'), {}));
    CHECK(node.shell.calls == 6);  // one command each

    CHECK(node.store.remove_image("n", id, {}));
    CHECK_FALSE(node.store.remove_image("n", id, {}));
    CHECK_FALSE(node.store.find("n", image.name, {}));
    CHECK(node.layers() == 0);
  }
}

TEST_CASE("store: an image by the digest of its manifest list, with its user") {
  for (const auto tools : both()) {
    Node node(tools);
    auto image = node.archive("orig", "original");
    image.name = "docker.io/library/app:1";
    image.user = "1000:1000";
    const std::string list = node.pull_from_list(image);
    // As CRI-O names it in a pod's status.
    const auto found = node.store.find("n", "docker.io/library/app@sha256:" + list, {});
    REQUIRE(found);
    CHECK(found->id == image::make_layout(image).config_digest);
    CHECK(found->user == "1000:1000");
    const auto by_id = node.store.find("n", found->id, {});
    REQUIRE(by_id);
    CHECK(by_id->user == "1000:1000");
    node.store.point_name("n", "localhost/ms2m/c:1", found->id, {});
    CHECK(node.store.find("n", "localhost/ms2m/c:1", {})->id == found->id);
  }
}

TEST_CASE("store: the name is pointed at the original image, the checkpoint image goes") {
  for (const auto tools : both()) {
    Node node(tools);
    auto original = node.archive("orig", "original");
    original.name = "docker.io/library/app:1";
    const auto original_id = node.store.import_checkpoint("n", original, {});
    const auto image = node.archive("m1", "checkpoint");
    const auto id = node.store.import_checkpoint("n", image, {});
    CHECK(node.layers() == 2);

    node.store.point_name("n", image.name, original_id, {});
    node.store.point_name("n", image.name, original_id, {});
    CHECK(node.store.find("n", image.name, {})->id == original_id);
    CHECK(node.store.find("n", original.name, {})->id == original_id);
    CHECK(node.store.find("n", id, {}));  // without a name now
    CHECK(node.store.remove_image("n", id, {}));
    CHECK(node.layers() == 1);
    CHECK(kind_of([&] { node.store.point_name("n", image.name, id, {}); }) == ErrorKind::not_found);
    CHECK(node.store.find("n", image.name, {})->id == original_id);
  }
}

TEST_CASE("store: every image with its names, and which is a checkpoint") {
  for (const auto tools : both()) {
    Node node(tools);
    CHECK_FALSE(node.store.list("n", {}));  // there is no store
    const auto image = node.archive("m1", "one");
    const auto id = node.store.import_checkpoint("n", image, {});
    node.store.point_name("n", "localhost/ms2m/consumer-0:m2", id, {});
    // Another one, that is none.
    const fs::path images = node.dir.path() / "storage/overlay-images";
    Json list = Json::parse(posix::read_file((images / "images.json").string()));
    list.push_back({{"id", std::string(64, 'a')}, {"names", {"docker.io/library/app:1"}}});
    list.push_back({{"id", std::string(64, 'b')}});
    std::ofstream(images / "images.json") << list.dump();
    fs::create_directory(images / std::string(64, 'a'));
    std::ofstream(images / std::string(64, 'a') / "manifest") << R"({"schemaVersion":2,"layers":[]})";

    const auto found = node.store.list("n", {});
    REQUIRE(found);
    REQUIRE(found->size() == 3);
    const StoredImage& checkpoint = found->front();
    CHECK(checkpoint.id == id);
    CHECK(checkpoint.checkpoint);
    CHECK(checkpoint.names.size() == 2);
    CHECK((*found)[1].names == std::vector<std::string>{"docker.io/library/app:1"});
    CHECK_FALSE((*found)[1].checkpoint);
    CHECK((*found)[2].names.empty());
    std::ofstream(images / "images.json") << "[";
    CHECK_FALSE(node.store.list("n", {}));
  }
}

TEST_CASE("store: removing a name leaves an image that has another one") {
  Node node(Tools::podman);
  auto original = node.archive("orig", "original");
  original.name = "docker.io/library/app:1";
  const auto id = node.store.import_checkpoint("n", original, {});
  node.store.point_name("n", "localhost/ms2m/c:1", id, {});
  CHECK(node.store.find("n", id, {})->names.size() == 2);
  CHECK(node.store.remove_name("n", "localhost/ms2m/c:1", {}));
  CHECK_FALSE(node.store.remove_name("n", "localhost/ms2m/c:1", {}));
  CHECK(node.store.find("n", "docker.io/library/app:1", {})->id == id);
  CHECK(node.store.remove_name("n", "docker.io/library/app:1", {}));
  CHECK_FALSE(node.store.find("n", id, {}));  // nothing else named it
  CHECK(node.layers() == 0);
}

TEST_CASE("store: removing a name with skopeo alone") {
  Node node(Tools::skopeo);
  // A checkpoint image goes with its name.
  const auto image = node.archive("m1", "checkpoint");
  const auto id = node.store.import_checkpoint("n", image, {});
  CHECK(node.store.remove_name("n", image.name, {}));
  CHECK_FALSE(node.store.remove_name("n", image.name, {}));
  CHECK_FALSE(node.store.find("n", id, {}));
  CHECK(node.layers() == 0);
}

TEST_CASE("store: an image that a container uses loses its name, nothing more") {
  for (const auto tools : both()) {
    Node node(tools);
    const auto image = node.archive("m1", "checkpoint");
    const auto id = node.store.import_checkpoint("n", image, {});
    node.use(id);
    CHECK(node.store.remove_name("n", image.name, {}));
    CHECK_FALSE(node.store.find("n", image.name, {}));
    CHECK(node.store.find("n", id, {}));
    CHECK(kind_of([&] { node.store.remove_image("n", id, {}); }) == ErrorKind::conflict);
    CHECK(node.layers() == 2);  // the image's and the container's: nothing of the name's way out is left
  }
}

TEST_CASE("store: failures") {
  Node node(Tools::skopeo);
  auto image = node.archive("m1", "one");
  auto wrong = image;
  wrong.directory = "/etc";
  CHECK(kind_of([&] { node.store.import_checkpoint("n", wrong, {}); }) == ErrorKind::refused);
  CHECK(kind_of([&] { node.store.remove_layout("n", "/etc", {}); }) == ErrorKind::refused);
  CHECK(kind_of([&] { node.store.find("n", "--help", {}); }) == ErrorKind::usage);

  // A blob that is not what its name says is refused by skopeo.
  std::ofstream(image.directory + "/blobs/sha256/" + image.sha256, std::ios::app) << "x";
  CHECK(kind_of([&] { node.store.import_checkpoint("n", image, {}); }) == ErrorKind::failed);
  CHECK_FALSE(node.store.find("n", image.name, {}));
  CHECK(fs::exists(image.directory));
  CHECK(node.store.remove_layout("n", image.directory, {}));
  CHECK_FALSE(node.store.remove_layout("n", image.directory, {}));
  CHECK_FALSE(fs::exists(node.root()));

  StopSource source;
  source.request_stop();
  CHECK_THROWS_AS(node.store.find("n", image.name, source.token()), Cancelled);
}
