// Per-kind rules of creation and change: defaults, admission, validation, and which part a request may touch
// (k8s.io/kubernetes/pkg/registry/*/strategy.go).
#pragma once

#include "store.hpp"

namespace ms2m::lab {

// Makes a request's object ready to be stored. Throws ApiError.
void prepare_for_create(const Store& store, const ResourceType& type, Json& object);

// Which part of an object an update may change.
enum class Part { kMain, kStatus };

// `after` is what the client wants; gets back what it may not change. Throws ApiError 422.
void prepare_for_update(const ResourceType& type, Part part, const Json& before, Json& after);

}  // namespace ms2m::lab
