#include "node/setup/running.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>

#include "node/runtime/paths.hpp"

namespace ms2m::node {
namespace {

double seconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double now(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return seconds(time);
}

/// Since 1970.
std::optional<double> started_at(const std::string& process) {
  const auto began = start_ticks(process);
  if (!began) return std::nullopt;
  const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return now(CLOCK_REALTIME) - now(CLOCK_BOOTTIME) + static_cast<double>(*began) / ticks;
}

/// The node's own, not one of a container.
std::optional<std::string> find_process(const std::string& name) {
  std::error_code failure, gone;
  const auto ours = std::filesystem::read_symlink("/proc/self/ns/mnt", failure);
  for (const auto& entry : std::filesystem::directory_iterator("/proc", failure)) {
    const std::string path = entry.path().string();
    if (read_text(path + "/comm") == name + "\n" && std::filesystem::read_symlink(path + "/ns/mnt", gone) == ours)
      return path;
  }
  return std::nullopt;
}

}  // namespace

std::optional<bool> older_than(const std::string& file, const std::string& process) {
  struct ::stat is {};
  if (::stat(file.c_str(), &is) != 0) return false;
  const auto found = find_process(process);
  const auto started = found ? started_at(*found) : std::nullopt;
  if (!started) return std::nullopt;
  return *started < seconds(is.st_mtim);
}

}  // namespace ms2m::node
