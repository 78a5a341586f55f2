#include "kube/kubelet.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <map>
#include <utility>

#include "base/url_encode.hpp"
#include "kube/checkpoint_answer.hpp"
#include "kube/resources.hpp"
#include "kube/status.hpp"
#include "kube/watch.hpp"
#include "ms2m/remedy.hpp"

namespace ms2m {
namespace {

constexpr Millis kKubeletDefault{120000};          // runtimeRequestTimeout
constexpr std::chrono::seconds kMetricsLimit{30};  // long lists of a busy node included
constexpr std::chrono::seconds kPodsLimit{10};
constexpr std::chrono::seconds kConfigLimit{5};
constexpr Millis kFarAway{24 * 3600 * 1000};

void explain_direct(TransportError& e, const std::string& node) {
  if (e.kind() == ErrorKind::forbidden)
    e.with_remedy(fmt::format(
        "the kubelet of {} probably signs its own serving certificate: give its CA, or use --kubelet proxy", node));
  if (e.kind() == ErrorKind::unavailable)
    e.with_remedy("is the node's port 10250 reachable from here? otherwise use --kubelet proxy");
}

}  // namespace

std::string checkpoint_timeout_query(const StopToken& stop) {
  if (!stop.deadline()) return {};
  const Millis left = stop.remaining(kFarAway);
  return left > kKubeletDefault
             ? fmt::format("?timeout={}", std::chrono::duration_cast<std::chrono::seconds>(left).count())
             : "";
}

namespace {

std::string what_there_is(const KubeAccess& access) {
  return "what there is: " + remedy::command(remedy::Command::list_nodes, place_of(access));
}

}  // namespace

Kubelet::Kubelet(KubeAccess access, KubeletOptions options, std::shared_ptr<Credentials> credentials,
                 std::shared_ptr<ApiClient> api)
    : access_(std::move(access)),
      options_(std::move(options)),
      credentials_(std::move(credentials)),
      api_(std::move(api)) {}

Kubelet::Route Kubelet::route(const std::string& node, const StopToken& stop) {
  const std::string path = object_path({Kind::node, "", node});
  if (options_.path == KubeletPath::proxy) return {api_, path + "/proxy"};
  const HttpResponse answer = api_->call({"GET", path}, stop).http;
  if (is_object_missing(answer, node))
    throw Error(ErrorKind::not_found, fmt::format("there is no node {}", node), what_there_is(access_));
  if (!answer.ok()) throw status_error(answer).in(fmt::format("reading node {}", node));
  const std::string server = kubelet_server(node, answer.body);
  const std::lock_guard lock(mutex_);
  auto& client = direct_[server];
  if (!client) {
    KubeAccess access = access_;
    access.server = server;
    access.tls.server_name.clear();
    access.tls.insecure = options_.insecure;
    if (!options_.ca_file.empty()) access.tls.ca = Pem{options_.ca_file, {}};
    access.as.clear();  // the kubelet does not impersonate
    client = std::make_shared<ApiClient>(std::move(access), credentials_);
  }
  return routes_[node] = {client, ""};
}

std::optional<Kubelet::Route> Kubelet::known_route(const std::string& node) {
  const std::lock_guard lock(mutex_);
  const auto known = routes_.find(node);
  return known == routes_.end() ? std::nullopt : std::optional(known->second);
}

std::optional<bool> Kubelet::checkpoint_enabled(const std::string& node, const StopToken& given) {
  const StopToken stop = given.within(kMetricsLimit);
  const Route way = route(node, stop);
  FeatureGateFinder finder;
  const auto on_chunk = [&](std::string_view chunk) { return finder.feed(chunk); };
  for (int repeats = 0;; ++repeats) {
    finder = {};
    std::optional<Millis> wait;
    try {
      const HttpResponse answer = way.client->stream({"GET", way.prefix + "/metrics"}, on_chunk, stop);
      if (answer.ok()) return finder.value();
      if (answer.status == 404 && parse_status(answer.body) && is_object_missing(answer, node))
        throw Error(ErrorKind::not_found, fmt::format("there is no node {}", node), what_there_is(access_));
      if (answer.status == 401 || answer.status == 403 || answer.status == 404) return std::nullopt;
      wait = retry_after_answer({true, true}, answer, repeats, random_share());
      if (!wait) throw status_error(answer).in(fmt::format("reading the metrics of the kubelet of {}", node));
    } catch (TransportError& e) {
      wait = retry_after_failure({true, true}, e, repeats, random_share());
      if (options_.path == KubeletPath::direct) explain_direct(e, node);
      if (!wait) throw;
    }
    stop.sleep(*wait, fmt::format("reading the metrics of the kubelet of {}", node));
  }
}

std::optional<Millis> Kubelet::patience(const std::string& node, const StopToken& stop) {
  try {
    const Route way = route(node, stop);
    const HttpResponse answer = way.client->call_once({"GET", way.prefix + "/configz"}, stop.within(kConfigLimit));
    return answer.ok() ? runtime_patience(answer.body) : std::nullopt;
  } catch (const Error&) {
    stop.check("asking the kubelet of " + node + " for its configuration");
    return std::nullopt;
  }
}

std::optional<std::vector<Json>> Kubelet::pods(const std::string& node, const StopToken& stop) {
  try {
    const Route way = route(node, stop);
    const HttpResponse answer = way.client->call_once({"GET", way.prefix + "/pods"}, stop.within(kPodsLimit));
    return answer.ok() ? pods_in(answer.body) : std::nullopt;
  } catch (const Error&) {
    stop.check("asking the kubelet of " + node + " for its pods");
    return std::nullopt;
  }
}

std::optional<bool> Kubelet::ends(const std::string& node, const std::string& uid, const StopToken& stop) {
  const auto all = pods(node, stop);
  if (!all) return std::nullopt;
  return ends_in(*all, uid);
}

std::optional<bool> Kubelet::answers(const std::string& node, const StopToken& stop) {
  try {
    const auto known = known_route(node);
    const Route way = known ? *known : route(node, stop);
    const auto answer = way.client->knock(way.prefix + "/healthz", stop);
    if (!answer) return false;
    return options_.path == KubeletPath::direct ? true : kubelet_behind(*answer);
  } catch (const Error&) {
    return std::nullopt;
  }
}

CheckpointArchive Kubelet::checkpoint(const std::string& node, const std::string& ns, const std::string& pod,
                                      const std::string& container, const StopToken& stop) {
  const CheckpointCall call{node, ns, pod, container, options_.path, place_of(access_)};
  const Route way = route(node, stop);
  const std::string what = fmt::format("the checkpoint of container {} in pod {}/{} on {}", container, ns, pod, node);
  ApiCall post;
  post.method = "POST";
  post.path = fmt::format("{}/checkpoint/{}/{}/{}{}", way.prefix, url_encode(ns), url_encode(pod),
                          url_encode(container), checkpoint_timeout_query(stop));
  post.idempotent = false;
  try {
    const HttpResponse answer = way.client->call_once(post, stop);
    if (!answer.ok()) throw_checkpoint_error(call, answer);
    return parse_checkpoint_archive(call, answer.body);
  } catch (TransportError& e) {
    if (options_.path == KubeletPath::direct) explain_direct(e, node);
    if (!e.sent()) throw;
    throw Error(
        ErrorKind::unavailable,
        fmt::format("{} was asked for, but the connection was lost ({}); the dump may go on there", what, e.message()),
        e.remedy());
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::timeout || stop.remaining(Millis{1}) != Millis{0} ||
        e.message().find("dump goes on") != std::string::npos)
      throw;
    throw Error(ErrorKind::timeout, fmt::format("{} is not finished in time; the dump goes on there", what),
                "allow more time with --checkpoint-timeout");
  }
}

}  // namespace ms2m
