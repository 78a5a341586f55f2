#include "kube/checkpoint_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "kube/status.hpp"
#include "ms2m/archive.hpp"
#include "ms2m/remedy.hpp"

namespace ms2m {
namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string trimmed(std::string text) {
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.pop_back();
  const auto begin = text.find_first_not_of(" \t\r\n");
  return begin == std::string::npos ? std::string() : text.substr(begin);
}

/// What stands in the middle of a long text is left out.
std::string shortened(const std::string& text) {
  return text.size() > 600 ? text.substr(0, 200) + " ... " + text.substr(text.size() - 380) : text;
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Takes "HEAD word TAIL" away from the beginning, where every character of the word, which is not empty, `fits`.
void drop_front(std::string& text, std::string_view head, bool (*fits)(char), std::string_view tail) {
  if (!text.starts_with(head)) return;
  const auto end = std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(head.size()), text.end(), fits);
  const auto at = static_cast<std::size_t>(end - text.begin());
  if (at > head.size() && text.compare(at, tail.size(), tail) == 0) text.erase(0, at + tail.size());
}

/// " of container <64 hexadecimal digits>", wherever it stands.
void drop_ids(std::string& text) {
  constexpr std::string_view kBefore = " of container ";
  constexpr std::size_t kDigits = 64;
  for (std::size_t at = 0; (at = text.find(kBefore, at)) != std::string::npos;) {
    const auto id = text.begin() + static_cast<std::ptrdiff_t>(at + kBefore.size());
    if (static_cast<std::size_t>(text.end() - id) >= kDigits && std::all_of(id, id + kDigits, is_hex))
      text.erase(at, kBefore.size() + kDigits);
    else
      at += kBefore.size();
  }
}

/// ": exit status 1" at the end.
void drop_exit_status(std::string& text) {
  constexpr std::string_view kStatus = ": exit status ";
  const auto at = text.rfind(kStatus);
  if (at == std::string::npos) return;
  const auto number = text.begin() + static_cast<std::ptrdiff_t>(at + kStatus.size());
  if (number == text.end() || !std::all_of(number, text.end(), is_digit)) return;
  text = trimmed(text.substr(0, at));
}

std::string subject(const CheckpointCall& call) {
  return fmt::format("the checkpoint of container {} in pod {}/{} on {}", call.container, call.ns, call.pod, call.node);
}

/// The last Error line that is neither noise nor CRIU's own "it failed" trailer; "" without a log excerpt.
std::string criu_cause(const std::string& text) {
  std::istringstream lines(text);
  std::string cause;
  for (std::string line; std::getline(lines, line);) {
    const auto error = line.find(") Error (");
    if (line.empty() || line.front() != '(' || error == std::string::npos) continue;
    const auto begin = line.find("): ", error);
    if (begin == std::string::npos) continue;
    const std::string message = trimmed(line.substr(begin + 3));
    const bool noise = has(message, "RLIMIT_NOFILE") || has(message, "Unable to create tun");
    const bool trailer = message == "Dumping FAILED." || message.starts_with("Dump files (pid");
    if (!noise && !trailer) cause = message;
  }
  return cause;
}

struct Known {
  std::string_view text;  ///< in the whole answer
  std::string_view remedy;
};

// The first that matches wins: from the particular to the general.
constexpr Known kKnown[] = {
    {"consider using --tcp-established",
     "the process has an open TCP connection: put the lines tcp-close and skip-in-flight into /etc/criu/crun.conf "
     "(runc: /etc/criu/runc.conf) on both nodes"},
    {"In-flight connection",
     "a client connected during the dump: add the line skip-in-flight to /etc/criu/crun.conf (runc: "
     "/etc/criu/runc.conf) on both nodes"},
    {"\"criu\": executable file not found", "install criu on the node (Debian, Ubuntu: apt-get install criu)"},
    {"libcriu.so", "install CRIU's library on the node (Debian, Ubuntu: apt-get install libcriu2)"},
    {"checkpoint/restore support not available",
     "set enable_criu_support = true in /etc/crio/crio.conf on the node and restart CRI-O; also check that criu is "
     "installed there"},
    {"no space left on device",
     "free space below the kubelet's directory (/var/lib/kubelet) and /var/lib/containers on the node"},
    {"unknown method CheckpointContainer",
     "the node's container runtime cannot checkpoint: use CRI-O, or containerd 2.0 or later"},
    {"code = Unimplemented", "the node's container runtime cannot checkpoint: use CRI-O, or containerd 2.0 or later"},
};

Error runtime_error(const CheckpointCall& call, const std::string& text) {
  const std::string cause = boil_down(text);
  if (has(text, "DeadlineExceeded") || has(text, "context deadline exceeded"))
    return Error(
        ErrorKind::timeout,
        fmt::format("{} took longer than the kubelet waits; the dump goes on there and its archive appears later",
                    subject(call)),
        "allow more time (--checkpoint-timeout above 120 s is passed on to the kubelet), or raise "
        "runtimeRequestTimeout of the kubelet");
  if (has(text, fmt::format("(container {} not found)", call.container)))
    return Error(ErrorKind::failed, fmt::format("{} failed: the container is not running", subject(call)),
                 remedy::command(remedy::Command::show_pod, call.place, {call.ns, call.pod}));
  for (const Known& known : kKnown)
    if (has(text, known.text))
      return Error(ErrorKind::failed, fmt::format("{} failed: {}", subject(call), cause), std::string(known.remedy));
  if (criu_cause(text).empty() && has(text, "CRIU checkpointing failed"))
    return Error(
        ErrorKind::failed, fmt::format("{} failed: {}", subject(call), cause),
        "CRIU gives no reason: another checkpoint of the same container was probably running; try again, and look at "
        "dump.log below /var/lib/containers/storage/overlay-containers/ on the node");
  return Error(ErrorKind::failed, fmt::format("{} failed: {}", subject(call), cause));
}

/// Of "Forbidden (user=NAME, verb=create, ...)". What is no name of reasonable length is none.
std::string refused_user(const std::string& text) {
  const auto begin = text.find("user=");
  if (begin == std::string::npos) return "the caller";
  const auto end = text.find_first_of(",)", begin);
  const auto length = (end == std::string::npos ? text.size() : end) - begin - 5;
  return length == 0 || length > 253 ? "the caller" : text.substr(begin + 5, length);
}

Error forbidden(const CheckpointCall& call, const std::string& text) {
  const std::string who = refused_user(text);
  const std::string said = shortened(text);
  if (call.path == KubeletPath::proxy)
    return Error(
        ErrorKind::forbidden,
        fmt::format(
            "the kubelet of {} refuses the API server's own client \"{}\": it lacks create nodes/checkpoint ({})",
            call.node, who, said),
        "use --kubelet direct, or: " + remedy::command(remedy::Command::grant_checkpoint, call.place, {who}));
  return Error(ErrorKind::forbidden,
               fmt::format("the kubelet of {} refuses user \"{}\": create nodes/checkpoint is missing ({})", call.node,
                           who, said),
               "grant it with examples/rbac.yaml (the part for the direct kubelet path)");
}

Error not_found(const CheckpointCall& call, const std::string& text) {
  if (text == "pod does not exist")
    return Error(ErrorKind::not_found, fmt::format("pod {}/{} does not run on {}", call.ns, call.pod, call.node),
                 remedy::command(remedy::Command::show_pod, call.place, {call.ns, call.pod}));
  if (text.starts_with("container ") && text.ends_with(" does not exist"))
    return Error(ErrorKind::not_found, fmt::format("pod {}/{} has no container {}", call.ns, call.pod, call.container),
                 "choose one with -c");
  // Lower case and a line's end: Go's default handler, so there is no such route. "404: Page Not Found" is
  // go-restful's.
  if (text == "404 page not found")
    return Error(
        ErrorKind::failed, fmt::format("the kubelet of {} has its checkpoint API switched off", call.node),
        "set the feature gate ContainerCheckpoint: true in the kubelet's configuration on the node and restart it "
        "(on by default since Kubernetes 1.30)");
  return Error(ErrorKind::protocol, fmt::format("the kubelet of {} does not understand the request for {}: {}",
                                                call.node, subject(call), shortened(text)));
}

Error from_api_server(const CheckpointCall& call, const HttpResponse& answer) {
  const std::string message = message_of(answer);
  Error error = status_error(answer);
  if (answer.status == 404 && is_object_missing(answer, call.node))
    return Error(ErrorKind::not_found, fmt::format("there is no node {} ({})", call.node, message),
                 "what there is: " + remedy::command(remedy::Command::list_nodes, call.place));
  if (answer.status == 503 && has(message, "error trying to reach service"))
    return Error(ErrorKind::unavailable,
                 fmt::format("the API server cannot reach the kubelet of {}: {}", call.node, message),
                 "is the node up? " + remedy::command(remedy::Command::show_node, call.place, {call.node}));
  return error.in(subject(call));
}

}  // namespace

std::string boil_down(const std::string& text) {
  if (const std::string cause = criu_cause(text); !cause.empty()) return shortened(cause);
  // "running \"/usr/bin/crun\" [...] failed: `/usr/bin/crun ...` failed: CAUSE : exit status 1)": only the end is news.
  std::string rest = trimmed(text.size() > 16384 ? text.substr(0, 8192) + text.substr(text.size() - 8192) : text);
  if (const auto open = rest.find(" failed (");
      rest.starts_with("checkpointing of ") && open != std::string::npos && rest.back() == ')')
    rest = rest.substr(open + 9, rest.size() - open - 10);
  drop_front(rest, "rpc error: code = ", is_letter, " desc = ");
  drop_front(rest, "failed to checkpoint container ", is_hex, ": ");
  if (const auto command = rest.rfind("` failed: "); command != std::string::npos) rest = rest.substr(command + 10);
  drop_ids(rest);
  drop_exit_status(rest);
  for (char& c : rest)
    if (c == '\n') c = ' ';
  rest = trimmed(rest);
  return rest.empty() ? "no reason given" : shortened(rest);
}

namespace {

/// "write /var/lib/kubelet/checkpoints/checkpoint-...tar: no space left on device"
std::string archive_in(const CheckpointCall& call, const std::string& text) {
  for (std::size_t begin = text.find('/'); begin != std::string::npos; begin = text.find('/', begin)) {
    const std::size_t end = std::min(text.find_first_of(" \t\n\"'()", begin), text.size());
    std::string word = text.substr(begin, end - begin);
    while (!word.empty() && std::string_view(":,;.").find(word.back()) != std::string_view::npos) word.pop_back();
    if (is_archive_path_of(word, call.ns, call.pod, call.container)) return word;
    begin = end;
  }
  return "";
}

}  // namespace

CheckpointArchive parse_checkpoint_archive(const CheckpointCall& call, const std::string& body) {
  const Json answer = Json::parse(body, nullptr, false);
  if (answer.is_object() && answer.contains("items") && answer["items"].is_array() && answer["items"].size() == 1 &&
      answer["items"][0].is_string()) {
    std::string path = answer["items"][0].get<std::string>();
    if (is_archive_path_of(path, call.ns, call.pod, call.container)) return CheckpointArchive{std::move(path)};
    throw Error(
        ErrorKind::protocol,
        fmt::format("{} worked, but the kubelet names {} instead of an archive in a directory checkpoints: it "
                    "is neither read nor removed",
                    subject(call), Json(path.substr(0, 300)).dump(-1, ' ', true, Json::error_handler_t::replace)),
        fmt::format("look at node {}: the checkpoint has the memory of the process in it", call.node));
  }
  throw Error(ErrorKind::protocol, fmt::format("{} worked, but the kubelet's answer names no archive: {}",
                                               subject(call), body.substr(0, 200)));
}

void throw_checkpoint_error(const CheckpointCall& call, const HttpResponse& answer) {
  const Error error = checkpoint_error(call, answer);
  const bool may_go_on = error.kind() == ErrorKind::timeout || error.kind() == ErrorKind::unavailable;
  if (may_go_on || parse_status(answer.body)) throw Error(error);
  throw NoCheckpoint(error, archive_in(call, answer.body));
}

Error checkpoint_error(const CheckpointCall& call, const HttpResponse& answer) {
  if (parse_status(answer.body)) return from_api_server(call, answer);
  const std::string text = trimmed(answer.body);
  switch (answer.status) {
    case 401:
      return Error(ErrorKind::forbidden,
                   fmt::format("the kubelet of {} does not accept the {}", call.node,
                               call.path == KubeletPath::direct ? "credentials" : "API server's own credentials"),
                   call.path == KubeletPath::direct
                       ? "use --kubelet proxy, or a client certificate or token that the kubelet knows"
                       : "check --kubelet-client-certificate of the API server");
    case 403:
      return forbidden(call, text);
    case 404:
      return not_found(call, text);
    case 500:
      return runtime_error(call, text);
    case 502:
    case 503:
    case 504:
      return Error(ErrorKind::unavailable,
                   fmt::format("{}: the kubelet cannot be reached: {}", subject(call), message_of(answer)),
                   "is the node up? " + remedy::command(remedy::Command::show_node, call.place, {call.node}));
    default:
      return Error(ErrorKind::protocol,
                   fmt::format("{}: HTTP status {}: {}", subject(call), answer.status, message_of(answer)));
  }
}

}  // namespace ms2m
