// Images of CRI-O by the real skopeo, with an image store of the test's own; with podman at hand, and without.
#include "node/program/images.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <iostream>
#include <set>

#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "node/program/layouts.hpp"
#include "node/runtime/crio.hpp"
#include "node/runtime/oci_layout.hpp"
#include "node/runtime/storage_files.hpp"
#include "support/catch.hpp"
#include "wrap/posix/files.hpp"
#include "wrap/posix/sha256.hpp"
#include "wrap/posix/subprocess.hpp"

using namespace ms2m;
namespace fs = std::filesystem;

namespace {

/// A variable of this process, as it was afterwards.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name), before_(::getenv(name) ? ::getenv(name) : "") {
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() { before_.empty() ? ::unsetenv(name_) : ::setenv(name_, before_.c_str(), 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  const std::string before_;
};

enum class Tools { skopeo, podman };

/// The requests' functions, for one store.
struct Store {
  Store(const std::string& directory) : runtime({"worker-1", directory}) { roots.layouts = directory + "/layouts"; }
  std::string probe() const { return node::image_probe(runtime, {}).tool; }
  std::optional<StoredImage> find(const std::string& name_or_id, const StopToken& stop = {}) const {
    return node::image_find(runtime, {name_or_id}, stop).image;
  }
  std::optional<std::vector<StoredImage>> list() const { return node::image_list(runtime, {}).images; }
  std::string import_checkpoint(const CheckpointImage& image) const {
    return node::image_import(runtime, roots, {image}, {}).id;
  }
  void point_name(const std::string& name, const std::string& id) const {
    node::image_point_name(runtime, {name, id}, {});
  }
  bool remove_name(const std::string& name) const { return node::image_remove_name(runtime, {name}, {}).found; }
  bool remove_image(const std::string& id) const { return node::image_remove(runtime, {id}, {}).found; }
  /// As the request does it.
  bool remove_layout(const std::string& directory) const {
    node::image_take_back(runtime, roots, directory, {});
    return node::remove_layout(roots.layouts, directory).found;
  }
  node::CrioRuntime runtime;
  node::Roots roots;
};

struct Node {
  explicit Node(Tools tools) : path_("PATH", path(dir.path(), tools)), conf_("CONTAINERS_STORAGE_CONF", conf()) {
    std::ofstream(conf()) << "[storage]\ndriver = \"overlay\"\ngraphroot = \"" << (dir.path() / "storage").string()
                          << "\"\nrunroot = \"" << (dir.path() / "run").string() << "\"\n";
  }
  ~Node() { posix::run_process({"/bin/umount", (dir.path() / "storage/overlay").string()}, {}, "umount"); }

  std::string root() const { return (dir.path() / "layouts").string(); }
  std::string conf() const { return (dir.path() / "storage.conf").string(); }

  static std::string path(const fs::path& dir, Tools tools) {
    if (tools == Tools::podman) return ::getenv("PATH");
    fs::create_directory(dir / "bin");
    for (const char* place : {"/usr/local/bin/skopeo", "/usr/bin/skopeo"})
      if (fs::exists(place) && !fs::exists(dir / "bin/skopeo")) fs::create_symlink(place, dir / "bin/skopeo");
    return (dir / "bin").string();
  }

  /// A layout's directory with the layer in it.
  CheckpointImage archive(const std::string& id, const std::string& content, std::size_t filler = 100000) {
    const fs::path files = dir.path() / ("files-" + id);
    fs::create_directories(files / "checkpoint");
    std::ofstream(files / "config.dump") << content;
    std::ofstream(files / "checkpoint" / "pages-1.img") << std::string(filler, 'p');
    CheckpointImage image;
    image.directory = root() + "/" + id;
    fs::create_directories(image.directory + "/blobs/sha256");
    const std::string tar = (dir.path() / (id + ".tar")).string();
    REQUIRE(posix::run_process({"/bin/tar", "cf", tar, "-C", files.string(), "."}, {}, "tar").ok());
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
    const auto layout = node::make_layout(image);
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
    const auto copied = posix::run_process({"skopeo", "--override-arch", "amd64", "copy", "-q", "--insecure-policy",
                                            "oci:" + image.directory, "containers-storage:" + image.name},
                                           {}, "skopeo");
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
    const Variable all("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    const auto made = posix::run_process({"podman", "create", "--network", "none", id, "true"}, {}, "podman");
    INFO(made.err);
    REQUIRE(made.ok());
  }

  posix::TempDir dir;
  const Variable path_, conf_;
  Store store{dir.path().string()};
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
  CHECK(node.store.probe().starts_with("skopeo 1."));
  fs::remove(node.dir.path() / "bin" / "skopeo");
  CHECK(kind_of([&] { node.store.probe(); }) == ErrorKind::refused);
}

TEST_CASE("store: import, find, remove") {
  for (const auto tools : both()) {
    Node node(tools);
    CHECK_FALSE(node.store.find("localhost/ms2m/consumer-0:m1"));
    const auto image = node.archive("m1", "one");
    const auto start = Clock::now();
    const auto id = node.store.import_checkpoint(image);
    std::cout << "import: " << seconds_between(start, Clock::now()) << " s\n";
    CHECK(id == node::make_layout(image).config_digest);
    CHECK_FALSE(fs::exists(node.root()));  // layout gone, and its root, as it was the last

    auto found = node.store.find(image.name);
    REQUIRE(found);
    CHECK(found->id == id);
    CHECK(found->names == std::vector<std::string>{image.name});
    CHECK(found->user.empty());
    found = node.store.find(id);
    REQUIRE(found);
    CHECK(found->id == id);
    CHECK(node.store.find("sha256:" + id));
    CHECK_FALSE(node.store.find(std::string(64, '1')));

    CHECK(node.store.remove_image(id));
    CHECK_FALSE(node.store.remove_image(id));
    CHECK_FALSE(node.store.find(image.name));
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
    const auto found = node.store.find("docker.io/library/app@sha256:" + list);
    REQUIRE(found);
    CHECK(found->id == node::make_layout(image).config_digest);
    CHECK(found->user == "1000:1000");
    const auto by_id = node.store.find(found->id);
    REQUIRE(by_id);
    CHECK(by_id->user == "1000:1000");
    node.store.point_name("localhost/ms2m/c:1", found->id);
    CHECK(node.store.find("localhost/ms2m/c:1")->id == found->id);
  }
}

TEST_CASE("store: what is in it is told without its tools, what is not by them alone") {
  Node node(Tools::podman);
  auto image = node.archive("orig", "original");
  image.name = "docker.io/library/app:1";
  image.user = "1000";
  const std::string list = node.pull_from_list(image);
  const auto layout = node::make_layout(image);
  const std::string id = layout.config_digest;
  node.store.point_name("registry.example:5000/app:2", id);
  const Variable none("PATH", node.root());
  const std::vector<std::string> told{"docker.io/library/app:1", "docker.io/library/app@sha256:" + list,
                                      "registry.example:5000/app@sha256:" + layout.manifest_digest, id, "sha256:" + id};
  for (const std::string& reference : told) {
    INFO(reference);
    const auto found = node.store.find(reference);
    REQUIRE(found);
    CHECK(found->id == id);
    CHECK(found->user == "1000");
    CHECK(std::set<std::string>(found->names.begin(), found->names.end()) ==
          std::set<std::string>{"docker.io/library/app:1", "registry.example:5000/app:2"});
  }
  const std::vector<std::string> asked{"app", "docker.io/library/app:2", "docker.io/library/other@sha256:" + list,
                                       "docker.io/library/app@sha256:" + id, std::string(64, '1')};
  for (const std::string& reference : asked) {
    INFO(reference);
    CHECK(kind_of([&] { node.store.find(reference); }) == ErrorKind::refused);  // there is no skopeo
  }
}

TEST_CASE("store: files that do not tell all of an image tell nothing of it") {
  Node node(Tools::skopeo);
  const auto image = node.archive("m1", "one");
  const auto id = node.store.import_checkpoint(image);
  const fs::path images = node.dir.path() / "storage/overlay-images";
  const auto told = [&](const std::string& reference) {
    return node::image_in_store(node.dir.path().string(), reference, {}).has_value();
  };
  const std::string by_digest = "localhost/ms2m/consumer-0@sha256:" + node::make_layout(image).manifest_digest;
  CHECK(told(image.name));
  CHECK(told("@" + id));
  CHECK(told(by_digest));
  const std::string sound = posix::read_file((images / "images.json").string());
  const auto with = [&](const std::string& text) { std::ofstream(images / "images.json") << text; };

  Json twice = Json::parse(sound);
  twice.push_back(twice.front());
  twice.back()["id"] = std::string(64, 'a');
  twice.back()["names"] = {"localhost/ms2m/consumer-0:other"};
  with(twice.dump());
  CHECK(told(image.name));
  CHECK_FALSE(told("@" + std::string(64, 'a')));  // it has no files
  CHECK_FALSE(told(by_digest));                   // of two
  for (const char* text : {"", "[", "{}", "[1]", R"([{"id":7,"names":7}])"}) {
    with(text);
    CHECK_FALSE(told(image.name));
    CHECK_FALSE(told(by_digest));
  }
  with(sound);
  std::ofstream(node.conf(), std::ios::app) << "driver = \"vfs\"\n";  // what it was before tells nothing
  CHECK_FALSE(told(image.name));
  std::ofstream(node.conf(), std::ios::app) << "driver = \"overlay\"\n";
  CHECK(told(image.name));
  for (const auto& entry : fs::directory_iterator(images / id))
    if (entry.path().filename().string().starts_with('=')) std::ofstream(entry.path(), std::ios::app) << " ";
  CHECK_FALSE(told(image.name));
}

TEST_CASE("store: the name is pointed at the original image, the checkpoint image goes") {
  for (const auto tools : both()) {
    Node node(tools);
    auto original = node.archive("orig", "original");
    original.name = "docker.io/library/app:1";
    const auto original_id = node.store.import_checkpoint(original);
    const auto image = node.archive("m1", "checkpoint");
    const auto id = node.store.import_checkpoint(image);
    CHECK(node.layers() == 2);

    node.store.point_name(image.name, original_id);
    node.store.point_name(image.name, original_id);
    CHECK(node.store.find(image.name)->id == original_id);
    CHECK(node.store.find(original.name)->id == original_id);
    CHECK(node.store.find(id));  // without a name now
    CHECK(node.store.remove_image(id));
    CHECK(node.layers() == 1);
    CHECK(kind_of([&] { node.store.point_name(image.name, id); }) == ErrorKind::not_found);
    CHECK(node.store.find(image.name)->id == original_id);
  }
}

TEST_CASE("store: an import that ended in the middle leaves nothing when its layout goes") {
  for (const auto tools : both()) {
    Node node(tools);
    const fs::path images = node.dir.path() / "storage/overlay-images/images.json";
    const auto begin = [&](const CheckpointImage& image) {
      posix::UniqueFd layout(::open(image.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      node.store.runtime.import_checkpoint(layout.get(), image, {});  // and its layout stays
    };
    const auto clean = [&] {
      const auto left = node.store.list();
      REQUIRE(left);
      CHECK(left->empty());
      CHECK(node.layers() == 0);
    };
    auto image = node.archive("m1", "nameless");
    begin(image);
    Json list = Json::parse(posix::read_file(images.string()));
    list.at(0).erase("names");
    std::ofstream(images) << list.dump();
    CHECK(node.store.remove_layout(image.directory));
    clean();

    image = node.archive("m2", "a layer alone");
    begin(image);
    std::ofstream(images) << "[]";
    CHECK(node.store.remove_layout(image.directory));
    clean();

    // It could not be taken back, and its layer went without it.
    image = node.archive("m4", "a layer alone, without what it came from");
    begin(image);
    std::ofstream(images) << "[]";
    node::remove_layer(node.root(), image.directory);
    CHECK_FALSE(fs::exists(image.directory + "/blobs/sha256/" + image.sha256));
    CHECK(node.store.remove_layout(image.directory));
    clean();

    image = node.archive("m5", "not unpacked whole");
    begin(image);
    std::ofstream(images) << "[]";
    const fs::path layers = node.dir.path() / "storage/overlay-layers/layers.json";
    list = Json::parse(posix::read_file(layers.string()));
    list.at(0)["flags"] = {{"incomplete", true}};
    std::ofstream(layers) << list.dump();
    node::remove_layer(node.root(), image.directory);  // it is not needed
    CHECK(node.store.remove_layout(image.directory));
    clean();

    image = node.archive("m3", "whole");
    begin(image);
    CHECK(node.store.remove_layout(image.directory));
    CHECK(node.store.find(image.name));  // that is its name's to take back
    CHECK(node.store.remove_name(image.name));

    // Wherever it is killed.
    for (int n = 0; n < 24; ++n) {
      image = node.archive("k" + std::to_string(n), "killed", 4 << 20);
      node::write_layout_files(image.directory, node::make_layout(image));
      posix::RunSpec copy;
      copy.process.argv = {"timeout", "-s", "KILL", std::to_string(0.02 + 0.01 * n), "skopeo", "copy", "-q",
                           "--insecure-policy", "oci:" + image.directory, "containers-storage:" + image.name};
      copy.process.env = {{"TMPDIR", image.directory}};
      {
        const Variable all("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        posix::run_process(copy, {}, "skopeo");
      }
      CHECK(node.store.remove_layout(image.directory));
      node.store.remove_name(image.name);
    }
    clean();
  }
}

TEST_CASE("store: every image with its names, and which is a checkpoint") {
  for (const auto tools : both()) {
    Node node(tools);
    CHECK_FALSE(node.store.list());  // there is no store
    const auto image = node.archive("m1", "one");
    const auto id = node.store.import_checkpoint(image);
    node.store.point_name("localhost/ms2m/consumer-0:m2", id);
    // Another one, that is none.
    const fs::path images = node.dir.path() / "storage/overlay-images";
    Json list = Json::parse(posix::read_file((images / "images.json").string()));
    list.push_back({{"id", std::string(64, 'a')}, {"names", {"docker.io/library/app:1"}}});
    list.push_back({{"id", std::string(64, 'b')}});
    std::ofstream(images / "images.json") << list.dump();
    fs::create_directory(images / std::string(64, 'a'));
    std::ofstream(images / std::string(64, 'a') / "manifest") << R"({"schemaVersion":2,"layers":[]})";

    const auto found = node.store.list();
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
    CHECK_FALSE(node.store.list());
  }
}

TEST_CASE("store: removing a name leaves an image that has another one") {
  Node node(Tools::podman);
  auto original = node.archive("orig", "original");
  original.name = "docker.io/library/app:1";
  const auto id = node.store.import_checkpoint(original);
  node.store.point_name("localhost/ms2m/c:1", id);
  CHECK(node.store.find(id)->names.size() == 2);
  CHECK(node.store.remove_name("localhost/ms2m/c:1"));
  CHECK_FALSE(node.store.remove_name("localhost/ms2m/c:1"));
  CHECK(node.store.find("docker.io/library/app:1")->id == id);
  CHECK(node.store.remove_name("docker.io/library/app:1"));
  CHECK_FALSE(node.store.find(id));  // nothing else named it
  CHECK(node.layers() == 0);
}

TEST_CASE("store: removing a name with skopeo alone") {
  Node node(Tools::skopeo);
  // A checkpoint image goes with its name.
  const auto image = node.archive("m1", "checkpoint");
  const auto id = node.store.import_checkpoint(image);
  CHECK(node.store.remove_name(image.name));
  CHECK_FALSE(node.store.remove_name(image.name));
  CHECK_FALSE(node.store.find(id));
  CHECK(node.layers() == 0);
}

TEST_CASE("store: several sessions that remove one name at once leave nothing of it") {
  for (const auto tools : both()) {
    Node node(tools);
    const auto original = node.store.import_checkpoint(node.archive("m1", "original"));
    const int rounds = tools == Tools::podman ? 4 : 1;
    for (int round = 0; round < rounds; ++round) {
      const std::string name = "localhost/ms2m/c:" + std::to_string(round);
      node.store.point_name(name, original);
      std::vector<std::future<bool>> sessions;
      for (int i = 0; i < 4; ++i)
        sessions.push_back(std::async(std::launch::async, [&] { return Store(node.dir.path()).remove_name(name); }));
      std::vector<bool> found;
      for (auto& each : sessions) found.push_back(each.get());
      CHECK(std::count(found.begin(), found.end(), true) == 1);
      CHECK_FALSE(node.store.find(name));
    }
    CHECK(node.store.find(original).has_value() == (tools == Tools::podman));  // skopeo alone takes a checkpoint whole
    const auto left = node.store.list();
    REQUIRE(left);
    CHECK(std::all_of(left->begin(), left->end(), [](const StoredImage& each) { return !each.names.empty(); }));
  }
}

TEST_CASE("store: an image that a container uses loses its name, nothing more") {
  for (const auto tools : both()) {
    Node node(tools);
    const auto image = node.archive("m1", "checkpoint");
    const auto id = node.store.import_checkpoint(image);
    node.use(id);
    CHECK(node.store.remove_name(image.name));
    CHECK_FALSE(node.store.find(image.name));
    CHECK(node.store.find(id));
    CHECK(kind_of([&] { node.store.remove_image(id); }) == ErrorKind::conflict);
    CHECK(node.layers() == 2);  // the image's and the container's: nothing of the name's way out is left
  }
}

TEST_CASE("store: failures") {
  Node node(Tools::skopeo);
  auto image = node.archive("m1", "one");
  auto wrong = image;
  wrong.directory = "/etc";
  CHECK(kind_of([&] { node.store.import_checkpoint(wrong); }) == ErrorKind::refused);
  CHECK(kind_of([&] { node.store.remove_layout("/etc"); }) == ErrorKind::refused);
  CHECK(kind_of([&] { node.store.find("--help"); }) == ErrorKind::usage);

  // A blob that is not what its name says is refused by skopeo.
  std::ofstream(image.directory + "/blobs/sha256/" + image.sha256, std::ios::app) << "x";
  CHECK(kind_of([&] { node.store.import_checkpoint(image); }) == ErrorKind::failed);
  CHECK_FALSE(node.store.find(image.name));
  CHECK(fs::exists(image.directory));
  CHECK(node.store.remove_layout(image.directory));
  CHECK_FALSE(node.store.remove_layout(image.directory));
  CHECK_FALSE(fs::exists(node.root()));

  StopSource source;
  source.request_stop();
  CHECK_THROWS_AS(node.store.find(image.name, source.token()), Cancelled);
}
