// What nodes keep: images, and restores that are prepared. And what they ask a registry.
#include "engine/timed_ports.hpp"

namespace ms2m {
namespace {

using Call = MainLine::Call;
using Kind = MainLine::Kind;

class TimedImages final : public ImageStore {
 public:
  TimedImages(ImageStore& inner, MainLine& line) : inner_(inner), line_(line) {}
  std::string probe(const std::string& node, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "image tool of " + node, Kind::look);
    return inner_.probe(node, stop);
  }
  std::optional<StoredImage> find(const std::string& node, const std::string& name_or_id,
                                  const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "an image of " + node, Kind::look);
    return inner_.find(node, name_or_id, stop);
  }
  std::optional<std::vector<StoredImage>> list(const std::string& node, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "images of " + node, Kind::look);
    return inner_.list(node, stop);
  }
  std::string import_checkpoint(const std::string& node, const CheckpointImage& image, const StopToken& stop) override {
    const Call call(line_, WaitFor::disk, "import on " + node);
    return inner_.import_checkpoint(node, image, stop);
  }
  void point_name(const std::string& node, const std::string& name, const std::string& id,
                  const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "name of an image on " + node);
    inner_.point_name(node, name, id, stop);
  }
  bool remove_name(const std::string& node, const std::string& name, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "remove an image's name on " + node);
    return inner_.remove_name(node, name, stop);
  }
  bool remove_image(const std::string& node, const std::string& id, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "remove an image on " + node);
    return inner_.remove_image(node, id, stop);
  }
  bool remove_layout(const std::string& node, const std::string& directory, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "remove a layout on " + node);
    return inner_.remove_layout(node, directory, stop);
  }

 private:
  ImageStore& inner_;
  MainLine& line_;
};

class TimedRestores final : public NodeRestores {
 public:
  TimedRestores(NodeRestores& inner, MainLine& line) : inner_(inner), line_(line) {}
  void prepare(const std::string& node, const std::string& id, const RestoreTarget& target, Millis wait, Seconds valid,
               const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "prepare the restore on " + node);
    inner_.prepare(node, id, target, wait, valid, stop);
  }
  void bind(const std::string& node, const std::string& id, const std::string& uid, const std::string& kubelet_root,
            const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "bind the restore on " + node);
    inner_.bind(node, id, uid, kubelet_root, stop);
  }
  void ready(const std::string& node, const std::string& id, const std::string& sha256,
             const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "begin of the restore on " + node);
    inner_.ready(node, id, sha256, stop);
  }
  /// Without one seen it is an answer, else it comes when there is news of the copy.
  RestoreStatus watch(const std::string& node, const std::string& id, const std::optional<RestoreStatus>& seen,
                      const StopToken& stop) override {
    const Call call(line_, seen ? WaitFor::pod_start : WaitFor::node, "restore on " + node, Kind::look);
    return inner_.watch(node, id, seen, stop);
  }
  void done(const std::string& node, const std::string& id, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "complete the restore on " + node);
    inner_.done(node, id, stop);
  }
  bool take_back(const std::string& node, const std::string& id, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "take the restore back on " + node);
    return inner_.take_back(node, id, stop);
  }
  bool remove_data(const std::string& node, const std::string& id, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "remove the data on " + node);
    return inner_.remove_data(node, id, stop);
  }
  std::map<std::string, RestoreStatus> list(const std::string& node, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "restores of " + node, Kind::look);
    return inner_.list(node, stop);
  }
  std::vector<std::string> sweep(const std::string& node, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "sweep " + node);
    return inner_.sweep(node, stop);
  }

 private:
  NodeRestores& inner_;
  MainLine& line_;
};

class TimedRegistry final : public Registry {
 public:
  TimedRegistry(Registry& inner, MainLine& line) : inner_(inner), line_(line) {}
  std::string name(const std::string& id) const override { return inner_.name(id); }
  RegistryLook look(const std::string& node, RegistryUse use, const StopToken& stop) override {
    const Call call(line_, WaitFor::network, "registry, asked by " + node, Kind::look);
    return inner_.look(node, use, stop);
  }
  bool remove(const std::string& node, const std::string& name, const StopToken& stop) override {
    const Call call(line_, WaitFor::network, "remove the checkpoint from the registry");
    return inner_.remove(node, name, stop);
  }

 private:
  Registry& inner_;
  MainLine& line_;
};

}  // namespace

std::unique_ptr<ImageStore> timed(ImageStore& images, MainLine& line) {
  return std::make_unique<TimedImages>(images, line);
}
std::unique_ptr<NodeRestores> timed(NodeRestores& restores, MainLine& line) {
  return std::make_unique<TimedRestores>(restores, line);
}
std::unique_ptr<Registry> timed(Registry& registry, MainLine& line) {
  return std::make_unique<TimedRegistry>(registry, line);
}

}  // namespace ms2m
