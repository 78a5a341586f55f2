// Whether the checkpoint arrives in time when it may not take the whole network.
#include <fmt/format.h>

#include "plan/facts.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {

void check_bandwidth(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  const Bytes memory = facts.source.look.memory;
  if (!request.bandwidth || memory.count == 0) return;
  const Seconds takes(static_cast<double>(memory.count) / static_cast<double>(request.bandwidth->count));
  const bool compressed = facts.procedure.compression != Compression::none;
  const std::string text = fmt::format(
      "a checkpoint of about {:.1f} MB takes {:.1f} s at {:.1f} MB a second{}", static_cast<double>(memory.count) / 1e6,
      takes.count(), static_cast<double>(request.bandwidth->count) / 1e6, compressed ? ", or less, compressed" : "");
  const bool restoring = facts.procedure.memory_follows();  // its memory travels then
  if (facts.procedure.pages == Pages::lazy) return out.push_back({"bandwidth", Level::ok, text, ""});
  const Seconds limit = restoring ? request.timeouts.restore : request.timeouts.transfer;
  if (takes > limit)
    return out.push_back(
        {"bandwidth", Level::warning,
         fmt::format("{}, longer than the {}'s limit of {:.0f} s", text, restoring ? "restore" : "transfer",
                     limit.count()),
         fmt::format("allow more with --bandwidth or {}", restoring ? "--restore-timeout" : "--transfer-timeout")});
  out.push_back({"bandwidth", Level::ok, text, ""});
}

}  // namespace ms2m
