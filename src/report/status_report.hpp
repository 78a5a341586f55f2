// What `ms2m status` prints.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ms2m/json.hpp"
#include "ms2m/units.hpp"

namespace ms2m::report {

/// A migration as somebody sees it who does not run it. Empty: not known.
struct Status {
  std::string id;
  /// "running", "silent" (it runs, but does not answer: stopped, say), "crashed", "elsewhere" (its lease is held, from
  /// another machine or by another user), "unreadable", or how it ended.
  std::string state;
  std::string ns, source_pod, source_node, target_pod, target_node, queue, strategy;
  std::string holder;  ///< "root@host pid 17"
  std::string started, ended;
  std::string phase;
  std::optional<Seconds> in_phase;
  std::string text;  ///< what was done last
  std::optional<Bytes> done, total;
  std::vector<std::string> open;  ///< what is still to be undone or finished
  std::string error, remedy;
};

/// The table; `about`: where was looked, for "No migration is under way ABOUT."
std::string statuses_text(const std::vector<Status>& all, const std::string& about);
/// All of one.
std::string status_text(const Status& status);
/// One object of kind "status".
Json statuses_json(const std::vector<Status>& all);

}  // namespace ms2m::report
