#include "node/program/serve.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "node/program/build_id.hpp"
#include "node/program/guard.hpp"
#include "node/program/server.hpp"

namespace ms2m::node {
namespace {

void set_environment() {
  const char* inherited = std::getenv("PATH");
  const std::string path = std::string(inherited != nullptr ? inherited : "") +
                           ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  ::setenv("PATH", path.substr(path.starts_with(':') ? 1 : 0).c_str(), 1);
  ::setenv("LC_ALL", "C", 1);
  ::umask(077);
}

/// Nothing is ours but the three streams: what whoever started us left closed must not become a file of ours, what was
/// left open is closed.
void set_descriptors() {
  int fd = 0;
  do fd = ::open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= 2);
  if (fd > 2) ::close(fd);
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
}

/// Readable when we are to end. SIGIO comes when a lease breaks that was given back a moment later.
posix::UniqueFd take_signals() {
  for (const int signal : {SIGPIPE, SIGIO}) std::signal(signal, SIG_IGN);
  sigset_t ours;
  ::sigemptyset(&ours);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&ours, signal);
  ::pthread_sigmask(SIG_BLOCK, &ours, nullptr);
  return posix::UniqueFd(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
}

/// What a stream's frame lay in is kept for the next one: given back to the kernel each time, its pages would be made
/// anew, which takes as long as to fill them. Before there is another thread.
void set_memory() {
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 8 << 20);
}

/// OpenSSL is part of this file, and reads its configuration at the first digest, which is made here: not the node's,
/// which is for the node's own (a node for FIPS names providers that only that one has).
Greeting greeting_without_configuration() {
  constexpr const char* kName = "OPENSSL_CONF";
  const char* inherited = std::getenv(kName);
  const std::string theirs = inherited != nullptr ? inherited : "";
  ::setenv(kName, "/dev/null", 1);
  Greeting greeting = own_greeting();
  ::unsetenv(kName);
  if (inherited != nullptr) ::setenv(kName, theirs.c_str(), 1);
  return greeting;
}

}  // namespace

int serve(const Roots& roots) {
  set_environment();
  set_descriptors();
  set_memory();
  std::string why;
  try {
    const posix::UniqueFd signals = take_signals();
    Guard guard;
    why = Server({0, 1, signals.get()}, roots, greeting_without_configuration(), guard).run();
  } catch (const std::exception& error) {
    why = error.what();
  }
  if (why.empty()) return 0;
  std::fprintf(stderr, "ms2m-node: %s\n", why.c_str());
  return 3;  // 1 is sudo's own, when it refuses
}

}  // namespace ms2m::node
