#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace kubelet {

// A container's log in the format of the container runtime interface: "TIME stdout F line".
class LogFile {
 public:
  explicit LogFile(const std::filesystem::path& path);  // appends; makes it with mode 0600
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  void append(const char* stream, std::string_view bytes);

 private:
  void put(const char* stream, std::string_view line, char tag);
  int fd_;
  std::string rest_[2];  // an unfinished line of each stream
};

// The messages alone, as /containerLogs gives them.
std::string log_messages(const std::string& text, bool with_timestamps);

}  // namespace kubelet
