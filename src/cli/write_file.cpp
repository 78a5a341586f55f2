#include "cli/write_file.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

#include "ms2m/error.hpp"

namespace ms2m::cli {

void write_whole(const std::string& path, std::string_view bytes, std::filesystem::perms mode) {
  namespace fs = std::filesystem;
  const std::string fresh = path + ".new";
  std::error_code failure;
  errno = 0;
  {
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) failure = std::error_code(errno != 0 ? errno : EIO, std::generic_category());
  }
  if (!failure) fs::permissions(fresh, mode, failure);
  if (!failure) fs::rename(fresh, path, failure);
  if (!failure) return;
  std::error_code ignored;
  fs::remove(fresh, ignored);
  throw Error(ErrorKind::failed, path + " cannot be written: " + failure.message(),
              "name a file in a directory that you may write to");
}

}  // namespace ms2m::cli
