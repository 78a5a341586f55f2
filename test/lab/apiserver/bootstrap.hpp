// What a new cluster holds before anybody uses it, and the objects of a manifest directory.
#pragma once

#include "store.hpp"

namespace ms2m::lab {

// Namespaces, RBAC's bootstrap policy as far as the lab needs it, priority classes.
void load_bootstrap_objects(Store& store, const std::string& ca_file);

// Every *.yaml, *.yml and *.json of the directory, in order of the names; created, or replaced when already there.
// Throws std::runtime_error that names the file.
void load_manifests(Store& store, const std::string& directory);

// The service account `default` and the config map kube-root-ca.crt of a namespace. Idempotent.
void fill_namespace(Store& store, const std::string& space);

}  // namespace ms2m::lab
