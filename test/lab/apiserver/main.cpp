// ms2m-lab-apiserver: a stand-in for the Kubernetes API server, its scheduler and its controllers, for the lab.
//
// It answers as a real 1.36 cluster did (test/data/kube-transcripts, compared by test/lab/transcripts). State is in
// memory only. It uses no code of ms2m: a stand-in must not share its client's mistakes.
//
// What it does not do:
// - HTTP/2, protobuf, CBOR, Table output, OpenAPI, aggregated discovery, custom resources, admission webhooks, API
//   priority and fairness, audit; `exec`, `attach`, `port-forward`, ephemeral containers, pod resize.
// - managedFields and field ownership: server-side apply creates or merges, never conflicts and never removes.
// - Lists from the past: a continue token and resourceVersionMatch=Exact give the present state (or 410), and
//   sendInitialEvents is refused. The old /watch/ paths and deletecollection are not served.
// - Validation beyond names, required fields, containers, mounts and what may not change. Unknown fields are looked for
//   in a pod's metadata, spec and containers only. The context lines of an immutable field's diff are not those of Go.
// - Admission beyond the default service account, tolerations and priority; quotas and limit ranges are stored only.
// - Scheduling by inter-pod affinity, topology spread, preemption, volumes; preferred affinity is ignored.
// - A DaemonSet's rolling update and revisions. Controllers of Jobs, CronJobs and autoscalers (stored only); volumes
// are bound by a pretended
//   provisioner; Deployments are never rolled back and their progress deadline is not watched.
// - Encryption, node authorization (system:nodes is a ClusterRole here), service account tokens that expire.
#include <sys/prctl.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "bootstrap.hpp"
#include "controllers/manager.hpp"
#include "http_server.hpp"
#include "options.hpp"

namespace {
using namespace ms2m::lab;

// The signals are taken by one thread; the state is in memory, so there is nothing to put away.
void exit_on_signal(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  std::cout.flush();
  std::cerr.flush();
  _exit(0);
}

int serve(const Options& options) {
  Store store;
  Authenticator authenticator;
  if (!options.tokens.empty()) authenticator.load_tokens(options.tokens);
  load_bootstrap_objects(store, options.client_ca);
  if (!options.manifests.empty()) load_manifests(store, options.manifests);
  store.compact();
  ApiServer api(store, authenticator, KubeletProxy(store, options.kubelet_client_cert, options.kubelet_client_key),
                options.faults);
  HttpServer server(api, {options.tls_cert, options.tls_key, options.client_ca});
  const int port = server.bind(options.host, options.port);
  ControllerManager controllers(store);
  if (options.controllers) controllers.start();
  std::cout << "listening on " << options.host << ":" << port << "\nready" << std::endl;
  server.run();
  return EXIT_SUCCESS;
}
}  // namespace

int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  try {
    const Options options = parse_options(argc, argv);
    if (options.exit_with_parent) prctl(PR_SET_PDEATHSIG, SIGTERM);
    std::thread(exit_on_signal, signals).detach();
    return serve(options);
  } catch (const std::exception& error) {
    std::cerr << "ms2m-lab-apiserver: " << error.what() << std::endl;
    return EXIT_FAILURE;
  }
}
