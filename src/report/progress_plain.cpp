#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "report/event_lines.hpp"
#include "report/progress.hpp"

namespace ms2m::report {

namespace {

class PlainProgress final : public Observer {
 public:
  PlainProgress(std::ostream& out, ProgressOptions options)
      : out_(out), options_(std::move(options)), start_(options_.now()) {}

  void on(const Event& event) noexcept override try {
    if (event.type == Event::Type::step && !options_.verbose) return;  // the details tell what came of it
    const std::string line = event_line(event);
    if (line.empty()) return;
    const std::lock_guard lock(mutex_);
    if (options_.verbose) out_ << fmt::format("[{:8.3f}] ", seconds_between(start_, options_.now()));
    out_ << line << '\n' << std::flush;
  } catch (...) {
    // A report that cannot be written must not stop a migration.
  }

 private:
  std::ostream& out_;
  const ProgressOptions options_;
  const TimePoint start_;
  std::mutex mutex_;
};

class QuietProgress final : public Observer {
 public:
  explicit QuietProgress(std::ostream& out) : out_(out) {}

  void on(const Event& event) noexcept override try {
    const bool matters = event.type == Event::Type::warning || (event.type == Event::Type::undo && !event.ok);
    if (!matters) return;
    const std::lock_guard lock(mutex_);
    out_ << event_line(event) << '\n' << std::flush;
  } catch (...) {
    // See PlainProgress.
  }

 private:
  std::ostream& out_;
  std::mutex mutex_;
};

}  // namespace

std::unique_ptr<Observer> make_plain_progress(std::ostream& out, ProgressOptions options) {
  return std::make_unique<PlainProgress>(out, std::move(options));
}

std::unique_ptr<Observer> make_quiet_progress(std::ostream& out) { return std::make_unique<QuietProgress>(out); }

}  // namespace ms2m::report
