// libFuzzer's own changes, and ours, which know numbers, lines and JSON.
#include <algorithm>

#include "mutate.hpp"
#include "target.hpp"

// NOLINTBEGIN: libFuzzer's names
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  if (seed % 2 == 0) return LLVMFuzzerMutate(data, size, most);
  const std::string changed = ms2m::test::Mutate(seed)(ms2m::test::text_of(data, size));
  const std::size_t taken = std::min(changed.size(), most);
  std::copy_n(changed.begin(), taken, data);
  return taken;
}
// NOLINTEND
