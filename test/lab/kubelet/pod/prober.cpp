#include "pod/prober.hpp"

#include <httplib.h>

#include <algorithm>

namespace kubelet {
namespace {

int port_number(const Json& port, const Json& container) {
  if (port.is_number()) return port.get<int>();
  const std::string name = port.is_string() ? port.get<std::string>() : "";
  for (const Json& entry : list_at(container, "ports")) {
    if (string_at(entry, "name") == name) return static_cast<int>(long_at(entry, "containerPort", 0));
  }
  return std::atoi(name.c_str());
}

std::string cause(httplib::Error error, const std::string& host, int port) {
  if (error == httplib::Error::Connection)
    return "dial tcp " + host + ":" + std::to_string(port) + ": connect: connection refused";
  return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
}

bool http_get(const Json& action, const std::string& host, int port, long timeout, std::string& output) {
  const std::string scheme = string_at(action, "scheme") == "HTTPS" ? "https://" : "http://";
  httplib::Client client(scheme + string_at(action, "host", host) + ":" + std::to_string(port));
  client.enable_server_certificate_verification(false);
  client.set_connection_timeout(timeout);
  client.set_read_timeout(timeout);
  httplib::Headers headers = {{"User-Agent", "kube-probe/1.36"}, {"Connection", "close"}};
  for (const Json& header : list_at(action, "httpHeaders"))
    headers.emplace(string_at(header, "name"), string_at(header, "value"));
  std::string path = string_at(action, "path", "/");
  if (!path.starts_with('/')) path = "/" + path;
  const auto result = client.Get(path.c_str(), headers);
  if (!result) {
    output = "Get \"" + scheme + host + ":" + std::to_string(port) + path + "\": " + cause(result.error(), host, port);
    return false;
  }
  if (result->status < 200 || result->status >= 400)
    output = "HTTP probe failed with statuscode: " + std::to_string(result->status);
  return output.empty();
}

bool tcp_connect(const std::string& host, int port, long timeout, std::string& output) {
  httplib::Client client(host, port);
  client.set_connection_timeout(timeout);
  client.set_read_timeout(0, 1);
  const auto result = client.Get("/");  // connecting is the question; any answer will do
  const bool connected = result || result.error() != httplib::Error::Connection;
  if (!connected) output = cause(result.error(), host, port);
  return connected;
}

}  // namespace

bool Prober::needed(const Json& container) {
  return container.contains("readinessProbe") || container.contains("livenessProbe") ||
         container.contains("startupProbe");
}

Prober::Prober(std::shared_ptr<Container> container, std::string pod_ip, SteadyTime anchor, Runtime& runtime,
               Callbacks callbacks)
    : container_(std::move(container)),
      pod_ip_(std::move(pod_ip)),
      anchor_(anchor),
      runtime_(runtime),
      callbacks_(std::move(callbacks)) {
  const Json& spec = container_->plan().container;
  const auto setup = [&](Probe& probe, const char* key, const char* name) {
    probe.spec = at_or_null(spec, key);
    probe.name = name;
    probe.next = steady_now() + std::chrono::seconds(long_at(probe.spec, "initialDelaySeconds", 0));
  };
  setup(readiness_, "readinessProbe", "Readiness");
  setup(liveness_, "livenessProbe", "Liveness");
  setup(startup_, "startupProbe", "Startup");
  liveness_.good = true;
  startup_.good = startup_.spec.is_null();
  thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

void Prober::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    SteadyTime next = steady_now() + std::chrono::hours(1);
    for (Probe* probe : {&startup_, &readiness_, &liveness_}) {
      if (probe->spec.is_null() || (probe == &startup_) == startup_.good) continue;
      if (probe->next <= steady_now()) {
        act(*probe, step(*probe));
        probe->next = next_tick(*probe);
      }
      next = std::min(next, probe->next);
    }
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, stop, next, [] { return false; });
  }
}

SteadyTime Prober::next_tick(const Probe& probe) const {
  const auto period = std::chrono::seconds(std::max(1L, long_at(probe.spec, "periodSeconds", 10)));
  return anchor_ + ((steady_now() - anchor_) / period + 1) * period;
}

bool Prober::step(Probe& probe) {
  std::string output;
  const bool ok = attempt(probe, output);
  probe.successes = ok ? probe.successes + 1 : 0;
  probe.failures = ok ? 0 : probe.failures + 1;
  if (!ok) callbacks_.unhealthy(std::string(probe.name) + " probe failed: " + output);
  const bool before = probe.good;
  if (ok && probe.successes >= long_at(probe.spec, "successThreshold", 1)) probe.good = true;
  // A startup probe that is not yet good has only its failure threshold to report.
  if (!ok && probe.failures >= long_at(probe.spec, "failureThreshold", 3)) {
    probe.good = false;
    return &probe != &readiness_ || before;
  }
  return before != probe.good;
}

void Prober::act(Probe& probe, bool changed) {
  if (!changed) return;
  if (&probe == &readiness_) {
    callbacks_.ready(probe.good);
  } else if (!probe.good) {
    probe.failures = 0;
    callbacks_.dead(&probe == &liveness_ ? "liveness" : "startup");
  } else if (&probe == &startup_) {
    readiness_.next = liveness_.next = steady_now();
    callbacks_.started();
  }
}

bool Prober::attempt(Probe& probe, std::string& output) const {
  const long timeout = long_at(probe.spec, "timeoutSeconds", 1);
  const Json& container = container_->plan().container;
  if (const Json& action = at_or_null(probe.spec, "httpGet"); action.is_object()) {
    return http_get(action, pod_ip_, port_number(at_or_null(action, "port"), container), timeout, output);
  }
  if (const Json& action = at_or_null(probe.spec, "tcpSocket"); action.is_object()) {
    return tcp_connect(string_at(action, "host", pod_ip_), port_number(at_or_null(action, "port"), container), timeout,
                       output);
  }
  std::vector<std::string> argv;
  for (const Json& word : list_at(at_or_null(probe.spec, "exec"), "command")) argv.push_back(word.get<std::string>());
  if (argv.empty()) return true;
  const ProcessResult result = runtime_.exec(*container_, argv, std::chrono::seconds(timeout));
  output = result.timed_out ? "command timed out" : result.out + result.err;
  return result.ok();
}

}  // namespace kubelet
