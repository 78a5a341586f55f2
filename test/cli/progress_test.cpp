// The renderers of progress, with a clock of the test's own.
#include <sstream>

#include "golden.hpp"
#include "ms2m/json.hpp"
#include "report/event_lines.hpp"
#include "report/progress.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::report;

namespace {

struct Stage {
  TimePoint time{};
  std::ostringstream out;

  ProgressOptions options(bool verbose = false) {
    ProgressOptions options;
    options.verbose = verbose;
    options.columns = 60;
    options.now = [this] { return time; };
    return options;
  }
};

Event event(Event::Type type, Phase phase, std::string text = {}) {
  Event made;
  made.type = type;
  made.phase = phase;
  made.text = std::move(text);
  return made;
}

Event bytes(std::uint64_t done, std::uint64_t total) {
  Event made = event(Event::Type::progress, Phase::transferring);
  made.done = Bytes{done};
  made.total = Bytes{total};
  return made;
}

/// One migration's events, half a second apart.
void play(Observer& observer, Stage& stage) {
  const auto emit = [&](Event e) {
    observer.on(e);
    stage.time += Millis(500);
  };
  emit(event(Event::Type::note, Phase::preparing, "queue app.events, from annotation ms2m.io/queue"));
  emit(event(Event::Type::phase_started, Phase::checkpointing));
  emit(event(Event::Type::detail, Phase::checkpointing, "source is\nquiet\x1b[2J"));
  emit(event(Event::Type::step, Phase::checkpointing, "send consumer-0 to the empty queue ms2m.m7k2q9.hold"));
  Event finished = event(Event::Type::phase_finished, Phase::checkpointing, "kubelet checkpoint");
  finished.elapsed = Seconds(0.478);
  emit(finished);
  emit(event(Event::Type::phase_started, Phase::transferring));
  emit(bytes(10 << 20, 40 << 20));
  Event compressed = bytes(30 << 20, 40 << 20);
  compressed.travelled = Bytes{11 << 20};
  emit(compressed);
  emit(bytes(40 << 20, 40 << 20));
  finished = event(Event::Type::phase_finished, Phase::transferring);
  finished.elapsed = Seconds(2);
  emit(finished);
  Event warning = event(Event::Type::warning, Phase::restoring, "the pod waits for its image");
  warning.remedy = "none needed";
  emit(warning);
  Event undo = event(Event::Type::undo, Phase::restoring, "delete queue ms2m.m7k2q9.hold");
  emit(undo);
  undo.ok = false;
  emit(undo);
}

std::string visible(std::string text) {
  std::string shown;
  for (const char c : text) {
    if (c == '\r')
      shown += "<CR>";
    else if (c == '\033')
      shown += "<ESC>";
    else
      shown += c;
  }
  return shown;
}

}  // namespace

TEST_CASE("plain progress is one line per phase and step, without control characters") {
  Stage stage;
  play(*make_plain_progress(stage.out, stage.options()), stage);
  test::check_golden("progress_plain.txt", stage.out.str());
  for (const char c : stage.out.str()) CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
}

TEST_CASE("verbose progress tells the time") {
  Stage stage;
  play(*make_plain_progress(stage.out, stage.options(true)), stage);
  test::check_golden("progress_verbose.txt", stage.out.str());
}

TEST_CASE("a terminal shows bytes, rate and time left in place") {
  Stage stage;
  play(*make_tty_progress(stage.out, stage.options()), stage);
  test::check_golden("progress_tty.txt", visible(stage.out.str()));
}

TEST_CASE("progress is redrawn at most ten times a second") {
  Stage stage;
  const auto tty = make_tty_progress(stage.out, stage.options());
  tty->on(event(Event::Type::phase_started, Phase::transferring));
  for (int i = 1; i < 1000; ++i) {
    tty->on(bytes(static_cast<std::uint64_t>(i), 100000));
    stage.time += Millis(1);
  }
  std::size_t redrawn = 0;
  for (const char c : stage.out.str()) redrawn += c == '\r' ? 1 : 0;
  CHECK(redrawn <= 11);
}

TEST_CASE("JSON progress is one object per line") {
  Stage stage;
  play(*make_json_progress(stage.out, stage.options()), stage);
  std::istringstream lines(stage.out.str());
  std::string line;
  std::size_t count = 0;
  while (std::getline(lines, line)) {
    const Json json = Json::parse(line);
    CHECK(json["schema"] == "ms2m/v1");
    CHECK(json["kind"] == "event");
    ++count;
  }
  CHECK(count == 13);
  test::check_golden("progress.jsonl", stage.out.str());
}

TEST_CASE("quiet progress keeps warnings and failed undo entries") {
  Stage stage;
  play(*make_quiet_progress(stage.out), stage);
  test::check_golden("progress_quiet.txt", stage.out.str());
}

TEST_CASE("of what is compressed, both sizes are told, and the rate of what arrives") {
  const TransferMeter meter(TimePoint{});
  Event progress = bytes(30 << 20, 40 << 20);
  progress.travelled = Bytes{11 << 20};
  CHECK(meter.describe(progress, TimePoint{} + Millis(1000)) ==
        "30.0 MiB of 40.0 MiB, 30.0 MiB/s, 333ms left, compressed to 11.0 MiB");
  progress.travelled = Bytes{(30 << 20) + 8};  // of what does not compress
  CHECK(meter.describe(progress, TimePoint{} + Millis(1000)) == "30.0 MiB of 40.0 MiB, 30.0 MiB/s, 333ms left");
}
