#include "engine/changes.hpp"

#include <fmt/format.h>

namespace ms2m {

Changes::Changes(Dials& dials, const Move& move, Journal& journal, TimePoint begin)
    : dials_(dials), journal_(journal), begin_(begin) {
  const MigrationRequest& request = move.request;
  dials_.open(move.plan.id, {request.downtime_limit, request.bandwidth.value_or(Bytes{0})},
              [this](const Dials::Wish& wish) { keep(wish); });
  const Procedure& procedure = move.plan.procedure;
  if (!procedure.relays() && !procedure.of_stream())
    dials_.close_downtime_limit(
        fmt::format("this move is a {}, which has no downtime limit", to_string(procedure.course)));
  if (!procedure.moves_memory())
    dials_.close_bandwidth(fmt::format("this move is a {}, which carries no checkpoint", to_string(procedure.course)));
}

void Changes::keep(const Dials::Wish& wish) {
  const auto change = [this](const char* option, const std::string& value) {
    journal_.changed(option, value);
    made_.push_back({Clock::now() - begin_, option, value});
  };
  if (wish.downtime_limit) change("downtime-limit", fmt::format("{}ms", wish.downtime_limit->count()));
  if (wish.bandwidth) change("bandwidth", std::to_string(wish.bandwidth->count));
}

std::vector<Change> Changes::end() {
  dials_.close("too late: the move has ended");
  return made_;
}

}  // namespace ms2m
