// A target of test/fuzz: LLVMFuzzerTestOneInput() gives bytes that somebody else wrote to one of our readers. Only an
// Error may come out of it. Both drivers, libFuzzer's and driver.cpp, take everything else for a finding.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "ms2m/error.hpp"

// NOLINTNEXTLINE: libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace ms2m::test {

inline std::string text_of(const std::uint8_t* data, std::size_t size) {
  return size == 0 ? std::string() : std::string(reinterpret_cast<const char*>(data), size);
}

/// Refused or understood. What is no Error ends the process.
template <class Work>
void read(Work&& work) {
  try {
    work();
  } catch (const Error&) {
  }
}

/// What holds for every input.
inline void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

/// Takes parts of the input one after the other, up to the next line that is only `--`; "" when there is none any more.
class Parts {
 public:
  explicit Parts(std::string_view all) : rest_(all) {}
  std::string next() {
    const auto end = rest_.find("\n--\n");
    std::string part(rest_.substr(0, end));
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 4);
    return part;
  }
  bool over() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace ms2m::test
