#include "controllers/endpoints.hpp"

#include "controllers/pods.hpp"
#include "selector.hpp"
#include "values.hpp"

namespace ms2m::lab {

namespace {
const ResourceType& slice_type() { return type_of("endpointslices"); }
const char* const kServiceLabel = "kubernetes.io/service-name";

Json endpoint_of(const Json& service, const Json& pod) {
  const bool ready = is_ready(pod);
  const bool leaving = is_deleting(pod);
  const bool early = flag(service, {"spec", "publishNotReadyAddresses"});
  Json endpoint{
      {"addresses", Json::array({text(pod, {"status", "podIP"})})},
      {"conditions", {{"ready", early || (ready && !leaving)}, {"serving", ready}, {"terminating", leaving}}},
      {"targetRef", {{"kind", "Pod"}, {"namespace", namespace_of(pod)}, {"name", name_of(pod)}, {"uid", uid_of(pod)}}},
      {"nodeName", text(pod, {"spec", "nodeName"})}};
  if (text(pod, {"spec", "subdomain"}) == name_of(service) && !text(pod, {"spec", "hostname"}).empty())
    endpoint["hostname"] = text(pod, {"spec", "hostname"});
  return endpoint;
}

std::int64_t port_number(const Json& target, const Json& pod) {
  if (target.is_number()) return target.get<std::int64_t>();
  for (const Json& container : at(pod, {"spec", "containers"}))
    for (const Json& port : at(container, {"ports"}))
      if (port.contains("name") && port["name"] == target) return number(port, {"containerPort"});
  return 0;
}

Json ports_of(const Json& service, const Json& pod) {
  Json ports = Json::array();
  for (const Json& port : at(service, {"spec", "ports"})) {
    const std::int64_t target = port_number(at(port, {"targetPort"}), pod);
    if (target != 0)
      ports.push_back({{"name", text(port, {"name"})}, {"protocol", text(port, {"protocol"})}, {"port", target}});
  }
  return ports;
}
}  // namespace

void EndpointController::observe(const Event& event) {
  const std::string space = namespace_of(*event.object);
  if (event.type == &type_of("services")) enqueue({space, name_of(*event.object)});
  if (event.type == &type_of("pods")) enqueue_all(type_of("services"), space);
}

void EndpointController::sync(const WorkKey& key) {
  const ObjectPtr service = store_.find(type_of("services"), key.first, key.second);
  if (!service || is_deleting(*service) || at(*service, {"spec", "selector"}).empty()) return;
  const LabelSelector selector = LabelSelector::from_map(at(*service, {"spec", "selector"}));
  Json endpoints = Json::array();
  Json ports = Json::array();
  for (const ObjectPtr& pod : store_.list(type_of("pods"), key.first).items) {
    const std::string phase = text(*pod, {"status", "phase"});
    if (text(*pod, {"status", "podIP"}).empty() || phase == "Succeeded" || phase == "Failed") continue;
    if (!selector.matches(at(*pod, {"metadata", "labels"}))) continue;
    endpoints.push_back(endpoint_of(*service, *pod));
    if (ports.empty()) ports = ports_of(*service, *pod);
  }
  write_slice(*service, endpoints, ports);
  write_endpoints(*service, endpoints, ports);
}

void EndpointController::write_slice(const Json& service, const Json& endpoints, const Json& ports) {
  const auto fill = [&](Json& slice) {
    slice["endpoints"] = endpoints;
    slice["ports"] = ports;
  };
  for (const ObjectPtr& slice : store_.list(slice_type(), namespace_of(service)).items) {
    if (text(controller_of(*slice), {"uid"}) != uid_of(service)) continue;
    store_.update(slice_type(), namespace_of(service), name_of(*slice), fill);
    return;
  }
  Json labels = at(service, {"metadata", "labels"}).is_object() ? at(service, {"metadata", "labels"}) : Json::object();
  labels["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io";
  labels[kServiceLabel] = name_of(service);
  if (text(service, {"spec", "clusterIP"}) == "None") labels["service.kubernetes.io/headless"] = "";
  Json slice{{"apiVersion", "discovery.k8s.io/v1"},
             {"kind", "EndpointSlice"},
             {"metadata",
              {{"name", name_of(service) + "-" + random_suffix(5)},
               {"generateName", name_of(service) + "-"},
               {"namespace", namespace_of(service)},
               {"labels", labels},
               {"ownerReferences", Json::array({owner_reference(type_of("services"), service)})}}},
             {"addressType", "IPv4"}};
  fill(slice);
  store_.create(slice_type(), std::move(slice));
}

void EndpointController::write_endpoints(const Json& service, const Json& endpoints, const Json& ports) {
  Json subset = Json::object();
  for (const Json& endpoint : endpoints) {
    Json address{
        {"ip", endpoint["addresses"][0]}, {"nodeName", endpoint["nodeName"]}, {"targetRef", endpoint["targetRef"]}};
    if (endpoint.contains("hostname")) address["hostname"] = endpoint["hostname"];
    subset[flag(endpoint, {"conditions", "ready"}) ? "addresses" : "notReadyAddresses"].push_back(address);
  }
  if (!subset.empty()) subset["ports"] = ports;
  const Json subsets = subset.empty() ? Json::array() : Json::array({subset});
  const ResourceType& type = type_of("endpoints");
  if (store_.find(type, namespace_of(service), name_of(service))) {
    store_.update(type, namespace_of(service), name_of(service), [&](Json& object) { object["subsets"] = subsets; });
    return;
  }
  store_.create(type, {{"apiVersion", "v1"},
                       {"kind", "Endpoints"},
                       {"metadata",
                        {{"name", name_of(service)},
                         {"namespace", namespace_of(service)},
                         {"ownerReferences", Json::array({owner_reference(type_of("services"), service)})}}},
                       {"subsets", subsets}});
}

}  // namespace ms2m::lab
