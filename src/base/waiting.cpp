#include "ms2m/waiting.hpp"

namespace ms2m {

const char* to_string(WaitFor what) noexcept {
  switch (what) {
    case WaitFor::kubelet:
      return "kubelet";
    case WaitFor::runtime:
      return "runtime";
    case WaitFor::disk:
      return "disk";
    case WaitFor::network:
      return "network";
    case WaitFor::pod_start:
      return "pod start";
    case WaitFor::pod_end:
      return "pod end";
    case WaitFor::consumer:
      return "consumer";
    case WaitFor::broker:
      return "broker";
    case WaitFor::api_server:
      return "api server";
    case WaitFor::node:
      return "node";
    case WaitFor::hook:
      return "hook";
    case WaitFor::ms2m:
      return "ms2m";
  }
  return "";
}

bool is_own(WaitFor what) noexcept {
  switch (what) {
    case WaitFor::kubelet:
    case WaitFor::runtime:
    case WaitFor::disk:
    case WaitFor::network:
    case WaitFor::pod_start:
    case WaitFor::pod_end:
    case WaitFor::consumer:
    case WaitFor::hook:
      return false;
    case WaitFor::broker:
    case WaitFor::api_server:
    case WaitFor::node:
    case WaitFor::ms2m:
      return true;
  }
  return true;
}

Seconds own_time(const std::vector<Waited>& path) noexcept {
  Seconds sum{0};
  for (const Waited& each : path)
    if (is_own(each.on)) sum += each.length;
  return sum;
}

}  // namespace ms2m
