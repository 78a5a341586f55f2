// What the fuzzed program could reach if it went wrong: a node below a temporary directory, with links that lead out of
// it, and beside it what must stay as it is.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "mutator.hpp"
#include "node/restore/store.hpp"
#include "wrap/posix/files.hpp"

namespace ms2m::test {

class World {
 public:
  World();
  /// As it was: what a run may change below the node is made anew.
  void reset();
  /// What is not as it must be after a run; empty: all is well. `may_stay_frozen`: a request may have asked for it.
  std::string wrong(bool may_stay_frozen) const;

  std::vector<std::string> program() const;
  std::vector<std::pair<std::string, std::string>> environment() const;
  const Words& words() const noexcept { return words_; }
  /// Restores that got data in a run.
  std::uint64_t verified() const;

 private:
  std::string path(const std::string& name) const { return (directory_.path() / name).string(); }
  std::map<std::string, std::string> outside() const;
  std::string wrong_data() const;
  std::vector<std::pair<node::RestorePlace, node::Record>> restores() const;
  posix::TempDir directory_{"ms2m-node-fuzz-"};
  Words words_;
  std::map<std::string, std::string> before_;
};

}  // namespace ms2m::test
