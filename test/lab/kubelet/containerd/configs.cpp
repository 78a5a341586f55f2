#include "containerd/configs.hpp"

#include "base/expand.hpp"

namespace kubelet {
namespace {

constexpr int kContainerNamespace = 1, kNodeNamespace = 2;  // of NamespaceMode; 0 is the pod's

std::map<std::string, std::string> texts_of(const Json& object) {
  std::map<std::string, std::string> all;
  if (!object.is_object()) return all;
  for (const auto& [name, value] : object.items()) all[name] = value.is_string() ? value.get<std::string>() : "";
  return all;
}

std::vector<std::string> words_of(const Json& list, const ContainerPlan& plan) {
  std::vector<std::string> all;
  for (const Json& word : list) all.push_back(expanded(word.get<std::string>(), plan.env));
  return all;
}

std::map<std::string, std::string> pod_labels(const Json& meta) {
  return {{"io.kubernetes.pod.name", string_at(meta, "name")},
          {"io.kubernetes.pod.namespace", string_at(meta, "namespace")},
          {"io.kubernetes.pod.uid", string_at(meta, "uid")}};
}

Message namespaces(const Sandbox& sandbox) {
  return Message().number(1, sandbox.host_network() ? kNodeNamespace : 0).number(2, kContainerNamespace);
}

std::vector<std::string> texts(const Json& list) {
  std::vector<std::string> all;
  for (const Json& each : list) all.push_back(each.get<std::string>());
  return all;
}

Message security_of(const ContainerPlan& plan) {
  const Json& pod = at_or_null(at_or_null(plan.pod, "spec"), "securityContext");
  const Json& own = at_or_null(plan.container, "securityContext");
  const Json& wanted = at_or_null(own, "capabilities");
  const bool privileged = bool_at(own, "privileged", false);
  Message out;
  out.message(1, Message().texts(1, texts(list_at(wanted, "add"))).texts(2, texts(list_at(wanted, "drop"))));
  out.number(2, privileged).message(3, namespaces(*plan.sandbox));
  if (const long user = long_at(own, "runAsUser", long_at(pod, "runAsUser", -1)); user >= 0)
    out.message(5, Message().number(1, user));
  if (const long group = long_at(own, "runAsGroup", long_at(pod, "runAsGroup", -1)); group >= 0)
    out.message(12, Message().number(1, group));
  out.number(7, bool_at(own, "readOnlyRootFilesystem", false));
  std::vector<unsigned> groups;
  for (const Json& group : list_at(pod, "supplementalGroups")) groups.push_back(group.get<unsigned>());
  if (const long group = long_at(pod, "fsGroup", -1); group >= 0) groups.push_back(static_cast<unsigned>(group));
  out.numbers(8, groups).number(11, !bool_at(own, "allowPrivilegeEscalation", true));
  if (privileged) return out;
  return out
      .texts(13, {"/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                  "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
                  "/sys/devices/virtual/powercap"})
      .texts(14, {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"});
}

Message resources_of_container(const Resources& wanted) {
  return Message()
      .number(1, wanted.cpu_quota_us > 0 ? 100000 : 0)
      .number(2, wanted.cpu_quota_us)
      .number(3, wanted.cpu_shares)
      .number(4, wanted.memory_bytes)
      .number(5, wanted.oom_score_adj);
}

}  // namespace

std::string log_directory_of(const Json& pod) {
  const Json& meta = at_or_null(pod, "metadata");
  return "/var/log/pods/" + string_at(meta, "namespace") + "_" + string_at(meta, "name") + "_" + string_at(meta, "uid");
}

Message sandbox_config(const Json& pod, const Sandbox& sandbox, const std::string& logs) {
  const Json& meta = at_or_null(pod, "metadata");
  const Json& spec = at_or_null(pod, "spec");
  Message config;
  config.message(
      1,
      Message().text(1, string_at(meta, "name")).text(2, string_at(meta, "uid")).text(3, string_at(meta, "namespace")));
  if (!sandbox.host_network()) config.text(2, sandbox.hostname());
  config.text(3, logs);
  if (string_at(spec, "dnsPolicy") == "None") {
    const Json& dns = at_or_null(spec, "dnsConfig");
    config.message(4, Message().texts(1, texts(list_at(dns, "nameservers"))).texts(2, texts(list_at(dns, "searches"))));
  }
  auto labels = texts_of(at_or_null(meta, "labels"));
  labels.merge(pod_labels(meta));
  config.map(6, labels).map(7, texts_of(at_or_null(meta, "annotations")));
  return config.message(8, Message().text(1, sandbox.cgroup()).message(2, Message().message(1, namespaces(sandbox))));
}

Message container_config(const ContainerPlan& plan, const std::string& logs, int attempt) {
  const Json& meta = at_or_null(plan.pod, "metadata");
  const std::string name = string_at(plan.container, "name"), restarts = std::to_string(plan.restart_count);
  Message config;
  config.message(1, Message().text(1, name).number(2, attempt));
  config.message(2, Message().text(1, "sha256:" + plan.image.id).text(18, string_at(plan.container, "image")));
  config.texts(3, words_of(list_at(plan.container, "command"), plan));
  config.texts(4, words_of(list_at(plan.container, "args"), plan));
  config.text(5, string_at(plan.container, "workingDir"));
  for (const auto& [key, value] : plan.env) config.message(6, Message().text(1, key).text(2, value));
  for (const Mount& mount : plan.mounts)
    config.message(7, Message().text(1, mount.destination).text(2, mount.source).number(3, mount.read_only));
  auto labels = pod_labels(meta);
  labels["io.kubernetes.container.name"] = name;
  config.map(9, labels);
  config.map(10, {{"io.kubernetes.container.restartCount", restarts},
                  {"io.kubernetes.container.terminationMessagePath", "/dev/termination-log"},
                  {"io.kubernetes.container.terminationMessagePolicy", "File"}});
  config.text(11, plan.log_path.lexically_relative(logs));
  return config.message(15, Message().message(1, resources_of_container(plan.resources)).message(2, security_of(plan)));
}

}  // namespace kubelet
