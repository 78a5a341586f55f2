#include "node/program/program_cache.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>

#include "ms2m/error.hpp"
#include "node/runtime/paths.hpp"

namespace ms2m::node {
namespace {

constexpr std::string_view kProgram = "ms2m-node-", kFresh = ".new.";

/// "ms2m-node-<build>.new.<pid of the shell that writes it>"
bool is_being_written(const std::string& name) {
  const auto at = name.rfind(kFresh);
  if (at == std::string::npos) return false;
  int pid = 0;
  const char* begin = name.data() + at + kFresh.size();
  const auto [end, error] = std::from_chars(begin, name.data() + name.size(), pid);
  return error == std::errc{} && pid > 0 && ::kill(pid, 0) == 0;
}

}  // namespace

Forgotten forget_program(const std::string& cache) {
  const posix::UniqueFd directory = open_directory(cache);
  if (!directory) return {};
  struct ::stat is {};
  if (::fstat(directory.get(), &is) != 0) posix::throw_errno(cache);
  if (is.st_uid != ::geteuid() || (is.st_mode & 022) != 0)
    throw Error(ErrorKind::refused, cache + " is not a directory of root alone");
  Forgotten forgotten;
  for (const std::string& name : names_in(directory.get()))
    if (name.starts_with(kProgram) && !is_being_written(name))
      forgotten.programs += remove_in(directory.get(), name) ? 1 : 0;
  const auto [above, own] = split_path(cache);
  if (const posix::UniqueFd parent = open_directory(above))
    ::unlinkat(parent.get(), own.c_str(), AT_REMOVEDIR);  // if it is empty
  return forgotten;
}

}  // namespace ms2m::node
