// Whether a process that began on one processor can go on on another one. A process has looked at the features of its
// processor long ago (glibc chooses its memcpy at the start, for one) and is not told that it was moved: it dies of
// SIGILL. Pure.
#pragma once
#include <string>
#include <vector>

namespace ms2m {

struct LackingFeatures {
  std::vector<std::string> instructions;  ///< programs may use them: the process cannot move
  std::vector<std::string> others;        ///< of use to the kernel or a hypervisor alone
};

/// What `source` has and `target` has not; both sorted, as /proc/cpuinfo names them. x86 mixes both kinds in one list;
/// on other architectures ("Features" of arm64: HWCAP, made for programs) everything counts.
LackingFeatures lacking_features(const std::vector<std::string>& source, const std::vector<std::string>& target);

}  // namespace ms2m
