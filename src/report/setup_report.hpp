// What `ms2m node setup` prints.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "ms2m/node_setup.hpp"

namespace ms2m::report {

/// Where a node has come to.
enum class SetupState { shown, done, nothing, failed };

struct NodeOfSetup {
  std::string node;
  NodeSetupPlan plan{};
  SetupState state = SetupState::shown;
  std::optional<Error> failure{};
  bool restarted = false;
  bool to_restart = false;  ///< its container runtime has not read what was changed
};

/// The object, once per cluster. Empty: stays as it is.
struct ClassOfSetup {
  std::string change;              ///< "created", "changed", "removed" or "unchanged"
  std::vector<std::string> nodes;  ///< that have the handler then
};

/// Each file that changes, as a unified diff where it is a text.
std::string setup_plan_text(const NodeOfSetup& node);
/// "worker-1: done"; with the command that is left to a person.
std::string setup_result_text(const NodeOfSetup& node);
/// One object of kind "node setup".
Json setup_json(const std::vector<NodeOfSetup>& nodes, const ClassOfSetup& runtime_class, bool dry_run, int status);

/// Lines before and after, those that are the same at both ends left out but for three; "" when there is no difference.
std::string unified_diff(const std::string& path, const std::optional<std::string>& before,
                         const std::optional<std::string>& after);
/// "created", "changed", "removed", "unchanged"
const char* change_word(const SetupFile& file) noexcept;
/// To be typed where ssh leads to.
std::string restart_command(const NodeOfSetup& node);

}  // namespace ms2m::report
