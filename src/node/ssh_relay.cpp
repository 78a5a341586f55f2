#include "node/ssh_relay.hpp"

#include <charconv>

#include "ms2m/archive.hpp"
#include "ms2m/error.hpp"
#include "wrap/posix/pipeline.hpp"
#include "wrap/posix/sha256.hpp"

namespace ms2m {
namespace {

using posix::PipelineResult;

constexpr std::string_view kHeader = "ms2m-stream ";
constexpr Millis kProgressInterval{100};

constexpr const char* kSource = R"sh([ -f "$1" ] && [ ! -L "$1" ] || { echo "$1: no such file" >&2; exit 1; }
n=$(stat -Lc %s -- "$1") || exit 1
printf 'ms2m-stream %s\n' "$n"
exec cat -- "$1")sh";

// Reads "<bytes>\n", the bytes, "<digest>\n": without the last line the stream was cut off, and nothing gets its name.
constexpr const char* kTarget = R"sh(umask 077
b=$1/blobs/sha256
p=$b/.partial
mkdir -p -- "$b" && chmod 700 -- "$1" || exit 1
IFS= read -r n || exit 1
a=$(stat -f -c '%a*%S' -- "$b") || exit 1
[ $(($a)) -ge "$n" ] || { echo "No space left on device: $(($a)) bytes free below $1, $n needed" >&2; exit 1; }
dd of="$p" bs=1M iflag=fullblock,count_bytes count="$n" status=none || { rm -f -- "$p"; exit 1; }
IFS= read -r h || { rm -f -- "$p"; echo 'the stream ended early' >&2; exit 1; }
m=$(stat -c %s -- "$p") || exit 1
[ "$m" = "$n" ] || { rm -f -- "$p"; echo "$m of $n bytes arrived" >&2; exit 1; }
mv -f -- "$p" "$b/$h")sh";

/// What flows through: counted, hashed, reported.
class Flow {
 public:
  Flow(const MoveRequest& request, const ProgressFn& progress) : request_(request), progress_(progress) {}

  std::string header(std::string_view line) {
    if (line.substr(0, kHeader.size()) != kHeader) throw unexpected();
    line.remove_prefix(kHeader.size());
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), total_.count);
    if (error != std::errc{} || end != line.data() + line.size()) throw unexpected();
    report(true);
    return std::to_string(total_.count) + "\n";
  }

  void data(std::string_view chunk) {
    digest_.update(chunk);
    done_.count += chunk.size();
    if (done_ > total_)
      throw Error(ErrorKind::failed,
                  "source " + request_.from_node + ": " + request_.archive + " grew while it was read");
    report(done_ == total_);
  }

  std::string trailer() {
    if (done_ != total_)
      throw Error(ErrorKind::failed, "source " + request_.from_node + ": " + request_.archive + " gave only " +
                                         std::to_string(done_.count) + " of " + std::to_string(total_.count) +
                                         " bytes");
    hex_ = digest_.hex();
    return hex_ + "\n";
  }

  MoveResult result() const { return {done_, hex_}; }

 private:
  Error unexpected() const {
    return Error(ErrorKind::protocol,
                 "source " + request_.from_node + ": its shell printed something else than the archive");
  }
  void report(bool now) {
    if (!progress_ || (!now && Clock::now() < next_)) return;
    next_ = Clock::now() + kProgressInterval;
    progress_(done_, total_);
  }

  const MoveRequest& request_;
  const ProgressFn& progress_;
  posix::Sha256 digest_;
  std::string hex_;
  Bytes done_;
  Bytes total_;
  TimePoint next_{};
};

Error side_error(const std::string& side, const std::string& node, const posix::RunResult& result) {
  const std::string said = posix::last_line(result.err);
  const bool full = said.find("No space left") != std::string::npos;
  return Error(ErrorKind::failed, side + " " + node + ": " + (said.empty() ? result.status.text() : said),
               full ? "free some space on node " + node : "");
}

}  // namespace

MoveResult SshRelay::move(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop) {
  if (!is_archive_path(request.archive))
    throw Error(ErrorKind::refused, "'" + request.archive + "' is not a checkpoint archive in a directory checkpoints");
  Flow flow(request, progress);
  posix::PipelineSpec spec;
  spec.from = shell_.stream(request.from_node, kSource, {request.archive}, stop);
  spec.to = shell_.stream(request.to_node, kTarget, {request.directory}, stop);
  spec.on_header = [&](std::string_view line) { return flow.header(line); };
  spec.on_data = [&](std::string_view chunk) { flow.data(chunk); };
  spec.on_end = [&] { return flow.trailer(); };
  const auto result = posix::run_pipeline(spec, stop, "moving " + request.archive + " to node " + request.to_node);
  if (result.cause == PipelineResult::Cause::none) return flow.result();
  const bool source = result.cause == PipelineResult::Cause::from;
  const std::string side = source ? "source" : "target";
  const auto& node = source ? request.from_node : request.to_node;
  const auto& run = source ? result.from : result.to;
  if (auto failure = shell_.ssh_failure(node, run)) throw failure->in(side);
  throw side_error(side, node, run);
}

}  // namespace ms2m
