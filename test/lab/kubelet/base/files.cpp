#include "base/files.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace kubelet {
namespace {

[[noreturn]] void fail(const std::string& what, const fs::path& path) {
  throw std::runtime_error(what + " " + path.string() + ": " + std::strerror(errno));
}

// As /proc/self/mountinfo writes spaces and the like: \040.
std::string unescape(const std::string& field) {
  std::string out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '\\' && i + 3 < field.size()) {
      out += static_cast<char>(std::stoi(field.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      out += field[i];
    }
  }
  return out;
}

}  // namespace

std::optional<std::string> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write_file(const fs::path& path, std::string_view content, mode_t mode) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) fail("open", path);
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      ::close(fd);
      fail("write", path);
    }
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  ::fchmod(fd, mode);
  ::close(fd);
}

bool try_write(const fs::path& path, std::string_view content) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool ok = ::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size());
  ::close(fd);
  return ok;
}

void make_dirs(const fs::path& path, mode_t mode) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw std::runtime_error("mkdir " + path.string() + ": " + error.message());
  if (mode != 0755) ::chmod(path.c_str(), mode);
}

void remove_tree(const fs::path& path) noexcept {
  std::error_code error;
  fs::remove_all(path, error);
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned value = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      value = value << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? kDigits[value >> (18 - 6 * k) & 63U] : '=';
  }
  return out;
}

std::string random_hex(std::size_t digits) {
  std::string bytes((digits + 1) / 2, '\0');
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("getrandom failed");
  }
  std::string out;
  for (const char c : bytes) {
    static constexpr char kHex[] = "0123456789abcdef";
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[static_cast<unsigned char>(c) & 15];
  }
  out.resize(digits);
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

std::string resolve_in_root(const fs::path& root, const std::string& path) {
  std::vector<std::string> todo = split(path, '/');
  std::reverse(todo.begin(), todo.end());
  fs::path at = "/";
  for (int links = 0; !todo.empty();) {
    const std::string part = todo.back();
    todo.pop_back();
    if (part == ".") continue;
    const fs::path next = part == ".." ? at.parent_path() : at / part;
    std::error_code error;
    const fs::path here = root / next.relative_path();
    if (part == ".." || ++links > 200 || !fs::is_symlink(here, error)) {
      at = next;
      continue;
    }
    const fs::path target = fs::read_symlink(here, error);
    if (target.is_absolute()) at = "/";
    auto parts = split(target.string(), '/');
    todo.insert(todo.end(), parts.rbegin(), parts.rend());
  }
  return at;
}

void mount_tmpfs(const fs::path& target, const std::string& options) {
  if (::mount("tmpfs", target.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
    fail("mount tmpfs", target);
}

void mount_overlay(const std::string& lower, const fs::path& upper, const fs::path& work, const fs::path& target) {
  const std::string options = "lowerdir=" + lower + ",upperdir=" + upper.string() + ",workdir=" + work.string();
  // A podman that works beside us has its storage bound over itself: a lower directory that was looked up through that
  // mount cannot be cloned any more when it has just gone (EINVAL), and is found without it the next time.
  for (int tries = 0; ::mount("overlay", target.c_str(), "overlay", 0, options.c_str()) != 0; ++tries)
    if (errno != EINVAL || tries == 20) fail("mount overlay", target);
}

void bind_mount(const fs::path& source, const fs::path& target) {
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) fail("bind " + source.string(), target);
}

void unmount(const fs::path& target) noexcept { ::umount2(target.c_str(), MNT_DETACH); }

void unmount_below(const fs::path& top) noexcept {
  try {
    std::vector<std::string> points;
    std::istringstream lines(read_file("/proc/self/mountinfo").value_or(""));
    for (std::string line; std::getline(lines, line);) {
      const auto fields = split(line, ' ');
      if (fields.size() < 5) continue;
      const std::string point = unescape(fields[4]);
      if (point == top.string() || point.starts_with(top.string() + "/")) points.push_back(point);
    }
    for (auto it = points.rbegin(); it != points.rend(); ++it) unmount(*it);
  } catch (...) {
  }
}

}  // namespace kubelet
