#include "kube/kube_cluster.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/url_encode.hpp"
#include "kube/api_client.hpp"
#include "kube/kubelet.hpp"
#include "kube/resources.hpp"
#include "kube/status.hpp"
#include "kube/watch.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m {
namespace {

constexpr int kPageSize = 500;
constexpr const char* kId = "ms2m.io/id";

Json parse_object(const HttpResponse& answer) {
  Json object = Json::parse(answer.body, nullptr, false);
  if (!object.is_object())
    throw Error(ErrorKind::protocol, "the API server's answer is no JSON object: " + answer.body.substr(0, 200));
  return object;
}

/// The value of ms2m.io/id in labels or annotations; "" when it has none.
std::string id_of(const Json& object) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return {};
  for (const char* map : {"labels", "annotations"}) {
    const auto values = metadata->find(map);
    if (values == metadata->end() || !values->is_object()) continue;
    if (const auto id = values->find(kId); id != values->end() && id->is_string()) return id->get<std::string>();
  }
  return {};
}

/// A frame around whatever goes wrong inside, keeping the exception's type.
template <typename Body>
auto in(const std::string& frame, Body&& body) {
  try {
    return body();
  } catch (Error& e) {
    e.in(frame);
    throw;
  } catch (const Json::exception& e) {
    throw Error(ErrorKind::protocol, std::string("the answer has another shape than it must have: ") + e.what())
        .in(frame);
  }
}

const char* content_type_of(PatchType type) {
  switch (type) {
    case PatchType::merge:
      return "application/merge-patch+json";
    case PatchType::json:
      return "application/json-patch+json";
    case PatchType::strategic:
      return "application/strategic-merge-patch+json";
  }
  return "";
}

}  // namespace

struct KubeCluster::Impl {
  Impl(KubeAccess given, KubeletOptions kubelet_options, RunProcess run)
      : access(std::move(given)),
        credentials(std::make_shared<Credentials>(access, std::move(run))),
        api(std::make_shared<ApiClient>(access, credentials)),
        kubelet(access, std::move(kubelet_options), credentials, api) {}

  std::optional<Json> get(const ObjectRef& ref, const StopToken& stop) {
    const HttpResponse answer = api->call({"GET", object_path(ref)}, stop).http;
    if (is_object_missing(answer, ref.name)) return std::nullopt;
    if (!answer.ok()) throw status_error(answer);
    return parse_object(answer);
  }

  /// After a POST whose fate is unknown: the stored object, if it is the one that was sent.
  std::optional<Json> find_created(const ObjectRef& ref, const Json& object, const StopToken& stop) {
    const std::string id = id_of(object);
    auto stored = get(ref, stop);
    if (!stored || id.empty() || id_of(*stored) != id) return std::nullopt;
    return stored;
  }

  Json create(const ObjectRef& ref, const Json& object, const CreateOptions& options, const StopToken& stop);
  std::optional<std::vector<Json>> pages(const std::string& path, Kind kind, const StopToken& stop);

  const KubeAccess access;
  const std::shared_ptr<Credentials> credentials;
  const std::shared_ptr<ApiClient> api;
  Kubelet kubelet;
};

Json KubeCluster::Impl::create(const ObjectRef& ref, const Json& object, const CreateOptions& options,
                               const StopToken& stop) {
  const Resource& resource = resource_of(ref.kind);
  Json body = object;
  body["apiVersion"] = resource.api_version;
  body["kind"] = resource.kind;
  object_path(ref);  // checks it
  ApiCall post;
  post.method = "POST";
  post.path = collection_path(ref.kind, ref.ns) + (options.dry_run ? "?dryRun=All" : "");
  post.body = body.dump();
  post.idempotent = options.dry_run;
  bool unknown = false;  // an earlier POST may have been carried out
  for (int repeats = 0;; ++repeats) {
    try {
      const HttpResponse answer = api->call(post, stop).http;
      if (answer.ok()) return parse_object(answer);
      unknown = unknown || answer.status == 500 || answer.status == 504;
      if (unknown && !options.dry_run)
        if (auto stored = find_created(ref, object, stop)) return *std::move(stored);
      throw status_error(answer);
    } catch (const TransportError& e) {
      if (!e.sent() || options.dry_run || repeats >= kMaxRetries) throw;
      unknown = true;
      stop.sleep(back_off(repeats, random_share()), "reading back what a lost request did: " + e.message());
      if (auto stored = find_created(ref, object, stop)) return *std::move(stored);
    }
  }
}

/// All items, or nullopt when the list's snapshot expired between two pages (410).
std::optional<std::vector<Json>> KubeCluster::Impl::pages(const std::string& path, Kind kind, const StopToken& stop) {
  const Resource& resource = resource_of(kind);
  std::vector<Json> items;
  std::string next;
  do {
    const HttpResponse answer =
        api->call({"GET", path + (next.empty() ? "" : "&continue=" + url_encode(next))}, stop).http;
    if (answer.status == 410 && !next.empty()) return std::nullopt;
    if (!answer.ok()) throw status_error(answer);
    Json list = parse_object(answer);
    if (!list.contains("items")) throw Error(ErrorKind::protocol, "the API server's answer is no list");
    if (list["items"].is_array())
      for (Json& item : list["items"]) {
        if (!item.is_object()) throw Error(ErrorKind::protocol, "an item of the API server's list is no object");
        item.emplace("apiVersion", resource.api_version);  // items of a list do not carry them
        item.emplace("kind", resource.kind);
        items.push_back(std::move(item));
      }
    const auto metadata = list.find("metadata");
    next = metadata != list.end() && metadata->is_object() ? metadata->value("continue", "") : "";
  } while (!next.empty());
  return items;
}

KubeCluster::KubeCluster(KubeAccess access, KubeletOptions kubelet, RunProcess run)
    : impl_(std::make_unique<Impl>(std::move(access), std::move(kubelet), std::move(run))) {}
KubeCluster::~KubeCluster() = default;

RunProcess KubeCluster::default_run() {
  return [](const posix::RunSpec& spec, const StopToken& stop, const std::string& doing) {
    return posix::run_process(spec, stop, doing);
  };
}

std::shared_ptr<ApiClient> KubeCluster::api() const { return impl_->api; }

Place KubeCluster::place() const { return place_of(impl_->access); }

void KubeCluster::log_in(const StopToken& stop) {
  if (impl_->access.exec) impl_->credentials->get(stop);
}

std::string KubeCluster::default_namespace() const { return impl_->access.ns; }

ClusterIdentity KubeCluster::identity(const StopToken& stop) {
  ClusterIdentity identity{impl_->access.server, impl_->access.context, std::nullopt};
  return in("asking " + description() + " which cluster it is", [&] {
    const HttpResponse answer = impl_->api->call({"GET", "/api/v1/namespaces/kube-system"}, stop).http;
    if (answer.status == 403) return identity;
    if (!answer.ok()) throw status_error(answer);
    identity.uid = parse_object(answer).at("metadata").at("uid").get<std::string>();
    return identity;
  });
}

std::optional<bool> KubeCluster::answers(const StopToken& stop) {
  try {
    return impl_->api->knock("/readyz", stop).has_value();
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string KubeCluster::description() const {
  const KubeAccess& access = impl_->access;
  std::string text = printable_url(access.server);
  if (!access.user.empty()) text += " as " + access.user;
  if (!access.as.empty()) text += " impersonating " + access.as;
  return text;
}

std::optional<Json> KubeCluster::get(const ObjectRef& ref, const StopToken& stop) {
  return in("reading " + to_string(ref), [&] { return impl_->get(ref, stop); });
}

std::vector<Json> KubeCluster::list(Kind kind, const std::string& ns, const std::string& label_selector,
                                    const std::string& field_selector, const StopToken& stop) {
  return in(fmt::format("listing {}{}", resource_of(kind).plural, ns.empty() ? "" : " in namespace " + ns), [&] {
    std::string path = collection_path(kind, ns) + fmt::format("?limit={}", kPageSize);
    if (!label_selector.empty()) path += "&labelSelector=" + url_encode(label_selector);
    if (!field_selector.empty()) path += "&fieldSelector=" + url_encode(field_selector);
    for (int repeats = 0; repeats < kMaxRetries; ++repeats)
      if (auto items = impl_->pages(path, kind, stop)) return *std::move(items);
    throw Error(ErrorKind::unavailable, "the list expires faster than it can be read");
  });
}

Json KubeCluster::create(const ObjectRef& ref, const Json& object, const CreateOptions& options,
                         const StopToken& stop) {
  return in("creating " + to_string(ref), [&] { return impl_->create(ref, object, options, stop); });
}

Json KubeCluster::update(const ObjectRef& ref, const Json& object, const StopToken& stop) {
  return in("updating " + to_string(ref), [&] {
    const HttpResponse answer = impl_->api->call({"PUT", object_path(ref), object.dump()}, stop).http;
    if (!answer.ok()) throw status_error(answer);
    return parse_object(answer);
  });
}

Json KubeCluster::patch(const ObjectRef& ref, PatchType type, const Json& patch, const StopToken& stop) {
  return in("patching " + to_string(ref), [&] {
    // A merge sets values: twice is once. A JSON patch may insert or test.
    const HttpResponse answer =
        impl_->api
            ->call({"PATCH", object_path(ref), patch.dump(), content_type_of(type), type != PatchType::json}, stop)
            .http;
    if (!answer.ok()) throw status_error(answer);
    return parse_object(answer);
  });
}

bool KubeCluster::remove(const ObjectRef& ref, const DeleteOptions& options, const StopToken& stop) {
  Json body{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (options.grace_seconds) body["gracePeriodSeconds"] = *options.grace_seconds;
  if (!options.propagation.empty()) body["propagationPolicy"] = options.propagation;
  if (!options.uid.empty()) body["preconditions"] = {{"uid", options.uid}};
  return in("deleting " + to_string(ref), [&] {
    const ApiAnswer answer = impl_->api->call({"DELETE", object_path(ref), body.dump()}, stop);
    if (answer.http.ok()) return true;
    const bool other = answer.http.status == 409 && !options.uid.empty() &&
                       message_of(answer.http).find("UID in the precondition") != std::string::npos;
    // Gone, and a first attempt was lost on its way back: it was most likely that one.
    if (other || is_object_missing(answer.http, ref.name)) return answer.sent_before;
    throw status_error(answer.http);
  });
}

void KubeCluster::watch(const ObjectRef& ref, const std::function<bool(const Json* object)>& done,
                        const StopToken& stop) {
  object_path(ref);  // checks it
  ObjectWatch(*impl_->api, ref, done).run(stop);
}

bool KubeCluster::allowed(const Right& right, const StopToken& stop) {
  Json attributes{{"verb", right.verb}, {"resource", right.resource}};
  if (!right.group.empty()) attributes["group"] = right.group;
  if (!right.subresource.empty()) attributes["subresource"] = right.subresource;
  if (!right.ns.empty()) attributes["namespace"] = right.ns;
  if (!right.name.empty()) attributes["name"] = right.name;
  const Json review{{"apiVersion", "authorization.k8s.io/v1"},
                    {"kind", "SelfSubjectAccessReview"},
                    {"spec", {{"resourceAttributes", std::move(attributes)}}}};
  return in("asking for the right to " + to_string(right), [&] {
    const HttpResponse answer =
        impl_->api->call({"POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review.dump()}, stop).http;
    if (!answer.ok()) throw status_error(answer);
    return parse_object(answer).value("status", Json::object()).value("allowed", false);
  });
}

std::optional<bool> KubeCluster::checkpoint_enabled(const std::string& node, const StopToken& stop) {
  return in("asking the kubelet of " + node + " for its feature gates",
            [&] { return impl_->kubelet.checkpoint_enabled(node, stop); });
}

std::optional<Millis> KubeCluster::kubelet_patience(const std::string& node, const StopToken& stop) {
  return impl_->kubelet.patience(node, stop);
}

std::optional<std::vector<Json>> KubeCluster::kubelet_pods(const std::string& node, const StopToken& stop) {
  return impl_->kubelet.pods(node, stop);
}

std::optional<bool> KubeCluster::kubelet_ends(const std::string& node, const std::string& uid, const StopToken& stop) {
  return impl_->kubelet.ends(node, uid, stop);
}

std::optional<bool> KubeCluster::kubelet_answers(const std::string& node, const StopToken& stop) {
  return impl_->kubelet.answers(node, stop);
}

CheckpointArchive KubeCluster::checkpoint(const std::string& node, const std::string& ns, const std::string& pod,
                                          const std::string& container, const StopToken& stop) {
  return impl_->kubelet.checkpoint(node, ns, pod, container, stop);
}

std::string KubeCluster::server_version(const StopToken& stop) {
  return in("asking " + description() + " for its version", [&] {
    const HttpResponse answer = impl_->api->call({"GET", "/version"}, stop).http;
    if (!answer.ok()) throw status_error(answer);
    return parse_object(answer).value("gitVersion", "unknown");
  });
}

std::vector<std::string> KubeCluster::namespaces(const StopToken& stop) {
  return in("listing namespaces", [&] {
    const HttpResponse answer = impl_->api->call({"GET", "/api/v1/namespaces"}, stop).http;
    if (!answer.ok()) throw status_error(answer);
    std::vector<std::string> names;
    for (const auto& item : parse_object(answer).value("items", Json::array()))
      names.push_back(item.value(Json::json_pointer("/metadata/name"), ""));
    return names;
  });
}

}  // namespace ms2m
