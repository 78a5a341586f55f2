// Text for a remote POSIX shell.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ms2m::node {

/// One word that a POSIX shell reads back as exactly these bytes. Error{usage} for a NUL byte, which no argument can
/// hold.
std::string quote(std::string_view word);
/// Quoted words with spaces between them.
std::string join(const std::vector<std::string>& words);
/// A command whose output is exactly these bytes, NUL included; it is built into the shell, so they show in no argv.
std::string printing(std::string_view bytes);

}  // namespace ms2m::node
