#include "engine/timed_ports.hpp"
#include "kube/objects/pod_state.hpp"

namespace ms2m {
namespace {

using Call = MainLine::Call;

class TimedCluster final : public Cluster {
 public:
  TimedCluster(Cluster& inner, MainLine& line) : inner_(inner), line_(line) {}

  std::string default_namespace() const override { return inner_.default_namespace(); }
  std::string description() const override { return inner_.description(); }
  ClusterIdentity identity(const StopToken& stop) override {
    const Call call(line_, WaitFor::api_server, "which cluster it is");
    return inner_.identity(stop);
  }
  std::optional<bool> answers(const StopToken& stop) override {
    const Call call(line_, WaitFor::api_server, "whether it answers", MainLine::Kind::look);
    return inner_.answers(stop);
  }
  std::optional<Json> get(const ObjectRef& ref, const StopToken& stop) override {
    const Call call(line_, WaitFor::api_server, "get " + to_string(ref), MainLine::Kind::look);
    return inner_.get(ref, stop);
  }
  std::vector<Json> list(Kind kind, const std::string& ns, const std::string& label_selector,
                         const std::string& field_selector, const StopToken& stop) override {
    const Call call(line_, WaitFor::api_server, "list of objects", MainLine::Kind::look);
    return inner_.list(kind, ns, label_selector, field_selector, stop);
  }
  Json create(const ObjectRef& ref, const Json& object, const CreateOptions& options, const StopToken& stop) override {
    const Call call(line_, WaitFor::api_server, "create " + to_string(ref));
    return inner_.create(ref, object, options, stop);
  }
  Json update(const ObjectRef& ref, const Json& object, const StopToken& stop) override {
    const Call call(line_, WaitFor::api_server, "update " + to_string(ref));
    return inner_.update(ref, object, stop);
  }
  Json patch(const ObjectRef& ref, PatchType type, const Json& patch, const StopToken& stop) override {
    const Call call(line_, WaitFor::api_server, "patch " + to_string(ref));
    return inner_.patch(ref, type, patch, stop);
  }
  bool remove(const ObjectRef& ref, const DeleteOptions& options, const StopToken& stop) override {
    const Call call(line_, WaitFor::api_server, "delete " + to_string(ref));
    return inner_.remove(ref, options, stop);
  }
  /// Whoever watches a pod that ends waits for its end, even if it began to watch before that.
  void watch(const ObjectRef& ref, const std::function<bool(const Json* object)>& done,
             const StopToken& stop) override {
    Call call(line_, WaitFor::api_server, to_string(ref), MainLine::Kind::look);
    inner_.watch(
        ref,
        [&](const Json* object) {
          if (ref.kind == Kind::pod)
            call.turns_out(object == nullptr || is_terminating(*object) ? WaitFor::pod_end : WaitFor::pod_start);
          return done(object);
        },
        stop);
  }
  bool allowed(const Right& right, const StopToken& stop) override {
    const Call call(line_, WaitFor::api_server, "right to " + to_string(right), MainLine::Kind::look);
    return inner_.allowed(right, stop);
  }
  std::optional<bool> checkpoint_enabled(const std::string& node, const StopToken& stop) override {
    const Call call(line_, WaitFor::kubelet, "metrics of " + node, MainLine::Kind::look);
    return inner_.checkpoint_enabled(node, stop);
  }
  std::optional<Millis> kubelet_patience(const std::string& node, const StopToken& stop) override {
    const Call call(line_, WaitFor::kubelet, "settings of " + node, MainLine::Kind::look);
    return inner_.kubelet_patience(node, stop);
  }
  std::optional<std::vector<Json>> kubelet_pods(const std::string& node, const StopToken& stop) override {
    const Call call(line_, WaitFor::kubelet, "pods of " + node, MainLine::Kind::look);
    return inner_.kubelet_pods(node, stop);
  }
  std::optional<bool> kubelet_ends(const std::string& node, const std::string& uid, const StopToken& stop) override {
    const Call call(line_, WaitFor::kubelet, "pods of " + node, MainLine::Kind::look);
    return inner_.kubelet_ends(node, uid, stop);
  }
  std::optional<bool> kubelet_answers(const std::string& node, const StopToken& stop) override {
    const Call call(line_, WaitFor::kubelet, "whether that of " + node + " answers", MainLine::Kind::look);
    return inner_.kubelet_answers(node, stop);
  }
  CheckpointArchive checkpoint(const std::string& node, const std::string& ns, const std::string& pod,
                               const std::string& container, const StopToken& stop) override {
    const Call call(line_, WaitFor::kubelet, "checkpoint of " + pod);
    return inner_.checkpoint(node, ns, pod, container, stop);
  }

 private:
  Cluster& inner_;
  MainLine& line_;
};

}  // namespace

std::unique_ptr<Cluster> timed(Cluster& cluster, MainLine& line) {
  return std::make_unique<TimedCluster>(cluster, line);
}

}  // namespace ms2m
