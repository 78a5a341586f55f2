// ms2m-lab-kubelet: the lab's stand-in for the kubelet and CRI-O of one node, or for the kubelet of one that has a
// real containerd, for tests of ms2m without Kubernetes.
//
// It runs the pods of its node as real containers (crun, directly; or as containerd's), takes real CRIU checkpoints and
// restores them; its HTTP answers, statuses, events and waiting reasons are those of Kubernetes 1.36 with CRI-O 1.36,
// as far as ms2m can see them.
//
// What it does not do:
// - exec, attach, port-forward, following of logs, log rotation, ephemeral containers, lifecycle postStart, httpGet
// preStop
// - hostPID on nodes of containerd's kind, hostIPC, shareProcessNamespace, user namespaces, seccomp and AppArmor
// profiles, SELinux, devices, hostPort
// - volumes other than configMap, secret, projected, downwardAPI, emptyDir, hostPath, PVC (hostPath or local PV);
//   updates of mounted config maps and secrets; ownership by fsGroup; emptyDir size limits
// - readiness gates, gRPC probes, activeDeadlineSeconds, eviction, image garbage collection, static pods, in-place
// resize
// - negative OOM scores; limits where the machine has the controllers neither in cgroup v2 nor in v1
// - live on: its containers end with it, as a real kubelet's do not; a pod that is over keeps its sandbox until it is
// deleted
// - protect images in use: removing the base image of a running container pulls its files away
// - the checkpoint's rootfs-diff.tar knows no opaque directories (a directory removed and made again shows the image's
// files)
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstring>
#include <iostream>
#include <map>
#include <stdexcept>

#include "api/node.hpp"
#include "containerd/runtime.hpp"
#include "crio/runtime.hpp"
#include "server/server.hpp"

namespace {

using namespace kubelet;

using Options = std::map<std::string, std::string>;

Options parse(int argc, char** argv) {
  Options options = {{"--checkpoint-gate", "true"},
                     {"--runtime-request-timeout", "120s"},
                     {"--faults-file", ""},
                     {"--shutdown-grace", "2"},
                     {"--runtime", "crio"},
                     {"--node", ""},
                     {"--ip", ""},
                     {"--api", ""},
                     {"--ca", ""},
                     {"--cert", ""},
                     {"--key", ""},
                     {"--pod-cidr", ""}};
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i], value;
    if (const auto equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (i + 1 < argc) {
      value = argv[++i];
    }
    if (!options.contains(name)) throw std::runtime_error("unknown option " + name);
    options[name] = value;
  }
  for (const auto& [name, value] : options) {
    if (value.empty() && name != "--faults-file") throw std::runtime_error("missing option " + name);
  }
  return options;
}

// 120s, 2m, 1500ms
std::chrono::milliseconds duration(const std::string& text) {
  std::size_t end = 0;
  const double number = std::stod(text, &end);
  const std::string unit = text.substr(end);
  if (unit == "ms") return std::chrono::milliseconds(static_cast<long>(number));
  if (unit == "m") return std::chrono::milliseconds(static_cast<long>(number * 60'000));
  return std::chrono::milliseconds(static_cast<long>(number * 1000));
}

std::string go_duration(std::chrono::milliseconds value) {
  const long seconds = static_cast<long>(value.count() / 1000);
  if (value.count() % 1000 != 0 || seconds < 60) return fmt::format("{}s", static_cast<double>(value.count()) / 1000);
  return fmt::format("{}m{}s", seconds / 60, seconds % 60);
}

// What systemctl waits for.
constexpr char kRestarts[] = "/run/ms2m-lab/crio.restarts";

void restart(Runtime& runtime) {
  runtime.restart();
  log_line("CRI-O's settings are read anew");
  write_file(kRestarts, std::to_string(std::stol(read_file(kRestarts).value_or("0")) + 1));
}

std::unique_ptr<Runtime> make_runtime(const Options& options, Cgroups& cgroups, const Faults& faults,
                                      std::chrono::milliseconds timeout) {
  const std::string &kind = options.at("--runtime"), &ip = options.at("--ip");
  if (kind == "containerd") return std::make_unique<ContainerdRuntime>(ip, cgroups, faults, timeout);
  if (kind != "crio") throw std::runtime_error("--runtime: crio or containerd, not " + kind);
  return std::make_unique<CrioRuntime>(ip, options.at("--pod-cidr"), cgroups, faults, timeout);
}

int run(const Options& options) {
  // Handled in a thread below; children get the default back.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGUSR1);  // systemctl: CRI-O is to be restarted
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);

  ApiClient api({options.at("--api"), options.at("--ca"), options.at("--cert"), options.at("--key")});
  EventRecorder events(api, options.at("--node"));
  Cgroups cgroups;
  const Faults faults(options.at("--faults-file"));
  const auto timeout = duration(options.at("--runtime-request-timeout"));
  const auto made = make_runtime(options, cgroups, faults, timeout);
  Runtime& runtime = *made;
  runtime.clean_up();
  Lookup lookup(api, options.at("--ip"));
  NodeParts parts{options.at("--node"), options.at("--ip"), api, events, runtime, cgroups, lookup};
  PodManager pods(parts);
  Checkpoints checkpoints(pods, runtime, timeout);
  Authorizer authorizer(api, parts.node_name);
  KubeletServer server({parts.node_name, options.at("--cert"), options.at("--key"), options.at("--ca"),
                        options.at("--checkpoint-gate") != "false", go_duration(timeout)},
                       pods, checkpoints, authorizer, faults);
  NodeReporter node(api, runtime, parts.node_name, parts.node_ip, options.at("--pod-cidr"));
  node.start();
  pods.start();
  std::thread([&] {
    int number = 0;
    while (sigwait(&signals, &number) == 0 && number == SIGUSR1) restart(runtime);
    log_line(std::string("ending on ") + strsignal(number));
    pods.shut_down(std::stol(options.at("--shutdown-grace")));
    runtime.clean_up();
    cgroups.unmount_legacy();
    ::_exit(0);
  }).detach();
  log_line("kubelet stand-in of " + parts.node_name + " on :10250");
  if (!server.listen()) {
    log_line("cannot listen on :10250");
    ::_exit(1);
  }
  ::pause();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "ms2m-lab-kubelet: " << error.what() << "\n";
    return 2;
  }
}
