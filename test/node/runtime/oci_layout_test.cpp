#include "node/runtime/oci_layout.hpp"

#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "support/catch.hpp"
#include "wrap/posix/sha256.hpp"

using namespace ms2m;
using namespace ms2m::node;

namespace {
CheckpointImage sample() {
  CheckpointImage image;
  image.sha256 = std::string(64, 'a');
  image.bytes = Bytes{19873792};
  image.name = "localhost/ms2m/consumer-0:m1";
  image.container = "consumer";
  return image;
}
}  // namespace

TEST_CASE("layout of a checkpoint image, byte for byte") {
  const auto layout = make_layout(sample());
  const std::string a(64, 'a');
  CHECK(layout.config == R"({"architecture":"amd64","config":{},"os":"linux","rootfs":{"diff_ids":["sha256:)" + a +
                             R"("],"type":"layers"}})");
  CHECK(layout.config_digest == posix::Sha256::of(layout.config));
  CHECK(layout.manifest == R"({"annotations":{"io.kubernetes.cri-o.annotations.checkpoint.name":"consumer",)"
                           R"("org.criu.checkpoint.container.name":"consumer"},"config":{"digest":"sha256:)" +
                               layout.config_digest +
                               R"(","mediaType":"application/vnd.oci.image.config.v1+json","size":)" +
                               std::to_string(layout.config.size()) + R"(},"layers":[{"digest":"sha256:)" + a +
                               R"(","mediaType":"application/vnd.oci.image.layer.v1.tar","size":19873792}],)"
                               R"("mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2})");
  CHECK(layout.manifest_digest == posix::Sha256::of(layout.manifest));
  const auto index = Json::parse(layout.index);
  REQUIRE(index["manifests"].size() == 1);
  const auto& entry = index["manifests"][0];
  CHECK(entry["digest"] == "sha256:" + layout.manifest_digest);
  CHECK(entry["size"] == layout.manifest.size());
  CHECK(entry["annotations"][kCrioAnnotation] == "consumer");
  CHECK(entry["annotations"][kContainerdAnnotation] == "consumer");
  CHECK(layout.marker == R"({"imageLayoutVersion":"1.0.0"})");
}

TEST_CASE("the same archive gives the same image; the architecture is part of it") {
  auto other = sample();
  CHECK(make_layout(other).config_digest == make_layout(sample()).config_digest);
  other.user = "1000:1000";
  CHECK(Json::parse(make_layout(other).config).at("config") == Json{{"User", "1000:1000"}});
  other.user.clear();
  other.architecture = "arm64";
  CHECK(make_layout(other).config_digest != make_layout(sample()).config_digest);
  CHECK(make_empty_layout("a").config_digest != make_empty_layout("b").config_digest);
  other.sha256 = "../../etc";
  CHECK_THROWS_AS(make_layout(other), Error);
}
