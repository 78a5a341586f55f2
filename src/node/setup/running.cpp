#include "node/setup/running.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace ms2m::node {
namespace {

std::string text(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

double seconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double now(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return seconds(time);
}

/// Since 1970. Field 22 of proc(5)'s stat, in ticks since the machine began.
std::optional<double> started_at(const std::string& process) {
  const std::string stat = text(process + "/stat");
  const auto name_end = stat.rfind(") ");
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(stat.substr(name_end + 2));
  std::string field;
  for (int number = 3; number <= 22; ++number)
    if (!(fields >> field)) return std::nullopt;
  const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return now(CLOCK_REALTIME) - now(CLOCK_BOOTTIME) + std::stod(field) / ticks;
}

/// The node's own, not one of a container.
std::optional<std::string> find_process(const std::string& name) {
  std::error_code failure, gone;
  const auto ours = std::filesystem::read_symlink("/proc/self/ns/mnt", failure);
  for (const auto& entry : std::filesystem::directory_iterator("/proc", failure)) {
    const std::string path = entry.path().string();
    if (text(path + "/comm") == name + "\n" && std::filesystem::read_symlink(path + "/ns/mnt", gone) == ours)
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
