// Lines of ours in a file: they go in and come out so that what was there before is there again, byte for byte. Pure.
#pragma once
#include <cstddef>
#include <optional>
#include <string>

namespace ms2m::node {

/// A file's contents; nullopt: there is none.
using Text = std::optional<std::string>;

/// The file with `lines` in it at `at` (its end, by default), between two comments that say whose they are; nothing of
/// ours may be in it. No lines: the file as it is.
Text with_marked(const Text& file, const std::string& lines, std::size_t at = std::string::npos);
/// The reverse: nullopt when the file was made for them and has nothing else in it. As it is when it has none.
Text without_marked(const Text& file);

}  // namespace ms2m::node
