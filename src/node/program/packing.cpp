#include "node/program/packing.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "ms2m/error.hpp"

namespace ms2m::node {
namespace {

/// The next one takes twice the time for memory that becomes a few hundredths smaller.
constexpr int kLevel = 1;

}  // namespace

Packer::Packer() : zstd_(kLevel, kMaxBlock), block_(BlockHead::kSize + kMaxBlock, '\0') {}

std::string_view Packer::compressed(std::string_view plain) {
  const std::size_t size = zstd_.compress(plain, std::span(block_).subspan(BlockHead::kSize, plain.size() - 1));
  if (size == 0) return {};
  print_head({static_cast<std::uint32_t>(plain.size()), static_cast<std::uint32_t>(size)})
      .copy(block_.data(), BlockHead::kSize);
  return std::string_view(block_).substr(0, BlockHead::kSize + size);
}

std::string head_of(std::string_view plain) {
  const auto size = static_cast<std::uint32_t>(plain.size());
  return print_head({size, size});
}

void Unpacker::feed(std::string bytes) {
  fed_ = std::move(bytes);
  at_ = 0;
}

/// The next bytes, all of them, until next() goes on; nullopt: they are not there yet.
std::optional<std::string_view> Unpacker::whole(std::size_t size) {
  const std::string_view some = std::string_view(fed_).substr(at_, size - begun_.size());
  at_ += some.size();
  if (some.size() == size) return some;
  begun_ += some;
  return begun_.size() == size ? std::optional<std::string_view>(begun_) : std::nullopt;
}

std::optional<std::string> Unpacker::next() {
  if (!head_) {
    const auto bytes = whole(BlockHead::kSize);
    if (!bytes) return std::nullopt;
    head_ = parse_head(*bytes);
    left_ = head_->plain;
    begun_.clear();
  }
  if (head_->as_it_is()) return at_ < fed_.size() ? std::optional(some_as_it_is()) : std::nullopt;
  const auto body = whole(head_->travelling);
  if (!body) return std::nullopt;
  std::string plain = expanded(*body);
  begun_.clear();
  head_.reset();
  return plain;
}

std::string Unpacker::some_as_it_is() {
  std::string some = at_ == 0 && fed_.size() <= left_ ? std::exchange(fed_, {}) : fed_.substr(at_, left_);
  at_ += fed_.empty() ? 0 : some.size();
  left_ -= some.size();
  if (left_ == 0) head_.reset();
  return some;
}

std::string Unpacker::expanded(std::string_view body) {
  std::string plain(head_->plain, '\0');
  try {
    zstd_.expand(body, plain);
  } catch (const Error& error) {
    throw Error(error.kind(), "the compressed stream is damaged: " + error.message());
  }
  return plain;
}

}  // namespace ms2m::node
