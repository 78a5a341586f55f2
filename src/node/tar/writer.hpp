// Members of a tar archive as bytes, for reader.hpp and every other reader of pax (POSIX.1-2017).
#pragma once
#include <cstdint>
#include <string>

#include "node/tar/entry.hpp"

namespace ms2m::node {

/// What stands before a member's contents: whole blocks. ustar where that can say it, else with a pax header. A file is
/// followed by its contents and tar_padding(). Error{refused} for what no archive can say: an extended attribute with
/// '=' in its name, or a megabyte of them.
std::string tar_header(const TarEntry& entry);
/// Zeros that fill the last block of contents.
std::string tar_padding(std::uint64_t size);
/// What ends an archive.
std::string tar_end();

}  // namespace ms2m::node
