// Source: protobuf.dev, "Encoding".
#include "cri/message.hpp"

#include <stdexcept>

namespace kubelet {
namespace {

constexpr unsigned kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5;

class Reader {
 public:
  explicit Reader(const std::string& bytes) : bytes_(bytes) {}
  bool at_end() const { return at_ == bytes_.size(); }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    throw std::runtime_error("a number of a message of the CRI has no end");
  }
  std::string take(std::uint64_t size) {
    if (size > bytes_.size() - at_) throw std::runtime_error("a message of the CRI is cut off");
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }

 private:
  const std::string& bytes_;
  std::size_t at_ = 0;
};

}  // namespace

void Message::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7f) | 0x80);
  bytes_ += static_cast<char>(value);
}

void Message::key(int field, unsigned type) { varint(static_cast<std::uint64_t>(field) << 3 | type); }

void Message::put(int field, const std::string& value) {
  key(field, kBytes);
  varint(value.size());
  bytes_ += value;
}

Message& Message::text(int field, const std::string& value) {
  if (!value.empty()) put(field, value);
  return *this;
}

Message& Message::texts(int field, const std::vector<std::string>& values) {
  for (const auto& value : values) put(field, value);
  return *this;
}

Message& Message::number(int field, std::int64_t value) {
  if (value == 0) return *this;
  key(field, kVarint);
  varint(static_cast<std::uint64_t>(value));
  return *this;
}

Message& Message::numbers(int field, const std::vector<unsigned>& values) {
  for (const unsigned value : values) {
    key(field, kVarint);
    varint(value);
  }
  return *this;
}

Message& Message::message(int field, const Message& value) {
  put(field, value.bytes());
  return *this;
}

Message& Message::map(int field, const std::map<std::string, std::string>& values) {
  for (const auto& [name, value] : values) message(field, Message().text(1, name).text(2, value));
  return *this;
}

Received::Received(const std::string& bytes) {
  Reader reader(bytes);
  while (!reader.at_end()) {
    const std::uint64_t key = reader.varint();
    const int field = static_cast<int>(key >> 3);
    switch (key & 7) {
      case kVarint:
        numbers_[field] = reader.varint();
        break;
      case kBytes:
        texts_.emplace_back(field, reader.take(reader.varint()));
        break;
      case kFixed64:
        reader.take(8);
        break;
      case kFixed32:
        reader.take(4);
        break;
      default:
        throw std::runtime_error("a message of the CRI has a field of an unknown type");
    }
  }
}

std::string Received::text(int field) const {
  const auto all = texts(field);
  return all.empty() ? "" : all.back();
}

std::int64_t Received::number(int field) const {
  const auto found = numbers_.find(field);
  return found == numbers_.end() ? 0 : static_cast<std::int64_t>(found->second);
}

std::vector<std::string> Received::texts(int field) const {
  std::vector<std::string> all;
  for (const auto& [number, text] : texts_) {
    if (number == field) all.push_back(text);
  }
  return all;
}

std::vector<Received> Received::messages(int field) const {
  std::vector<Received> all;
  for (const auto& text : texts(field)) all.emplace_back(text);
  return all;
}

std::map<std::string, std::string> Received::map(int field) const {
  std::map<std::string, std::string> all;
  for (const auto& entry : messages(field)) all[entry.text(1)] = entry.text(2);
  return all;
}

}  // namespace kubelet
