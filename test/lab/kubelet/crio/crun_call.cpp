#include "crio/crun_call.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace kubelet {

CrunCall::CrunCall(OciRuntime oci) : oci_(std::move(oci)) {
  if (::pipe2(pipes_.out, O_CLOEXEC) != 0 || ::pipe2(pipes_.err, O_CLOEXEC) != 0)
    throw std::runtime_error("pipe2 failed");
}

CrunCall::~CrunCall() {
  for (const int fd : {pipes_.out[0], pipes_.out[1], pipes_.err[0], pipes_.err[1]}) {
    if (fd >= 0) ::close(fd);
  }
}

std::string CrunCall::drain() {
  std::string text;
  for (const int fd : {pipes_.err[0], pipes_.out[0]}) {
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    char buffer[65536];
    for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

ProcessSpec CrunCall::spec(const std::vector<std::string>& arguments) const {
  ProcessSpec spec;
  spec.argv = oci_.call(arguments);
  spec.stdout_fd = pipes_.out[1];
  spec.stderr_fd = pipes_.err[1];
  return spec;
}

void CrunCall::check(const ProcessResult& result, const std::string& reason, const std::string& before) {
  if (!result.ok()) throw ContainerError(reason, before + drain() + result.err);
  ::close(pipes_.out[1]);
  ::close(pipes_.err[1]);
  pipes_.out[1] = pipes_.err[1] = -1;
}

}  // namespace kubelet
