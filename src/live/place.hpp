// Where the sockets of running ms2m are: "HOST.PID.WORD.sock" in one directory. A state directory may be shared by
// machines, and by containers with process numbers of their own.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace ms2m::live {

/// A new one of this process.
std::filesystem::path new_socket(const std::filesystem::path& directory);

struct Socket {
  std::filesystem::path path;
  long pid = 0;
};
/// Those of this machine. What cannot be read is as if it were empty.
std::vector<Socket> sockets_in(const std::filesystem::path& directory);

}  // namespace ms2m::live
