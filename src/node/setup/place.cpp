#include "node/setup/place.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "ms2m/json.hpp"
#include "wrap/posix/sha256.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {
namespace {

constexpr off_t kMostText = 200 << 10, kMostProgram = 64 << 20;
constexpr std::size_t kBuildDigits = 16;

std::optional<std::string> contents(const SetupPlace& place, const std::string& path, off_t most) {
  const std::string file = place.system + path;
  const posix::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (!fd && errno != ELOOP) posix::throw_errno(path);
  struct ::stat is {};
  if (!fd || ::fstat(fd.get(), &is) != 0 || !S_ISREG(is.st_mode))
    throw not_understood(place, path + " is no regular file", "put a file in its place, or remove it");
  if (is.st_uid != ::geteuid() || (is.st_mode & 022) != 0)
    throw not_understood(place, "others than root could have written " + path,
                         "make it root's there, and nobody else's to write");
  if (is.st_size > most) throw not_understood(place, path + " is too large", "look what it is");
  std::string text(static_cast<std::size_t>(is.st_size), '\0');
  std::size_t have = 0;
  for (ssize_t got = 0; have < text.size(); have += static_cast<std::size_t>(got)) {
    got = ::read(fd.get(), text.data() + have, text.size() - have);
    if (got < 0) posix::throw_errno("reading " + path);
    if (got == 0) break;
  }
  text.resize(have);
  return text;
}

bool is_text(const std::string& text) {
  try {
    (void)Json(text).dump();
  } catch (const Json::exception&) {
    return false;
  }
  return text.find('\0') == std::string::npos;
}

}  // namespace

const RuntimeRow& row_of(const SetupPlace& place) {
  if (const RuntimeRow* row = runtime_row(place.runtime)) return *row;
  throw not_understood(place, place.runtime.empty() ? "its container runtime is not known" : "it runs " + place.runtime,
                       "the runtime handler is for nodes with CRI-O or containerd");
}

Error not_understood(const SetupPlace& place, const std::string& why, const std::string& cure) {
  return Error(ErrorKind::refused, "node " + place.node + ": " + why, cure);
}

std::optional<std::string> text_of(const SetupPlace& place, const std::string& path) {
  auto text = contents(place, path, kMostText);
  if (text && !is_text(*text)) throw not_understood(place, path + " is no text", "look what it is");
  return text;
}

std::optional<std::string> build_of(const SetupPlace& place, const std::string& path) {
  const auto program = contents(place, path, kMostProgram);
  if (!program) return std::nullopt;
  return posix::Sha256::of(*program).substr(0, kBuildDigits);
}

std::optional<std::string> link_of(const SetupPlace& place, const std::string& path) {
  std::error_code failure;
  const auto target = std::filesystem::read_symlink(place.system + path, failure);
  if (!failure) return target.string();
  if (failure == std::errc::no_such_file_or_directory || failure == std::errc::not_a_directory) return std::nullopt;
  throw not_understood(place, path + " is not ms2m's link", "remove it there");
}

bool is_directory(const SetupPlace& place, const std::string& path) {
  std::error_code failure;
  return std::filesystem::is_directory(place.system + path, failure);
}

std::vector<std::string> names_of(const SetupPlace& place, const std::string& path) {
  std::vector<std::string> names;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(place.system + path, failure))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace ms2m::node
