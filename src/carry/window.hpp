// How much of a stream may be on its way, by what its reader grants.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>

namespace ms2m {

/// The first grant is size(); the next ones are what take() returns. Not thread-safe.
class Window {
 public:
  explicit Window(std::uint32_t size) : size_(size) {}

  std::uint32_t size() const noexcept { return size_; }
  /// From now on: a larger one is granted with the next take(), a smaller one by granting less until it is reached.
  void resize(std::uint32_t size) noexcept {
    due_ += std::int64_t{size} - std::int64_t{size_};
    size_ = size;
  }
  /// So much has come. How much more may come then; 0: nothing is granted yet.
  std::uint32_t take(std::size_t bytes) noexcept {
    due_ += static_cast<std::int64_t>(bytes);
    return due_ >= std::int64_t{size_ / 4} ? static_cast<std::uint32_t>(std::exchange(due_, 0)) : 0;
  }

 private:
  std::uint32_t size_;
  std::int64_t due_ = 0;  ///< to be granted
};

}  // namespace ms2m
