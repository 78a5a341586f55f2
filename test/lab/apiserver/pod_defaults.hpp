// What the API server fills in: defaults of a Pod, of a pod template, and what admission adds to a Pod.
#pragma once

#include "json.hpp"
#include "store.hpp"

namespace ms2m::lab {

// Defaults that pods and templates share (k8s.io/kubernetes/pkg/apis/core/v1/defaults.go).
void default_pod_spec(Json& spec);
// Those of a Pod alone, and its initial status.
void default_pod(Json& pod);

// The admission plugins ServiceAccount, DefaultTolerationSeconds and Priority. Throws ApiError 403 when the service
// account or the priority class does not exist.
void admit_pod(const Store& store, Json& pod);

std::string quality_of_service(const Json& spec);

}  // namespace ms2m::lab
