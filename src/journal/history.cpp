#include "journal/history.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <fstream>

#include "journal/line.hpp"

namespace ms2m {
namespace {

constexpr std::streamoff kRead = 256 << 10;  ///< of the end of the file: hundreds of moves

constexpr Phase kPhases[] = {Phase::preparing, Phase::checkpointing, Phase::transferring,
                             Phase::restoring, Phase::replaying,     Phase::finalizing};

PastMove move_of(const Json& record) {
  PastMove move{record.at("from"), record.at("to"), record.at("kind"), Bytes{record.at("memory")}, {}};
  for (const Phase phase : kPhases)
    if (const auto seconds = record.at("phases").find(to_string(phase)); seconds != record.at("phases").end())
      move.phases.push_back({phase, Seconds(seconds->get<double>()), ""});
  return move;
}

}  // namespace

std::string kind_of(const Plan& plan, const MigrationRequest& request) {
  const Procedure& p = plan.procedure;
  return fmt::format("{} {} {} {}{}{}{}{}{}{}{}",
                     p.course == Course::fanout   ? "fanout"
                     : p.course == Course::hybrid ? "hybrid"
                                                  : to_string(p.strategy),
                     to_string(p.workload), p.protocol == Protocol::none ? "none" : "control",
                     request.prefer == Prefer::total ? "total" : "gap", p.by_handler() ? " handler" : "",
                     p.checkpoint == CheckpointBy::runtime ? " runtime" : "",
                     p.memory_follows() ? fmt::format(" {}", to_string(p.pages)) : "", p.rounds > 0 ? " precopy" : "",
                     p.carriage == Carriage::relay ? "" : fmt::format(" {}", to_string(p.carriage)),
                     p.compression == Compression::none ? "" : fmt::format(" {}", to_string(p.compression)),
                     request.bandwidth ? fmt::format(" {} B/s", request.bandwidth->count) : "");
}

void History::add(const PastMove& move) const {
  Json phases = Json::object();
  for (const PhaseTiming& phase : move.phases) phases[to_string(phase.phase)] = phase.elapsed.count();
  const std::string line = Json{{"v", 1},
                                {"from", move.from},
                                {"to", move.to},
                                {"kind", move.kind},
                                {"memory", move.memory.count},
                                {"phases", std::move(phases)}}
                               .dump(-1, ' ', false, Json::error_handler_t::replace) +
                           "\n";
  const int fd = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  // One write, so that of two processes each line is whole.
  [[maybe_unused]] const auto written = ::write(fd, line.data(), line.size());
  ::close(fd);
}

std::vector<PastMove> History::moves() const {
  std::vector<PastMove> all;
  std::ifstream in(file_, std::ios::binary | std::ios::ate);
  if (!in) return all;
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(0, size - kRead));
  std::string line;
  if (size > kRead) std::getline(in, line);  // the rest of one
  while (std::getline(in, line)) {
    const Json record = Json::parse(line, nullptr, false);
    try {
      if (record.is_object() && has_our_numbers(record) && record.at("v") == 1) all.push_back(move_of(record));
    } catch (const Json::exception&) {
      // Half a line, or somebody else's.
    }
  }
  return all;
}

}  // namespace ms2m
