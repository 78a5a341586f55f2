#include "undo/new_copy.hpp"

#include <fmt/format.h>

#include "handover/queue_names.hpp"

namespace ms2m {

void send_to_hold(const Migrator::Ports& ports, const std::string& control, const std::string& hold,
                  const StopToken& stop) {
  ports.broker.purge_queue(control, stop);
  ports.broker.publish({"", control, start_replay(hold, "hold", ""), "application/json", ""}, stop);
}

Error name_is_taken(const ObjectRef& pod) {
  return Error(ErrorKind::conflict, fmt::format("a pod {} that is not ms2m's has taken the name", pod.name),
               "delete it, then resume");
}

}  // namespace ms2m
