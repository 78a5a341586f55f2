// Sessions that nobody's ms2m would lead: valid ones with wrong values, wrong frames and wrong bytes in them.
#pragma once
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "ms2m/json.hpp"

namespace ms2m::test {

/// What means something to the program: directories of archives, layouts, archives, IDs, names, and what only looks so.
using Words = std::array<std::vector<std::string>, 6>;

struct Session {
  std::string bytes;
  std::size_t pause = 0;  ///< so many bytes first, the others when channel 2 was heard of; 0: all at once
  bool silent = false;    ///< does not close its stream: the program ends it after a tenth of a second
};

/// The same seed and words give the same sessions.
class Mutator {
 public:
  /// `words` must outlive it.
  Mutator(std::uint64_t seed, const Words& words) : random_(seed), words_(words) {}

  Session session();
  std::string word();
  Json value(int depth);
  /// Changes some of its bytes.
  void spoil(std::string& bytes);
  bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }
  /// It has a request in it that lets a container stay frozen.
  bool may_stay_frozen() const noexcept { return stays_; }
  std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_); }

 private:
  std::string word(const std::vector<std::string>& fitting);
  Json request();
  std::string frame(std::uint32_t channel);
  /// What may be sent in a stream, nearly right.
  std::string layer();
  std::string checkpoint();
  /// What comes after the credit for it on channel 2.
  std::string upload(const std::string& bytes);
  std::mt19937_64 random_;
  const Words& words_;
  bool stays_ = false;
};

}  // namespace ms2m::test
