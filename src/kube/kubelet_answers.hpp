// What kubelets, and the API server of a node, answer. Pure: whatever the bytes are, nothing but what is said here
// comes of them. Private to kube.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ms2m/json.hpp"
#include "ms2m/units.hpp"
#include "wrap/curl/http.hpp"

namespace ms2m {

/// Looks for one sample in a Prometheus text as it flows by.
class FeatureGateFinder {
 public:
  /// false: found, no more is needed.
  bool feed(std::string_view chunk);
  std::optional<bool> value() const noexcept { return value_; }

 private:
  std::string rest_;
  std::optional<bool> value_;
};

/// Go's text of a duration ("2m0s", "1h", "1.5s", "300ms"); nullopt: it is none, or below a millisecond.
std::optional<Millis> parse_go_duration(const std::string& text);

/// https://InternalIP:port of a node, of what the API server says of it. Error{failed}: it has none.
std::string kubelet_server(const std::string& node, const std::string& body);

/// Whether it was the kubelet that answered, whatever it said, or the API server in its stead. false: that one says
/// that it cannot reach it; nullopt: anything else of that one's own.
std::optional<bool> kubelet_behind(const HttpResponse& answer);

/// runtimeRequestTimeout in /configz; nullopt: it does not tell.
std::optional<Millis> runtime_patience(const std::string& body);

/// Of /pods, each with its UID; nullopt: it is no such list.
std::optional<std::vector<Json>> pods_in(const std::string& body);
/// That pod is not among them, or is being deleted.
bool ends_in(const std::vector<Json>& pods, const std::string& uid);

}  // namespace ms2m
