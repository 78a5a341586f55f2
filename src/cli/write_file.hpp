// Files that commands write for somebody else.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace ms2m::cli {

/// Written beside it first, and put in its place when it is whole: nobody reads half of it, and a program that is
/// running can be replaced. Error{failed}: `path` is as it was.
void write_whole(const std::string& path, std::string_view bytes, std::filesystem::perms mode);

}  // namespace ms2m::cli
