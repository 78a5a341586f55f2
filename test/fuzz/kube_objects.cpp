// An object as an API server might send it, and all that is asked of one.
#include "kube/objects/container.hpp"
#include "kube/objects/container_env.hpp"
#include "kube/objects/container_state.hpp"
#include "kube/objects/controllers.hpp"
#include "kube/objects/drainable.hpp"
#include "kube/objects/lease.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/network_init.hpp"
#include "kube/objects/placement.hpp"
#include "kube/objects/pod_spec.hpp"
#include "kube/objects/pod_state.hpp"
#include "kube/objects/quantity.hpp"
#include "kube/objects/runtime_class.hpp"
#include "kube/objects/scalers.hpp"
#include "kube/objects/selector.hpp"
#include "kube/objects/traits.hpp"
#include "kube/objects/travel.hpp"
#include "kube/objects/volumes.hpp"
#include "target.hpp"

using namespace ms2m;

namespace {

void ask_any(const Json& object) {
  name_of(object), namespace_of(object), pod_uid(object), pod_node(object);
  const Labels labels = labels_of(object);
  annotations_of(object), finalizers_of(object), controller_of(object), in_a_set(object), is_owned(object);
  is_owned_by(object, "u"), is_observed(object), is_terminating(object), migration_of(object), template_hash_of(object);
  as_new(object), without_status(object), renamed(object, "a"), without_label(object, "app");
  for (const Json& each : object) selects(each, labels), deciding_label(each, labels), parse_quantities(each);
}

void ask_container(const Json& pod, const std::string& name) {
  if (const auto container = container_in(pod, name); container && container->liveness)
    unanswered_for(*container->liveness);
  container_state(pod, name), instance_ended(pod, name, "cri-o://1 0"), container_running(&pod, name);
  ever_started(pod, name), companions_of(pod, name);
  same_instance(instance_in(pod, name), "cri-o://1 0");
  const auto some = [](const std::string&) { return std::optional(Json{{"data", {{"a", "YQ=="}}}}); };
  test::read([&] {
    const ContainerEnv environment(pod, name, {some, some});
    for (const char* variable : {"RABBITMQ_URL", "QUEUE_NAME", "POD_IP"}) environment.get(variable);
  });
}

void ask_pod(const Json& pod) {
  kubelet_knows_deletion(pod), pod_is_lost(&pod), pod_phase(pod), pod_is_over(pod), pod_is_ready(pod), pod_failure(pod);
  addresses_of(pod), own_addresses_of(pod), running_containers(pod), known_containers(pod), time_to_ready(pod);
  all_images_of(pod), runs_image(pod, "a"), images_of(pod), pod_hostname(pod), target_pod_name(pod, "abc234");
  why_it_stays(pod), traits_of(pod), on_host_network(pod), grace_period(pod), volumes_of(pod), demands_of(pod);
  parse_occupant(pod), runtime_class_of(pod);
  for (const auto& [key, value] : annotations_of(pod)) travels(key, value, pod);
  std::string container = "consumer";
  test::read([&] { container = choose_container(pod, ""); });
  ask_container(pod, container);
  test::read([&] {
    const TargetPod target =
        make_target_pod(pod, {"b", "worker-2", container, "localhost/ms2m/a:b", "abc234", {"app"}});
    diff_pods(pod, target.pod);
  });
}

void ask_others(const Json& object) {
  const auto node = parse_node(object);
  internal_addresses(object);
  const auto lease = parse_lease(object);
  to_string(lease), is_left(object, "2026-11-29T10:00:00Z");
  const Controller controller = parse_controller(object);
  selects(controller.selector, node.labels);
  replicas_wanted(object), replicas_there(object), guards(parse_budget(object), object), parse_runtime_class(object);
  with_nodes(object, {"worker-1"}), parse_autoscaler(object), parse_scaled_object(object), parse_claim(object);
  parse_persistent_volume(object), node_terms(object, "spec"), sets_up_network(object);
  test::read([&] { secret_value(object, "url"); });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = test::text_of(data, size);
  if (size < 100) {
    parse_quantity(text);
    is_checkpoint_image_name(checkpoint_image_name(text, {text}, "a", "abc234"));
    name_with_suffix(text, "abc234");
  }
  const Json object = Json::parse(text, nullptr, false);
  if (!object.is_object()) return 0;  // as the API client
  for (const auto& ask : {ask_any, ask_pod, ask_others}) test::read([&] { ask(object); });
  return 0;
}
