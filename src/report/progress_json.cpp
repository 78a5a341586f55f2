#include <mutex>
#include <utility>

#include "ms2m/json.hpp"
#include "report/outcome_report.hpp"
#include "report/progress.hpp"

namespace ms2m::report {

namespace {

const char* type_word(Event::Type type) {
  switch (type) {
    case Event::Type::phase_started:
      return "phase_started";
    case Event::Type::phase_finished:
      return "phase_finished";
    case Event::Type::step:
      return "step";
    case Event::Type::detail:
      return "detail";
    case Event::Type::progress:
      return "progress";
    case Event::Type::note:
      return "note";
    case Event::Type::warning:
      return "warning";
    case Event::Type::undo:
      return "undo";
  }
  return "?";
}

Json event_json(const Event& event, Seconds since_start) {
  Json json = {{"schema", kSchema},
               {"kind", "event"},
               {"type", type_word(event.type)},
               {"at_s", seconds_json(since_start)},
               {"phase", to_string(event.phase)},
               {"text", event.text}};
  if (event.type == Event::Type::phase_finished) json["seconds"] = seconds_json(event.elapsed);
  if (event.type == Event::Type::warning) json["remedy"] = event.remedy;
  if (event.type == Event::Type::undo) json["ok"] = event.ok;
  if (event.type == Event::Type::progress) {
    json["bytes"] = event.done.count;
    json["total_bytes"] = event.total ? Json(event.total->count) : Json(nullptr);
  }
  return json;
}

class JsonProgress final : public Observer {
 public:
  JsonProgress(std::ostream& out, ProgressOptions options)
      : out_(out), options_(std::move(options)), start_(options_.now()) {}

  void on(const Event& event) noexcept override try {
    const std::lock_guard lock(mutex_);
    const Json json = event_json(event, Seconds(options_.now() - start_));
    out_ << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
  } catch (...) {
    // A report that cannot be written must not stop a migration.
  }

 private:
  std::ostream& out_;
  const ProgressOptions options_;
  const TimePoint start_;
  std::mutex mutex_;
};

}  // namespace

std::unique_ptr<Observer> make_json_progress(std::ostream& out, ProgressOptions options) {
  return std::make_unique<JsonProgress>(out, std::move(options));
}

}  // namespace ms2m::report
