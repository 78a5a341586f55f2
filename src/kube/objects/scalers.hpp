// What scales a workload by itself: HorizontalPodAutoscalers and KEDA's ScaledObjects. Pure.
#pragma once
#include <optional>
#include <string>

#include "ms2m/json.hpp"

namespace ms2m {

/// The workload that is scaled.
struct ScaleTarget {
  std::string kind, name;
  bool in_apps = true;  ///< of the API group apps
};

struct HorizontalPodAutoscaler {
  std::string name;
  ScaleTarget target;
  int least = 1;
  std::optional<int> most;
  bool keeps_number = false;  ///< neither up nor down: by its own behaviour, or because there is one number only
  std::string keda;           ///< the ScaledObject that made it, as far as it says so itself
};
HorizontalPodAutoscaler parse_autoscaler(const Json& object);

struct ScaledObject {
  std::string name;
  ScaleTarget target;
  bool paused = false;
  std::string autoscaler;  ///< the name that its HorizontalPodAutoscaler has been given; empty: KEDA's own choice
};
ScaledObject parse_scaled_object(const Json& object);

/// The change that gives an autoscaler these bounds.
Json bounds_patch(int least, int most);

}  // namespace ms2m
