#include "node/runtime/tool.hpp"
#include "node/setup/setup.hpp"

namespace ms2m::node {

void restart_runtime(const SetupPlace& place, const StopToken& stop) {
  const RuntimeRow& row = row_of(place);
  const auto result = run_tool({"systemctl", "restart", row.service}, stop);
  if (!result)
    throw not_understood(place, "there is no systemctl", std::string("restart ") + row.service + " there by hand");
  if (!result->ok()) throw tool_error(std::string("restarting ") + row.service, place.node, *result);
}

}  // namespace ms2m::node
