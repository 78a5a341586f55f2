// A program that lies in no directory.
#pragma once
#include <string>
#include <string_view>

#include "wrap/posix/unique_fd.hpp"

namespace ms2m::posix {

/// A file in memory with these bytes; close-on-exec. Error{failed}.
UniqueFd make_memory_file(const char* name, std::string_view bytes);
/// By which a child of this process starts it, while it is open.
std::string path_of(const UniqueFd& file);

}  // namespace ms2m::posix
