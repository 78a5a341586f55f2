// Keeps the number of a ReplicaSet's pods (k8s.io/kubernetes/pkg/controller/replicaset).
#pragma once

#include "controllers/controller.hpp"

namespace ms2m::lab {

class ReplicaSetController : public Controller {
 public:
  using Controller::Controller;
  void observe(const Event& event) override;

 private:
  void sync(const WorkKey& key) override;
  void adjust(const Json& set, const std::vector<ObjectPtr>& active);
  void remove_surplus(const Json& set, std::vector<ObjectPtr> active, std::size_t count);
  void report(const Json& set, const std::vector<ObjectPtr>& pods);
};

}  // namespace ms2m::lab
