#include "node/program/network_lock.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <exception>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "ms2m/error.hpp"
#include "wrap/posix/subprocess.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {
namespace {

constexpr int kMostLocks = 16;  // each CRIU that was killed left one
constexpr const char* kJump = "*filter\n:CRIU - [0:0]\n-D INPUT -j CRIU\n-D OUTPUT -j CRIU\nCOMMIT\n";
/// Behind the jumps: CRIU takes both away one after the other, and may have been killed in between.
constexpr const char* kChain = "*filter\n-F CRIU\n-X CRIU\nCOMMIT\n";

/// nullopt: there is no such program, or it failed.
std::optional<std::string> run(const std::vector<std::string>& argv, const std::string& input, const StopToken& stop) {
  posix::RunSpec spec;
  spec.process.argv = argv;
  spec.input = input;
  try {
    const auto result = posix::run_process(spec, stop, "opening a network again");
    return result.ok() ? std::optional(result.out) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

void open_here(const StopToken& stop) {
  for (const char* restore : {"iptables-restore", "ip6tables-restore"}) {
    for (int locks = 0; locks < kMostLocks && run({restore, "--noflush"}, kJump, stop); ++locks) {
    }
    run({restore, "--noflush"}, kChain, stop);
  }
  std::istringstream tables(run({"nft", "list", "tables"}, "", stop).value_or(""));
  for (std::string word, family, name; tables >> word >> family >> name;)
    if (name.starts_with("CRIU-")) run({"nft", "delete", "table", family, name}, "", stop);
}

}  // namespace

void open_locked_network(pid_t process, const StopToken& stop) {
  const std::string path = "/proc/" + std::to_string(process) + "/ns/net";
  const posix::UniqueFd theirs(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct ::stat there {
  }, own{};
  if (!theirs || ::fstat(theirs.get(), &there) != 0 || ::stat("/proc/self/ns/net", &own) != 0) return;
  if (there.st_ino == own.st_ino && there.st_dev == own.st_dev) return;
  // The network is a thread's own matter, and that of what it starts.
  std::exception_ptr thrown;
  std::thread([&] {
    try {
      if (::setns(theirs.get(), CLONE_NEWNET) == 0) open_here(stop);
    } catch (...) {
      thrown = std::current_exception();
    }
  }).join();
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace ms2m::node
