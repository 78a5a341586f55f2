// fuzz_NAME [--mutations N] SEEDS...: gives each seed (a file, or those of a directory) to the target, and N changes of
// them, in all: always the same. What libFuzzer does for a minute, with any compiler and in a second. Ends with status
// 1, and the input in ./finding-NAME, when anything but an Error comes out, or it takes too long or too much memory.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "mutate.hpp"
#include "target.hpp"

namespace {

namespace fs = std::filesystem;

constexpr unsigned kSeconds = 20;         // of one input, on a machine that has other work
constexpr long kMostMemory = 512L << 10;  // KiB more than before the first input
std::string finding, current;

/// Of a signal handler: the input is kept, and what was to happen happens.
void keep() {
  if (std::FILE* file = std::fopen(finding.c_str(), "wb")) {
    (void)!std::fwrite(current.data(), 1, current.size(), file);
    std::fclose(file);
  }
  std::fprintf(stderr, "the input is kept in %s\n", finding.c_str());
}

extern "C" void on_signal(int number) {
  if (number == SIGALRM) std::fprintf(stderr, "an input takes longer than %u s\n", kSeconds);
  keep();
  _exit(1);
}

void give(const std::string& input) {
  current = input;
  alarm(kSeconds);
  // A copy of its size: what reads behind its end is seen.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  alarm(0);
}

long peak() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

std::vector<std::string> seeds_in(const std::vector<fs::path>& places) {
  std::vector<fs::path> files;
  for (const fs::path& place : places) {
    if (!fs::is_directory(place))
      files.push_back(place);
    else
      for (const auto& each : fs::directory_iterator(place)) files.push_back(each.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> seeds;
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
      std::fprintf(stderr, "%s cannot be read\n", file.c_str());
      std::exit(2);
    }
    seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return seeds;
}

}  // namespace

#ifdef __SANITIZE_ADDRESS__
extern "C" void __sanitizer_set_death_callback(void (*callback)());
#endif

int main(int argc, char** argv) {
  std::size_t mutations = 4000;
  std::vector<fs::path> places;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--mutations") == 0 && i + 1 < argc)
      mutations = std::strtoul(argv[++i], nullptr, 10);
    else
      places.emplace_back(argv[i]);
  }
  finding = "finding-" + fs::path(argv[0]).filename().string();
  const auto seeds = seeds_in(places);
  if (seeds.empty()) {
    std::fprintf(stderr, "there is no seed\n");
    return 2;
  }
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_set_death_callback(keep);
#else
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(number, on_signal);
#endif
  for (const int number : {SIGABRT, SIGALRM}) std::signal(number, on_signal);

  for (const std::string& seed : seeds) give(seed);
  const long before = peak();
  ms2m::test::Mutate mutate(1);
  for (std::size_t i = 0; i < mutations; ++i) {
    give(mutate(seeds[i % seeds.size()]));
    if (peak() - before > kMostMemory) {
      std::fprintf(stderr, "an input takes more than %ld MiB\n", kMostMemory >> 10);
      keep();
      return 1;
    }
  }
  std::printf("%zu seeds, %zu changes of them: nothing but errors and values\n", seeds.size(), mutations);
  return 0;
}
