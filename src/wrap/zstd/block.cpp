#include "wrap/zstd/block.hpp"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <string>

#include "ms2m/error.hpp"

namespace ms2m::zstd {
namespace {

std::size_t checked(std::size_t code) {
  if (ZSTD_isError(code) != 0) throw Error(ErrorKind::failed, std::string("zstd: ") + ZSTD_getErrorName(code));
  return code;
}

/// Of an object of the library's, which has no other reason to be none.
template <class Object>
Object* there(Object* object) {
  if (object == nullptr) throw Error(ErrorKind::failed, "zstd: there is no memory");
  return object;
}

}  // namespace

struct Compressor::Context {
  ZSTD_CCtx* const own = there(ZSTD_createCCtx());
  Context() = default;
  ~Context() { ZSTD_freeCCtx(own); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

Compressor::Compressor(int level, std::size_t largest) : context_(std::make_unique<Context>()) {
  constexpr int kLeastWindow = 10;  // ZSTD_WINDOWLOG_MIN
  const int window = std::max(static_cast<int>(std::bit_width(largest - 1)), kLeastWindow);
  checked(ZSTD_CCtx_setParameter(context_->own, ZSTD_c_compressionLevel, level));
  checked(ZSTD_CCtx_setParameter(context_->own, ZSTD_c_windowLog, window));
}

Compressor::~Compressor() = default;

std::size_t Compressor::compress(std::string_view piece, std::span<char> into) {
  const std::size_t size = ZSTD_compress2(context_->own, into.data(), into.size(), piece.data(), piece.size());
  return ZSTD_isError(size) != 0 ? 0 : size;
}

struct Decompressor::Context {
  ZSTD_DCtx* const own = there(ZSTD_createDCtx());
  Context() = default;
  ~Context() { ZSTD_freeDCtx(own); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

Decompressor::Decompressor() : context_(std::make_unique<Context>()) {}

Decompressor::~Decompressor() = default;

void Decompressor::expand(std::string_view data, std::span<char> into) {
  const std::size_t size =
      checked(ZSTD_decompressDCtx(context_->own, into.data(), into.size(), data.data(), data.size()));
  if (size != into.size())
    throw Error(ErrorKind::failed,
                "zstd: " + std::to_string(size) + " bytes instead of " + std::to_string(into.size()));
}

}  // namespace ms2m::zstd
