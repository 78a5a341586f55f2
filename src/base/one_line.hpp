#pragma once
#include <string>

namespace ms2m {

/// The value without the one line break (LF or CR LF) at its end that editors, echo and YAML's | leave there.
inline std::string one_line(std::string value) {
  if (!value.empty() && value.back() == '\n') {
    value.pop_back();
    if (!value.empty() && value.back() == '\r') value.pop_back();
  }
  return value;
}

}  // namespace ms2m
