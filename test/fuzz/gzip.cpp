// Changes of a root file system as containerd compressed them.
#include <algorithm>
#include <cstring>

#include "node/handler/gunzip.hpp"
#include "target.hpp"

using namespace ms2m;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  test::read([&] {
    const node::ReadBytes plain = node::plain([&, at = std::size_t{0}](char* into, std::size_t most) mutable {
      const auto some = std::min({most, size - at, std::size_t{777}});
      if (some > 0) std::memcpy(into, data + at, some);
      at += some;
      return some;
    });
    std::uint64_t out = 0;
    char chunk[4096];
    while (const auto got = plain(chunk, sizeof chunk)) out += got;
    test::must(out <= size * 1100 + 1100, "no more than such a stream can hold");
  });
  return 0;
}
