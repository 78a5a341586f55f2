#include "node/runtime/handler_configuration.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "ms2m/error.hpp"
#include "node/protocol/codec.hpp"
#include "node/protocol/json_text.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

// Found by the type of its argument.
static const std::array<const char*, 2>& words(OciKind) {
  static const std::array<const char*, 2> all{"crun", "runc"};
  return all;
}

namespace {

constexpr int kVersion = 1;
constexpr std::size_t kMost = 64u << 10;

Error refused(const std::string& why) { return Error(ErrorKind::refused, why, "ms2m node setup NODE"); }

std::string contents(const std::string& file) {
  const posix::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd && errno == ENOENT) throw refused("there is no " + file + ", which names the real runtime");
  struct ::stat is {};
  if (!fd || ::fstat(fd.get(), &is) != 0) posix::throw_errno(file);
  if (!S_ISREG(is.st_mode) || is.st_uid != ::geteuid() || (is.st_mode & 022) != 0)
    throw refused("others than root could have written " + file);
  std::string text(kMost, '\0');
  const auto got = ::read(fd.get(), text.data(), text.size());
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

bool is_ourselves(const std::string& program) {
  struct ::stat own {
  }, there{};
  return ::stat("/proc/self/exe", &own) == 0 && ::stat(program.c_str(), &there) == 0 && own.st_dev == there.st_dev &&
         own.st_ino == there.st_ino;
}

}  // namespace

HandlerConfiguration read_configuration(const std::string& file) {
  const std::string text = contents(file);
  HandlerConfiguration configuration;
  try {
    const Json json = parse_object(text);
    if (json.value("version", Json()) != kVersion) throw refused("it is of another version");
    const auto get = [&](const char* name) { return codec::get<std::string>(json.value(name, Json())); };
    configuration.runtime = get("runtime");
    configuration.root = get("root");
    configuration.kind = codec::get<OciKind>(json.value("kind", Json()));
  } catch (const codec::Mistyped&) {
    throw refused(file + ": 'runtime', 'kind' or 'root' is missing");
  } catch (const Error& error) {
    throw refused(file + ": " + error.message());
  }
  if (!configuration.runtime.starts_with('/')) throw refused(file + ": the runtime's path is not absolute");
  if (is_ourselves(configuration.runtime)) throw refused(file + ": the real runtime is this program itself");
  return configuration;
}

}  // namespace ms2m::node
