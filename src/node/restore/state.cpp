#include "node/restore/state.hpp"

#include <algorithm>

namespace ms2m::node {
namespace {

std::string bare(const std::string& image) { return image.starts_with("sha256:") ? image.substr(7) : image; }

Decision refuse(const std::string& why) { return {AtCreate::refuse, why}; }

Decision at_prepared(const Record& record, const Asking& asking, std::uint64_t now) {
  if (now >= record.expires) return refuse("was not used in its time");
  // Before anything is waited for: whoever watches the pod learns it while its source still works.
  if (!asking.image_id.empty() && bare(asking.image_id) != bare(record.target.image_id))
    return refuse("is of image " + bare(record.target.image_id).substr(0, 12) +
                  ", but the pod's image on this node is " + bare(asking.image_id).substr(0, 12));
  if (record.uid.empty()) return {AtCreate::wait, "the pod to be bound to it"};
  if (!record.ready) return {AtCreate::wait, "its data"};
  return {AtCreate::restore, ""};
}

}  // namespace

const std::vector<StateRow>& state_table() {
  using enum RestoreState;
  static const std::vector<StateRow> rows{
      {unknown, {}, AtCreate::refuse, "is not known on this node"},
      {prepared, {unknown}, AtCreate::wait, ""},
      {taken, {prepared}, AtCreate::refuse, "was begun before, and is not begun twice"},
      {restored, {taken}, AtCreate::refuse, "was done before, and its copy has ended"},
      {done, {restored}, AtCreate::cold, ""},
      {voided, {prepared, taken, restored}, AtCreate::refuse, "was taken back"},
  };
  return rows;
}

bool may_become(RestoreState from, RestoreState to) {
  const auto& row = state_table().at(static_cast<std::size_t>(to));
  return from == to || std::count(row.from.begin(), row.from.end(), from) > 0;
}

Decision decide(const std::optional<Record>& record, const Asking& asking, std::uint64_t now) {
  const auto& row = state_table().at(static_cast<std::size_t>(record ? record->state : RestoreState::unknown));
  if (!record) return refuse(row.why);
  const RestoreTarget& target = record->target;
  const bool other_pod =
      target.ns != asking.ns || target.pod != asking.pod || (!record->uid.empty() && record->uid != asking.uid);
  if (other_pod || target.container != asking.container)
    return refuse("is for another " + std::string(other_pod ? "pod" : "container"));
  if (row.state == RestoreState::prepared) return at_prepared(*record, asking, now);
  if (row.state == RestoreState::voided && !record->failure.empty()) return refuse("is void: " + record->failure);
  return {row.create, row.why};
}

}  // namespace ms2m::node
