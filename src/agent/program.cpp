#include "agent/program.hpp"

#include <memory>

#include "node/protocol/version.hpp"
#include "wrap/posix/memory_file.hpp"

namespace ms2m::agent {

Program program_in_host(std::string_view bytes) {
  const auto file = std::make_shared<posix::UniqueFd>(posix::make_memory_file("ms2m-node", bytes));
  return [file] {
    posix::ProcessSpec spec;
    spec.argv = {posix::path_of(*file), node::kInHost};
    return spec;
  };
}

}  // namespace ms2m::agent
