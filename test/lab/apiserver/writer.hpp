// create, update, patch and delete, of objects, their status and their scale.
#pragma once

#include "call.hpp"
#include "store.hpp"

namespace ms2m::lab {

class Writer {
 public:
  explicit Writer(Store& store) : store_(store) {}

  Answer create(const Call& call, const ResourceType& type) const;
  Answer update(const Call& call, const ResourceType& type) const;  // the object or its status
  Answer patch(const Call& call, const ResourceType& type) const;
  Answer remove(const Call& call, const ResourceType& type) const;

  Answer scale(const Call& call, const ResourceType& type) const;  // get, update, patch
  Answer bind(const Call& call) const;                             // pods/binding
  Answer evict(const Call& call) const;                            // pods/eviction

 private:
  using Wanted = std::function<Json(const Json& before)>;  // what the client wants the object to be
  Answer change(const Call& call, const ResourceType& type, const Wanted& wanted) const;

  Store& store_;
};

// The body of a request, JSON or YAML, of the kind that `type` has. Throws BadRequest as the API server words it.
Json parse_body(const Call& call, const std::string& kind);
Json success_status(const Json& details);

}  // namespace ms2m::lab
