#include "wrap/pcre/pattern.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <memory>

namespace ms2m::pcre {
namespace {

constexpr std::size_t kMaxPattern = 4096;
constexpr std::uint32_t kMaxSteps = 1'000'000;  ///< tens of milliseconds
constexpr std::uint32_t kMaxHeapKib = 16 * 1024;

template <auto release>
struct Free {
  template <typename Handle>
  void operator()(Handle* handle) const noexcept {
    release(handle);
  }
};

using CompileContext = std::unique_ptr<pcre2_compile_context, Free<pcre2_compile_context_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Free<pcre2_match_context_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Free<pcre2_match_data_free>>;
using Code = std::unique_ptr<pcre2_code, Free<pcre2_code_free>>;

PCRE2_SPTR bytes(const std::string& text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

Code compile(const std::string& pattern) {
  const CompileContext context(pcre2_compile_context_create(nullptr));
  if (!context) return nullptr;
  pcre2_set_max_pattern_length(context.get(), kMaxPattern);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);  // Erlang's, whatever the library was built with
  int error = 0;
  PCRE2_SIZE at = 0;
  return Code(pcre2_compile(bytes(pattern), pattern.size(), 0, &error, &at, context.get()));
}

}  // namespace

Match search(const std::string& pattern, const std::string& text) {
  const Code code = compile(pattern);
  if (!code) return Match::unknown;
  const MatchContext context(pcre2_match_context_create(nullptr));
  const MatchData data(pcre2_match_data_create(1, nullptr));
  if (!context || !data) return Match::unknown;
  pcre2_set_match_limit(context.get(), kMaxSteps);
  pcre2_set_heap_limit(context.get(), kMaxHeapKib);
  const int result = pcre2_match(code.get(), bytes(text), text.size(), 0, 0, data.get(), context.get());
  if (result >= 0) return Match::yes;
  return result == PCRE2_ERROR_NOMATCH ? Match::no : Match::unknown;
}

}  // namespace ms2m::pcre
