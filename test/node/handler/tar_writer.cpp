#include "tar_writer.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace ms2m::test {
namespace {

void put_number(char* at, std::size_t digits, unsigned long value) {
  std::snprintf(at, digits + 1, "%0*lo", static_cast<int>(digits), value);
}

void put_sum(char* header) {
  std::memset(header + 148, ' ', 8);
  unsigned long sum = 0;
  for (int i = 0; i < 512; ++i) sum += static_cast<unsigned char>(header[i]);
  put_number(header + 148, 7, sum);
}

std::string padded(const std::string& text) { return text + std::string((512 - text.size() % 512) % 512, '\0'); }

}  // namespace

TarWriter& TarWriter::member(char flag, const std::string& name, const std::string& text, const std::string& link,
                             unsigned mode) {
  if (name.size() > 100) pax("path", name);
  char header[513] = {};
  std::memcpy(header, name.data(), std::min<std::size_t>(name.size(), 100));
  put_number(header + 100, 7, mode);
  put_number(header + 108, 7, ::geteuid());
  put_number(header + 116, 7, ::getegid());
  put_number(header + 124, 11, text.size());
  put_number(header + 136, 11, 1'700'000'000);
  header[156] = flag;
  std::memcpy(header + 157, link.data(), std::min<std::size_t>(link.size(), 100));
  std::memcpy(header + 257, "ustar\00000", 8);
  put_sum(header);
  bytes_ += std::string(header, 512) + padded(text);
  return *this;
}

TarWriter& TarWriter::device(char flag, const std::string& name, unsigned major, unsigned minor) {
  const std::size_t at = bytes_.size();
  member(flag, name, "");
  put_number(bytes_.data() + at + 329, 7, major);
  bytes_[at + 336] = '\0';
  put_number(bytes_.data() + at + 337, 7, minor);
  char header[513];
  std::memcpy(header, bytes_.data() + at, 512);
  put_sum(header);
  bytes_.replace(at, 512, header, 512);
  return *this;
}

TarWriter& TarWriter::pax(const std::string& key, const std::string& value) {
  const std::string record = " " + key + "=" + value + "\n";
  std::size_t size = record.size() + 1;
  while (std::to_string(size).size() + record.size() != size) size = std::to_string(size).size() + record.size();
  return member('x', "pax", std::to_string(size) + record);
}

}  // namespace ms2m::test
