#include "node/protocol/blocks.hpp"

#include <algorithm>

#include "ms2m/error.hpp"

namespace ms2m::node {
namespace {

constexpr unsigned kByte = 8;

void put(std::string& into, std::uint32_t number) {
  for (unsigned left = 4; left-- > 0;) into += static_cast<char>(static_cast<unsigned char>(number >> (left * kByte)));
}

std::uint32_t number_at(std::string_view bytes) {
  std::uint32_t number = 0;
  for (const char byte : bytes.substr(0, 4)) number = number << kByte | static_cast<unsigned char>(byte);
  return number;
}

}  // namespace

std::string print_head(const BlockHead& head) {
  std::string bytes;
  put(bytes, head.plain);
  put(bytes, head.travelling);
  return bytes;
}

BlockHead parse_head(std::string_view bytes) {
  const BlockHead head{number_at(bytes), number_at(bytes.substr(4))};
  if (head.plain == 0 || head.plain > kMaxBlock || head.travelling == 0 || head.travelling > head.plain)
    throw Error(ErrorKind::failed, "the compressed stream is damaged: no block has " + std::to_string(head.travelling) +
                                       " bytes for " + std::to_string(head.plain));
  return head;
}

std::uint64_t BlockMeter::feed(std::string_view bytes) {
  std::uint64_t plain = 0;
  while (!bytes.empty()) {
    const std::size_t wanted = left_ > 0 ? left_ : BlockHead::kSize - head_.size();
    const std::string_view some = bytes.substr(0, wanted);
    bytes.remove_prefix(some.size());
    if (left_ > 0) {
      left_ -= some.size();
      continue;
    }
    head_ += some;
    if (head_.size() < BlockHead::kSize) break;
    const BlockHead head = parse_head(head_);
    head_.clear();
    left_ = head.travelling;
    plain += head.plain;
  }
  return plain;
}

}  // namespace ms2m::node
