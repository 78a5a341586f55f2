#include <mutex>
#include <utility>

#include "report/event_json.hpp"
#include "report/progress.hpp"

namespace ms2m::report {

namespace {

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
