// The file that a request of a test is about.
#pragma once
#include <string>

#include "ms2m/node.hpp"

namespace ms2m::test {

inline const std::string& archive_of(const MoveRequest& request) {
  return std::get<KubeletArchive>(request.checkpoint).path;
}
inline std::string& archive_of(MoveRequest& request) { return std::get<KubeletArchive>(request.checkpoint).path; }

}  // namespace ms2m::test
