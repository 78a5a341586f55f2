#include "preflight/cpu_fit.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

namespace ms2m {
namespace {

// Names: Linux, arch/x86/include/asm/cpufeatures.h. Everything that adds instructions or state which user space can
// use.
bool is_instruction(const std::string& flag) {
  static const std::set<std::string_view> kNames{
      "3dnow",    "3dnowext",  "3dnowprefetch", "abm",        "adx",      "aes",        "bmi1",      "bmi2",
      "cldemote", "clflush",   "clflushopt",    "clwb",       "clzero",   "cmov",       "cmpccxadd", "cx16",
      "cx8",      "enqcmd",    "erms",          "f16c",       "fma",      "fma4",       "fpu",       "fsgsbase",
      "fsrm",     "fxsr",      "fxsr_opt",      "gfni",       "hle",      "ibt",        "lahf_lm",   "lam",
      "lm",       "lwp",       "mmx",           "mmxext",     "movbe",    "movdir64b",  "movdiri",   "mwaitx",
      "ospke",    "pclmulqdq", "pku",           "pni",        "popcnt",   "prefetchi",  "ptwrite",   "rdpid",
      "rdpru",    "rdrand",    "rdseed",        "rdtscp",     "rtm",      "serialize",  "sha512",    "sha_ni",
      "sm3",      "sm4",       "sse",           "sse2",       "sse4_1",   "sse4_2",     "sse4a",     "ssse3",
      "syscall",  "tbm",       "tsc",           "user_shstk", "vaes",     "vpclmulqdq", "waitpkg",   "wbnoinvd",
      "xgetbv1",  "xop",       "xsave",         "xsavec",     "xsaveopt", "xsaves"};
  return kNames.count(flag) > 0 || flag.rfind("avx", 0) == 0 || flag.rfind("amx_", 0) == 0;
}

}  // namespace

LackingFeatures lacking_features(const std::vector<std::string>& source, const std::vector<std::string>& target) {
  std::vector<std::string> lacking;
  std::set_difference(source.begin(), source.end(), target.begin(), target.end(), std::back_inserter(lacking));
  const bool x86 = std::binary_search(source.begin(), source.end(), "fpu");
  LackingFeatures result;
  for (std::string& flag : lacking) {
    auto& list = !x86 || is_instruction(flag) ? result.instructions : result.others;
    list.push_back(std::move(flag));
  }
  return result;
}

}  // namespace ms2m
