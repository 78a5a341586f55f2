#include "live/place.hpp"

#include <unistd.h>

#include <charconv>

#include "base/ids.hpp"

namespace ms2m::live {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEnd = ".sock";

std::string host_prefix() {
  std::string prefix;
  for (const char c : host_name()) prefix += c == '/' || c == '.' ? '-' : c;
  return prefix + ".";
}

}  // namespace

fs::path new_socket(const fs::path& directory) {
  return directory / (host_prefix() + std::to_string(::getpid()) + "." + new_id() + kEnd);
}

std::vector<Socket> sockets_in(const fs::path& directory) {
  std::vector<Socket> all;
  const std::string prefix = host_prefix();
  std::error_code failure;
  fs::directory_iterator entry(directory, failure);
  for (; !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(kEnd)) continue;
    Socket socket{entry->path(), 0};
    const char* const end = name.data() + name.size();
    const auto [after, error] = std::from_chars(name.data() + prefix.size(), end, socket.pid);
    if (error == std::errc{} && after != end && *after == '.') all.push_back(std::move(socket));
  }
  return all;
}

}  // namespace ms2m::live
