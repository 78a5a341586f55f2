#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace kubelet {

struct ProcessResult {
  int exit_code = -1;  // -1: killed by a signal, or not started at all
  int signal = 0;
  bool timed_out = false;
  std::string out;
  std::string err;
  bool ok() const { return exit_code == 0; }
};

struct ProcessSpec {
  std::vector<std::string> argv;
  std::string input;   // given on standard input, otherwise that is /dev/null
  int stdout_fd = -1;  // given: not captured
  int stderr_fd = -1;
  std::chrono::milliseconds timeout{0};  // 0: none; the process is killed when it is over
  std::function<void(int pid)> on_start;
};

// Runs a program to its end. Never throws for what the program does.
ProcessResult run_process(const ProcessSpec& spec);
inline ProcessResult run_process(std::vector<std::string> argv, std::string input = "") {
  ProcessSpec spec;
  spec.argv = std::move(argv);
  spec.input = std::move(input);
  return run_process(spec);
}

// Zombies that nobody waits for (orphans that came to us as the child subreaper): to be called now and then.
void reap_orphans();

}  // namespace kubelet
