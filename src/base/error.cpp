#include "ms2m/error.hpp"

#include <utility>

namespace ms2m {

const char* to_string(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::usage:
      return "usage";
    case ErrorKind::refused:
      return "refused";
    case ErrorKind::not_found:
      return "not found";
    case ErrorKind::forbidden:
      return "forbidden";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::protocol:
      return "protocol";
    case ErrorKind::failed:
      return "failed";
    case ErrorKind::inconsistent:
      return "inconsistent";
  }
  return "unknown";
}

Error::Error(ErrorKind kind, std::string message, std::string remedy)
    : kind_(kind), message_(std::move(message)), remedy_(std::move(remedy)) {
  compose();
}

Error& Error::in(const std::string& frame) {
  frames_.push_back(frame);
  compose();
  return *this;
}

Error& Error::with_remedy(std::string remedy) {
  remedy_ = std::move(remedy);
  return *this;
}

void Error::compose() {
  what_.clear();
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) what_ += *frame + ": ";
  what_ += message_;
}

}  // namespace ms2m
