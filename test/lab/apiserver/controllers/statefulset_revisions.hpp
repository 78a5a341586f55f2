// The ControllerRevisions of a StatefulSet: which templates it has had, and the label that names each.
#pragma once

#include "store.hpp"

namespace ms2m::lab {

struct Revisions {
  std::string current;  // what new pods below the partition get
  std::string update;   // that of the present template
  Json current_template;
};

// Adopts, creates and renumbers ControllerRevisions as needed. The name depends on the template alone, so a set that is
// created again asks for the label that its orphaned pods carry.
Revisions revisions_of(Store& store, const Json& set);

}  // namespace ms2m::lab
