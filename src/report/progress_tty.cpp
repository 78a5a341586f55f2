#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <utility>

#include "report/event_lines.hpp"
#include "report/progress.hpp"
#include "report/units.hpp"

namespace ms2m::report {

namespace {

constexpr const char* kEraseLine = "\r\033[K";
constexpr Millis kRedrawEvery{100};

class TtyProgress final : public Observer {
 public:
  TtyProgress(std::ostream& out, ProgressOptions options)
      : out_(out), options_(std::move(options)), start_(options_.now()) {}

  ~TtyProgress() override {
    if (live_) out_ << kEraseLine << std::flush;
  }
  TtyProgress(const TtyProgress&) = delete;
  TtyProgress& operator=(const TtyProgress&) = delete;

  void on(const Event& event) noexcept override try {
    const std::lock_guard lock(mutex_);
    const TimePoint now = options_.now();
    switch (event.type) {
      case Event::Type::phase_started:
        return begin(event.phase, now);
      case Event::Type::progress:
        return progress(event, now);
      case Event::Type::step:
      case Event::Type::detail:
        if (options_.verbose) print(event, now);
        return draw(to_string(event.phase), printable(event.text));
      case Event::Type::undo:
        // What was undone is in the report at the end; what was not must not scroll away unseen.
        if (options_.verbose || !event.ok) print(event, now);
        return draw("Undoing", event.ok ? printable(event.text) : "");
      case Event::Type::phase_finished:
        if (running_ == event.phase) running_.reset();
        meter_.reset();
        print(event, now);
        if (running_) draw(to_string(*running_), "");
        return;
      default:
        print(event, now);
        if (running_) draw(to_string(*running_), "");
    }
  } catch (...) {
    // A report that cannot be written must not stop a migration.
  }

 private:
  void begin(Phase phase, TimePoint now) {
    running_ = phase;
    meter_.emplace(now);
    drawn_.reset();
    draw(to_string(phase), "");
  }

  void progress(const Event& event, TimePoint now) {
    const bool complete = event.total && *event.total == event.done;
    if (drawn_ && !complete && now - *drawn_ < kRedrawEvery) return;
    drawn_ = now;
    if (!meter_) meter_.emplace(now);
    draw(to_string(event.phase), meter_->describe(event, now));
  }

  /// The one line that is redrawn in place. One column stays free: some terminals wrap when the last one is written.
  void draw(const char* doing, const std::string& text) {
    const std::string line = fmt::format("{}... {}", doing, text);
    out_ << kEraseLine << fit(line, options_.columns > 1 ? options_.columns - 1 : 1) << std::flush;
    live_ = true;
  }

  void print(const Event& event, TimePoint now) {
    if (live_) out_ << kEraseLine;
    live_ = false;
    if (options_.verbose) out_ << fmt::format("[{:8.3f}] ", seconds_between(start_, now));
    out_ << event_line(event) << '\n' << std::flush;
  }

  std::ostream& out_;
  const ProgressOptions options_;
  const TimePoint start_;
  std::mutex mutex_;
  bool live_ = false;  // guarded by mutex_, as all below
  std::optional<Phase> running_;
  std::optional<TimePoint> drawn_;
  std::optional<TransferMeter> meter_;
};

}  // namespace

std::unique_ptr<Observer> make_tty_progress(std::ostream& out, ProgressOptions options) {
  return std::make_unique<TtyProgress>(out, std::move(options));
}

}  // namespace ms2m::report
