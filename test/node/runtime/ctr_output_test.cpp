// What ctr says of containerd's images and containers.
#include "node/runtime/ctr_output.hpp"

#include "base/base64.hpp"
#include "ms2m/json.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::node;

namespace {

const std::string kId(64, 'a'), kOther(64, 'b'), kManifest(64, '1'), kIndex(64, '2');

std::string info(const Json& metadata) {
  return Json{{"ID", std::string(64, 'c')},
              {"Image", "localhost/consumer:latest"},
              {"Extensions",
               {{"io.cri-containerd.container.metadata",
                 {{"type_url", "github.com/containerd/cri/pkg/store/container/Metadata"},
                  {"value", base64_encode(metadata.dump())}}}}}}
      .dump(4);
}

}  // namespace

TEST_CASE("images of containerd: all names of one digest are one image", "[node_runtime]") {
  const std::string table =
      "REF                              TYPE                                       DIGEST     SIZE     PLATFORMS   LABELS\n"
      "docker.io/library/other:1        application/vnd.oci.image.index.v1+json    sha256:" + kIndex +
      " 20.0 MiB linux/amd64,linux/arm64 io.cri-containerd.image=managed\n"
      "localhost/consumer:latest        application/vnd.oci.image.manifest.v1+json sha256:" + kManifest +
      " 46.1 MiB linux/amd64 io.cri-containerd.image=managed\n"
      "localhost/nobodys:1              application/vnd.oci.image.manifest.v1+json sha256:" + std::string(64, '3') +
      " 1 KiB linux/amd64 -\n"
      "sha256:" + kId + " application/vnd.oci.image.manifest.v1+json sha256:" + kManifest +
      " 46.1 MiB linux/amd64 io.cri-containerd.image=managed\n"
      "sha256:" + kOther + " application/vnd.oci.image.index.v1+json sha256:" + kIndex +
      " 20.0 MiB linux/amd64,linux/arm64 io.cri-containerd.image=managed\n";
  const auto images = images_of_ctr(table);
  REQUIRE(images.size() == 2);
  CHECK(images[0].id == kId);
  CHECK(images[0].names == std::vector<std::string>{"localhost/consumer:latest"});
  CHECK(images[1].id == kOther);
  CHECK(images[1].names == std::vector<std::string>{"docker.io/library/other:1"});
  CHECK(images_of_ctr("").empty());
}

TEST_CASE("the image of containerd's container is the one in its own record, not where a name leads now",
          "[node_runtime]") {
  CHECK(image_of_ctr_container(info({{"Version", "v1"}, {"Metadata", {{"ImageRef", "sha256:" + kId}}}})) == kId);
  CHECK(image_of_ctr_container(info({{"Version", "v1"}, {"Metadata", {{"ImageRef", "consumer:latest"}}}})).empty());
  CHECK(image_of_ctr_container(info({{"Version", "v2"}})).empty());
  CHECK(image_of_ctr_container("{\"Extensions\":{}}").empty());
  CHECK(image_of_ctr_container("ctr: container not found").empty());
}
