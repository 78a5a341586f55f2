#include "runtime/log_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/files.hpp"

namespace kubelet {

LogFile::LogFile(const std::filesystem::path& path)
    : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {}

LogFile::~LogFile() {
  for (const int i : {0, 1}) {
    if (!rest_[i].empty()) put(i == 0 ? "stdout" : "stderr", rest_[i], 'P');
  }
  if (fd_ >= 0) ::close(fd_);
}

void LogFile::put(const char* stream, std::string_view line, char tag) {
  std::string entry = rfc3339_nano(wall_now()) + " " + stream + " " + tag + " ";
  entry.append(line).append("\n");
  if (::write(fd_, entry.data(), entry.size()) < 0) log_line("cannot write a container's log");
}

void LogFile::append(const char* stream, std::string_view bytes) {
  std::string& rest = rest_[stream[3] == 'e' ? 1 : 0];
  rest.append(bytes);
  for (std::size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) {
    put(stream, std::string_view(rest).substr(0, end), 'F');
  }
  for (; rest.size() > 8192; rest.erase(0, 8192)) put(stream, std::string_view(rest).substr(0, 8192), 'P');
}

std::string log_messages(const std::string& text, bool with_timestamps) {
  std::string out;
  for (const auto& line : split(text, '\n')) {
    const auto time_end = line.find(' ');
    const auto stream_end = line.find(' ', time_end + 1);
    if (stream_end == std::string::npos || stream_end + 2 >= line.size()) continue;
    if (with_timestamps) out += line.substr(0, time_end + 1);
    out += line.substr(stream_end + 3);
    if (line[stream_end + 1] == 'F') out += '\n';
  }
  return out;
}

}  // namespace kubelet
