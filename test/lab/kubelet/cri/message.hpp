#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace kubelet {

// A message of protocol buffers that is being written, by the numbers of its fields. What is empty or 0 is left out.
class Message {
 public:
  Message& text(int field, const std::string& value);
  Message& texts(int field, const std::vector<std::string>& values);
  Message& number(int field, std::int64_t value);
  Message& numbers(int field, const std::vector<unsigned>& values);
  Message& message(int field, const Message& value);  // also an empty one
  Message& map(int field, const std::map<std::string, std::string>& values);
  const std::string& bytes() const { return bytes_; }

 private:
  void key(int field, unsigned type);
  void varint(std::uint64_t value);
  void put(int field, const std::string& value);
  std::string bytes_;
};

// One that has come.
class Received {
 public:
  Received() = default;
  explicit Received(const std::string& bytes);  // throws std::runtime_error

  // The last one of a field, or nothing.
  std::string text(int field) const;
  std::int64_t number(int field) const;
  Received message(int field) const { return Received(text(field)); }
  // All of a field.
  std::vector<std::string> texts(int field) const;
  std::vector<Received> messages(int field) const;
  std::map<std::string, std::string> map(int field) const;

 private:
  std::vector<std::pair<int, std::string>> texts_;
  std::map<int, std::uint64_t> numbers_;
};

}  // namespace kubelet
