// The nodes that the pods of an emptied one go to.
#pragma once
#include <map>
#include <mutex>
#include <set>
#include <string>

namespace ms2m::cli {

/// May be called from several threads.
class DrainTargets {
 public:
  void add(const std::string& node);
  bool empty() const { return given_.empty(); }
  /// The one to which the fewest are to go, of those that are not among `asked`; it is given one more. Empty: none is
  /// left.
  std::string next(const std::set<std::string>& asked);
  /// It does not take what it was given.
  void give_back(const std::string& node);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> given_;
};

}  // namespace ms2m::cli
