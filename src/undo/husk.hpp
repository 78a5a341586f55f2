// What is left at the source of a process that goes on elsewhere.
#pragma once
#include <string>

#include "ms2m/cluster.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// One that is quiet stands still from before its pod's deletion until it is killed: its shutdown code would speak for
/// the living one. Its node thaws it when ms2m dies or says nothing, and before the kubelet would start it again
/// because it does not answer.
class Husk {
 public:
  /// Freezes that container of the pod. Where that cannot be (empty name, another pod by now, a node that does not
  /// answer, a probe that would not bear it), it goes on, and its kubelet ends it.
  Husk(const Migrator::Ports& ports, const ObjectRef& ref, const std::string& uid, const std::string& container,
       const StopToken& stop);
  /// Thaws it, unless gone().
  ~Husk();
  Husk(const Husk&) = delete;
  Husk& operator=(const Husk&) = delete;

  /// Its pod is being deleted: nothing wakes it any more but its node's limit.
  void gone() noexcept { frozen_.clear(); }

 private:
  const Migrator::Ports& ports_;
  std::string node_, frozen_;
};

}  // namespace ms2m
