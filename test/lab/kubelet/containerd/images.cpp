// The image service of the CRI plugin.
#include "containerd/runtime.hpp"

namespace kubelet {
namespace {

constexpr std::size_t kDigestName = sizeof "sha256:" - 1;

}  // namespace

std::optional<Image> ContainerdRuntime::find_image(const ImageName& name) const {
  const Message asked = Message().message(1, Message().text(1, name.full())).number(2, 1);
  const Received told = cri_.call("ImageService/ImageStatus", asked), found = told.message(1);
  if (found.text(1).empty()) return std::nullopt;
  Image image;
  image.id = found.text(1).substr(kDigestName);
  image.names = found.texts(2);
  // A name with a digest, when it has one on this node; else the ID.
  image.ref = found.texts(3).empty() ? found.text(1) : found.texts(3).front();
  image.config = at_or_null(Json::parse(told.map(2)["info"], nullptr, false), "imageSpec");
  return image;
}

std::optional<PullError> ContainerdRuntime::pull(const ImageName& name, const std::string& as_written) {
  try {
    cri_.call("ImageService/PullImage", Message().message(1, Message().text(1, name.full())));
    return std::nullopt;
  } catch (const CriError& error) {
    return PullError{"ErrImagePull", error.what(), "Failed to pull image \"" + as_written + "\": " + error.said};
  }
}

Json ContainerdRuntime::image_summary() const {
  Json list = Json::array();
  try {
    for (const Received& image : cri_.call("ImageService/ListImages", Message()).messages(1)) {
      Json names = Json::array();
      for (const int field : {3, 2}) {
        for (const auto& name : image.texts(field)) names.push_back(name);
      }
      if (!names.empty()) list.push_back({{"names", names}, {"sizeBytes", image.number(4)}});
    }
  } catch (const CriError&) {
  }
  return list;
}

}  // namespace kubelet
