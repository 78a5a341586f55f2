// The commands that reports, errors and findings tell a person to type. Each works as printed, in a POSIX shell: every
// name in it is quoted where a shell would not take it as it is.
#pragma once
#include <string>
#include <string_view>

namespace ms2m::remedy {

/// The word as a POSIX shell's command line needs it.
std::string shell_word(std::string_view word);

/// A journal that cannot be read: look at it, and remove its directory when nothing of that migration is left.
std::string look_at_journal(const std::string& file);
std::string remove_journal(const std::string& directory);

}  // namespace ms2m::remedy
