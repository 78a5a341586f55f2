// Whether what travels from node to node is compressed.
#pragma once

namespace ms2m {

/// By the node that it comes from; the one where it lands decompresses it. Sizes, digests and free space are of the
/// data itself.
enum class Compression {
  none,
  zstd,
  automatic,  ///< zstd where that is faster, as measured on the way
};
const char* to_string(Compression compression) noexcept;  // "none", "zstd", "auto"

}  // namespace ms2m
