#include "image/image.hpp"

#include <signal.h>

namespace kubelet {

std::string repository_of(const std::string& name) {
  const auto at = name.find('@');
  if (at != std::string::npos) return name.substr(0, at);
  const auto colon = name.rfind(':');
  return colon != std::string::npos && name.find('/', colon) == std::string::npos ? name.substr(0, colon) : name;
}

std::string Image::id_for_status() const {
  return !ref.empty() ? ref : (names.empty() ? id : repository_of(names.front())) + "@" + digest;
}

int stop_signal(const Image& image) {
  const std::string name = string_at(at_or_null(image.config, "config"), "StopSignal", "SIGTERM");
  if (name == "SIGINT" || name == "INT") return SIGINT;
  if (name == "SIGQUIT" || name == "QUIT") return SIGQUIT;
  if (name == "SIGKILL" || name == "KILL") return SIGKILL;
  if (name == "SIGUSR1") return SIGUSR1;
  return SIGTERM;
}

}  // namespace kubelet
