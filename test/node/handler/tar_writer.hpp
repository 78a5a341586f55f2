// Archives as nobody honest would write them.
#pragma once
#include <string>

namespace ms2m::test {

class TarWriter {
 public:
  TarWriter& file(const std::string& name, const std::string& text, unsigned mode = 0644) {
    return member('0', name, text, "", mode);
  }
  TarWriter& directory(const std::string& name, unsigned mode = 0755) { return member('5', name, "", "", mode); }
  TarWriter& symlink(const std::string& name, const std::string& to) { return member('2', name, "", to); }
  TarWriter& hard_link(const std::string& name, const std::string& to) { return member('1', name, "", to); }
  TarWriter& device(char flag, const std::string& name, unsigned major, unsigned minor);
  /// A pax header for the member that follows: "path=...\n" records without their lengths.
  TarWriter& pax(const std::string& key, const std::string& value);
  TarWriter& member(char flag, const std::string& name, const std::string& text, const std::string& link = "",
                    unsigned mode = 0644);
  /// With its end.
  std::string str() const { return bytes_ + std::string(1024, '\0'); }
  std::string without_end() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace ms2m::test
