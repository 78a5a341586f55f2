#include "cli/settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <utility>

#include "cli/quantity.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

template <typename Value, std::size_t count>
using Words = std::array<std::pair<const char*, Value>, count>;

template <typename Value, std::size_t count>
Value choice(const std::string& text, const Words<Value, count>& words) {
  std::string known;
  for (const auto& [word, value] : words) {
    if (text == word) return value;
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  throw Error(ErrorKind::usage, "'" + text + "' is not one of " + known);
}

constexpr Words<Strategy, 4> kStrategies{{{"shadow", Strategy::shadow},
                                          {"handoff", Strategy::handoff},
                                          {"sequential", Strategy::sequential},
                                          {"replay", Strategy::replay}}};
constexpr Words<SourceExit, 2> kSourceExits{{{"kill", SourceExit::kill}, {"graceful", SourceExit::graceful}}};
constexpr Words<Replay, 2> kReplays{{{"exact", Replay::exact}, {"fanout", Replay::fanout}}};
constexpr Words<Protocol, 2> kProtocols{{{"control", Protocol::control}, {"none", Protocol::none}}};
constexpr Words<Prefer, 2> kPreferences{{{"gap", Prefer::gap}, {"total", Prefer::total}}};
constexpr Words<RestoreChoice, 3> kRestores{
    {{"auto", RestoreChoice::automatic}, {"handler", RestoreChoice::handler}, {"image", RestoreChoice::image}}};
constexpr Words<CheckpointBy, 2> kCheckpoints{{{"kubelet", CheckpointBy::kubelet}, {"runtime", CheckpointBy::runtime}}};
constexpr Words<Pages, 4> kPages{
    {{"files", Pages::files}, {"stream", Pages::stream}, {"lazy", Pages::lazy}, {"auto", Pages::automatic}}};
constexpr Words<KubeletPath, 2> kKubeletPaths{{{"proxy", KubeletPath::proxy}, {"direct", KubeletPath::direct}}};

constexpr Words<Compression, 3> kCompressions{
    {{"none", Compression::none}, {"zstd", Compression::zstd}, {"auto", Compression::automatic}}};
constexpr Words<Carriage, 2> kSshPaths{{{"relay", Carriage::relay}, {"direct", Carriage::direct}}};

/// A setting whose value is one of a few words: checked by them, completed from them.
template <const auto& kWords, auto kField>
Setting word_setting(const char* name, const char* help) {
  Setting setting{name, "WORD", help, [](MigrationRequest& r, const std::string& v) { r.*kField = choice(v, kWords); }};
  for (const auto& entry : kWords) setting.words.emplace_back(entry.first);
  return setting;
}

std::optional<unsigned> parse_rounds(const std::string& text) {
  constexpr unsigned kMost = 8;  // later ones carry what changes all the time
  if (text == "auto") return std::nullopt;
  if (text == "off") return 0;
  unsigned rounds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rounds);
  const bool too_large = error == std::errc::result_out_of_range || (error == std::errc{} && rounds > kMost);
  if (end != text.data() + text.size() || (error != std::errc{} && !too_large))
    throw Error(ErrorKind::usage, "'" + text + "' is not auto, off or a number of rounds");
  if (too_large) throw Error(ErrorKind::usage, "'" + text + "' is more than " + std::to_string(kMost) + " rounds");
  return rounds;
}

/// Where in a stream: "first", an offset, or a time to the second, UTC; "checkpoint"; "state": empty.
std::string parse_from(const std::string& text) {
  const auto all_digits = [](const std::string& part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  constexpr std::size_t kDigitsOfOffset = 18;
  if (text == "state") return "";
  if (text == "first" || text == kFromCheckpoint || (all_digits(text) && text.size() <= kDigitsOfOffset)) return text;
  std::tm time{};
  const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time);
  constexpr std::size_t kLengthOfTime = 20;
  std::tm day = time;  // of which timegm() makes one that there is
  ::timegm(&day);
  if (end != nullptr && *end == '\0' && text.size() == kLengthOfTime && day.tm_mday == time.tm_mday) return text;
  throw Error(ErrorKind::usage,
              "'" + text + "' is not state, first, checkpoint, an offset or a time like 2026-11-29T18:00:00Z");
}

std::string parse_command(const std::string& text) {
  if (text.find_first_not_of(" \t\n") == std::string::npos)
    throw Error(ErrorKind::usage, "'" + text + "' is no command");
  return text;
}

/// A time that must not be zero: nothing finishes in no time.
Millis some_time(const std::string& text) {
  const Millis time = parse_duration(text);
  if (time.count() == 0) throw Error(ErrorKind::usage, "'" + text + "' must be more than zero");
  return time;
}

std::vector<Setting> timeout_settings() {
  return {
      {"connect-timeout", "DURATION", "reach the API server, the broker, a node (10s)",
       [](MigrationRequest& r, const std::string& v) { r.timeouts.connect = some_time(v); }},
      {"quiet-timeout", "DURATION", "the source obeys before the valve is closed (10s)",
       [](MigrationRequest& r, const std::string& v) { r.timeouts.quiet = some_time(v); }},
      {"checkpoint-timeout", "DURATION", "the kubelet writes the checkpoint (2m)",
       [](MigrationRequest& r, const std::string& v) { r.timeouts.checkpoint = some_time(v); }},
      {"transfer-timeout", "DURATION", "the archive reaches the target node (10m)",
       [](MigrationRequest& r, const std::string& v) { r.timeouts.transfer = some_time(v); }},
      {"restore-timeout", "DURATION", "the target runs and talks to the broker (2m)",
       [](MigrationRequest& r, const std::string& v) { r.timeouts.restore = some_time(v); }},
      {"replay-timeout", "DURATION", "the target catches up (5m)",
       [](MigrationRequest& r, const std::string& v) { r.timeouts.replay = some_time(v); }},
      {"serve-timeout", "DURATION", "the target consumes after the hand-over, or is withdrawn (30s)",
       [](MigrationRequest& r, const std::string& v) { r.timeouts.serve = some_time(v); }},
      {"retire-timeout", "DURATION", "the source is gone after its deletion (2m)",
       [](MigrationRequest& r, const std::string& v) { r.timeouts.retire = some_time(v); }},
      {"undo-timeout", "DURATION", "each entry of the undo log (1m)",
       [](MigrationRequest& r, const std::string& v) { r.timeouts.undo = some_time(v); }},
  };
}

std::vector<Setting> all_settings() {
  std::vector<Setting> list{
      word_setting<kStrategies, &MigrationRequest::strategy>(
          "strategy", "shadow (default), handoff, sequential; replay: of a stream"),
      {"from", "WHERE",
       "replay only: state (default): where the source's begins; first, an offset, a time; checkpoint: restored",
       [](MigrationRequest& r, const std::string& v) { r.from = parse_from(v); }},
      {"offset-command", "COMMAND", "replay only: prints the offset of an app that does not answer STATUS (none)",
       [](MigrationRequest& r, const std::string& v) { r.offset_command = parse_command(v); }},
      word_setting<kReplays, &MigrationRequest::replay>(
          "replay", "exact (default) or fanout: the published procedure, which loses and doubles"),
      {"cutoff", "DURATION", "fanout only: end the replay after this long (2m)",
       [](MigrationRequest& r, const std::string& v) { r.cutoff = some_time(v); }},
      word_setting<kProtocols, &MigrationRequest::protocol>(
          "protocol", "control (default), or none: the consumer knows no control queue (handoff only)"),
      word_setting<kPreferences, &MigrationRequest::prefer>(
          "prefer", "gap (default): least time without processing; total: shortest migration"),
      word_setting<kCheckpoints, &MigrationRequest::checkpoint>(
          "checkpoint", "kubelet (default): its API; runtime: the node's OCI runtime, with a shorter freeze"),
      word_setting<kPages, &MigrationRequest::pages>(
          "pages",
          "files (default): memory lies in the checkpoint; stream: it goes from memory to memory; lazy: after the "
          "hand-over; auto: stream where that is shorter"),
      word_setting<kRestores, &MigrationRequest::restore>(
          "restore", "auto (default): by ms2m's runtime handler where the target has it; handler, or image"),
      word_setting<kKubeletPaths, &MigrationRequest::kubelet>(
          "kubelet", "proxy (default): through the API server; direct: port 10250 of the node"),
      word_setting<kSshPaths, &MigrationRequest::carriage>(
          "ssh-path", "relay (default): through ms2m; direct: from node to node, where they reach each other"),
      word_setting<kSourceExits, &MigrationRequest::source_exit>(
          "source-exit", "kill (default; sequential: graceful): at once, on its node; graceful: SIGTERM, grace period"),
      {"precopy", "ROUNDS", "auto (default): where it pays; off, or how often memory is carried while the source works",
       [](MigrationRequest& r, const std::string& v) { r.precopy = parse_rounds(v); }},
      {"bandwidth", "RATE", "bytes a second of the checkpoint's way, as 20M, at most (no limit)",
       [](MigrationRequest& r, const std::string& v) { r.bandwidth = parse_rate(v); }},
      word_setting<kCompressions, &MigrationRequest::compression>(
          "compress", "none (default), zstd; auto: by zstd where that is faster, as measured on the way"),
      {"deadman", "DURATION", "the source works again this long after ms2m died (15s)",
       [](MigrationRequest& r, const std::string& v) {
         r.dead_man = parse_duration(v);
         if (r.dead_man < Millis{5000})
           throw Error(ErrorKind::usage, "'" + v +
                                             "' is less than 5 s: heartbeats are whole seconds, and a silent ms2m must "
                                             "be noticed in a fifth of this time");
       }},
      {"downtime-limit", "DURATION", "shadow, replay: cut over when the rest takes no longer than this (300ms)",
       [](MigrationRequest& r, const std::string& v) { r.downtime_limit = parse_duration(v); }},
      {"relay-window", "COUNT", "shadow: relay at most so many messages ahead of the source (0: by its speed)",
       [](MigrationRequest& r, const std::string& v) { r.relay_window = parse_count(v); }},
      {"max-held", "COUNT", "messages that may wait behind the valve, in the broker's memory (100000)",
       [](MigrationRequest& r, const std::string& v) { r.max_held = parse_count(v); }},
      {"max-held-bytes", "SIZE", "bytes of these messages, at most, as 512Mi (1Gi)",
       [](MigrationRequest& r, const std::string& v) { r.max_held_bytes = parse_size(v); }},
      {"hook-limit", "DURATION", "a hook is killed after this long, and has failed (1m)",
       [](MigrationRequest& r, const std::string& v) { r.hook_limit = some_time(v); }},
      {"freeze-limit", "DURATION", "a source at work stands still for the valve at most so long (10s)",
       [](MigrationRequest& r, const std::string& v) { r.freeze_limit = some_time(v); }},
  };
  for (const auto& timeout : timeout_settings()) list.push_back(timeout);
  return list;
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> list = all_settings();
  return list;
}

std::string default_of(const Setting& setting) {
  const std::string help = setting.help;
  if (const auto at = help.find(" (default"); at != std::string::npos) {
    const auto begin = help.rfind(' ', at - 1);
    return help.substr(begin == std::string::npos ? 0 : begin + 1, at - (begin == std::string::npos ? 0 : begin + 1));
  }
  const auto open = help.rfind('('), end = help.find_first_of(":)", open);
  return help.substr(open + 1, end - open - 1);
}

void apply_settings(MigrationRequest& request, const SettingValues& values) {
  for (const auto& setting : settings())
    if (const auto given = values.find(setting.name); given != values.end()) setting.apply(request, given->second);
}

void check_combination(const MigrationRequest& request) {
  const auto wrong = [](const std::string& sentence) { throw Error(ErrorKind::usage, sentence); };
  if (request.protocol == Protocol::none && request.strategy != Strategy::handoff)
    wrong("--protocol none works with --strategy handoff only");
  if (request.pages == Pages::stream || request.pages == Pages::lazy) {
    const std::string pages = fmt::format("--pages {}", to_string(request.pages));
    if (request.strategy != Strategy::handoff || request.protocol == Protocol::none)
      wrong(pages + " works with --strategy handoff and the control protocol only");
    if (request.checkpoint != CheckpointBy::runtime) wrong(pages + " works with --checkpoint runtime only");
    if (request.precopy.value_or(0) > 0) wrong(pages + " and --precopy are two ways for the same memory");
  }
  if (request.protocol == Protocol::none && request.source_exit == SourceExit::graceful)
    wrong("--source-exit graceful needs the control protocol: a source without it would take from its queue again");
  if (!request.from.empty() && request.strategy != Strategy::replay)
    wrong("--from works with --strategy replay only: nothing else begins anywhere in a stream");
  if (!request.offset_command.empty() && request.strategy != Strategy::replay)
    wrong("--offset-command works with --strategy replay only: nothing else asks where an application is");
  if (!request.offset_command.empty() && request.from.empty())
    wrong("--offset-command does not tell where the source's state begins: name it with --from");
  if (request.strategy == Strategy::replay && request.from != kFromCheckpoint &&
      request.source_exit == SourceExit::kill)
    wrong(
        "--strategy replay moves no process (but with --from checkpoint): its source ends in its own time, and "
        "--source-exit kill is not for it");
  if (request.replay == Replay::fanout && request.protocol == Protocol::none)
    wrong("--replay fanout needs the control protocol");
  if (request.replay == Replay::fanout && request.strategy != Strategy::shadow)
    wrong("--replay fanout works with --strategy shadow only: the others replay nothing that way");
}

}  // namespace ms2m::cli
