#include "image/pull.hpp"

#include <regex>

#include "base/process.hpp"

namespace kubelet {
namespace {

// skopeo: time="..." level=fatal msg="initializing source docker://...: ...". The quotes inside are escaped.
std::string cause(const std::string& text) {
  const auto begin = text.rfind("msg=\"");
  if (begin == std::string::npos) return text;
  std::string out;
  for (std::size_t i = begin + 5; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

}  // namespace

std::optional<PullError> pull_image(const ImageName& name, const std::string& as_written) {
  ProcessSpec spec;
  spec.argv = {
      "skopeo", "copy", "--quiet", "--retry-times=0", "docker://" + name.full(), "containers-storage:" + name.full()};
  spec.timeout = std::chrono::seconds(60);
  const ProcessResult result = run_process(spec);
  if (result.ok()) return std::nullopt;
  const std::string why = result.timed_out ? "context deadline exceeded" : cause(result.err);
  PullError error;
  if (std::regex_search(why,
                        std::regex("connection refused|no such host|i/o timeout|no route to host|deadline exceeded"))) {
    error.reason = "RegistryUnavailable";
    error.message =
        "image pull failed for " + as_written + " because the registry is unavailable: unable to pull image: " + why;
    error.event = "Failed to pull image \"" + as_written + "\": RegistryUnavailable: unable to pull image: " + why;
  } else {
    error.reason = "ErrImagePull";
    error.message = "unable to pull image or OCI artifact: pull image err: " + why +
                    "; artifact err: image reference: get manifest from ref: create image source: " + why;
    error.event = "Failed to pull image \"" + as_written + "\": " + error.message;
  }
  return error;
}

}  // namespace kubelet
