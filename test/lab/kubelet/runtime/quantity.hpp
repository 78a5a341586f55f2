#pragma once
#include <string>

namespace kubelet {

// Kubernetes quantities: "500m" of CPU -> 500; "128Mi" -> 134217728. 0 for an empty or unreadable one.
long milli_cpus(const std::string& quantity);
long bytes_of(const std::string& quantity);

}  // namespace kubelet
