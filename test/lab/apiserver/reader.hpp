// get, list and watch.
#pragma once

#include "call.hpp"
#include "faults.hpp"
#include "store.hpp"

namespace ms2m::lab {

class Reader {
 public:
  Reader(Store& store, const Faults& faults) : store_(store), faults_(faults) {}

  Answer get(const Call& call, const ResourceType& type) const;
  Answer list(const Call& call, const ResourceType& type) const;
  Answer watch(const Call& call, const ResourceType& type) const;

 private:
  void wait_for_revision(std::uint64_t revision) const;

  Store& store_;
  const Faults& faults_;
};

}  // namespace ms2m::lab
