// Keeps the ordinals of a StatefulSet (k8s.io/kubernetes/pkg/controller/statefulset).
#pragma once

#include "controllers/controller.hpp"
#include "controllers/statefulset_revisions.hpp"

namespace ms2m::lab {

class StatefulSetController : public Controller {
 public:
  using Controller::Controller;
  void observe(const Event& event) override;

 private:
  using Ordinals = std::map<std::int64_t, ObjectPtr>;

  void sync(const WorkKey& key) override;
  // Creates what is missing, in order; false when something has to be waited for.
  bool fill(const Json& set, const Revisions& revisions, const Ordinals& pods);
  bool fill_ordinal(const Json& set, const Revisions& revisions, std::int64_t ordinal, const ObjectPtr& pod);
  bool remove_condemned(const Json& set, const Ordinals& pods);
  void roll(const Json& set, const Revisions& revisions, const Ordinals& pods);
  void create_replica(const Json& set, const Revisions& revisions, std::int64_t ordinal);
  void create_claims(const Json& set, std::int64_t ordinal);
  void remove_pod(const Json& set, const Json& pod);
  void repair_identity(const Json& set, const Json& pod, std::int64_t ordinal);
  void report(const Json& set, const Revisions& revisions);
};

}  // namespace ms2m::lab
