// Deletes what has lost its owner, and carries out Orphan and Foreground deletions
// (k8s.io/kubernetes/pkg/controller/garbagecollector).
#pragma once

#include "controllers/controller.hpp"

namespace ms2m::lab {

class GarbageCollector : public Controller {
 public:
  using Controller::Controller;
  void observe(const Event& event) override;

 private:
  using Visit = std::function<void(const ResourceType& type, const Json& dependent)>;

  void sync(const WorkKey& key) override;  // "plural|namespace" and name
  void check_owners(const ResourceType& type, const Json& object);
  void orphan_dependents(const ResourceType& type, const Json& owner);
  void delete_dependents(const ResourceType& type, const Json& owner);
  void for_each_dependent(const Json& owner, const Visit& visit);
  void drop_finalizer(const ResourceType& type, const Json& object, const char* finalizer);
  bool owner_exists(const Json& reference, const std::string& space) const;
  void enqueue_object(const ResourceType& type, const Json& object);
};

}  // namespace ms2m::lab
