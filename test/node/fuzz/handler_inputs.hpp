// What the runtime handler reads and did not write: bundles, records, command lines, a container's changed files.
#pragma once
#include <string>

#include "mutator.hpp"
#include "wrap/posix/files.hpp"

namespace ms2m::test {

/// A root file system that changes are put over, in this process, with what must stay as it is beside it.
class HandlerInputs {
 public:
  HandlerInputs();
  /// One of each, nearly right. What was wrong with what became of them; empty: they were taken or refused.
  std::string run(Mutator& mutator);

 private:
  std::string put_changes(Mutator& mutator);
  posix::TempDir directory_{"ms2m-changes-fuzz-"};
};

}  // namespace ms2m::test
