#include "hook/shell_offsets.hpp"

#include <algorithm>
#include <charconv>

#include "hook/shell_run.hpp"
#include "ms2m/error.hpp"

namespace ms2m::hook {
namespace {

/// More than any number has; the rest is heard and not kept.
constexpr std::size_t kMost = 4096;
constexpr std::size_t kQuoted = 200;

/// On one line.
std::string quoted(std::string text) {
  text.resize(std::min(text.size(), kQuoted));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text;
}

std::string trimmed(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

std::int64_t offset_of(const std::string& printed) {
  const std::string text = trimmed(printed);
  std::int64_t offset = 0;
  const char* const whole = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), whole, offset);
  if (text.empty() || error != std::errc{} || end != whole || offset < -1)
    throw Error(ErrorKind::protocol,
                text.empty() ? "it has printed nothing" : "what it has printed is no offset: " + quoted(text),
                "it is to print the offset of the last message that the application has applied, and -1 as long as "
                "there is none");
  return offset;
}

class ShellOffsets final : public OffsetCommand {
 public:
  std::int64_t ask(const std::string& command, const OffsetQuestion& question, const StopToken& stop) override {
    std::string printed, complaint;
    const auto hear = [&](std::size_t stream, std::string_view piece) {
      std::string& into = stream == 0 ? printed : complaint;
      into.append(piece.substr(0, kMost - into.size()));
    };
    const std::string doing = "running the offset command for pod " + question.pod;
    const posix::ExitStatus status = run_in_shell({doing,
                                                   command,
                                                   {{"MS2M_NAMESPACE", question.ns},
                                                    {"MS2M_POD", question.pod},
                                                    {"MS2M_POD_IP", question.pod_ip},
                                                    {"MS2M_CONTAINER", question.container},
                                                    {"MS2M_QUEUE", question.queue},
                                                    {"MS2M_ROLE", question.role}}},
                                                  hear, stop);
    if (!status.ok()) {
      const std::string said = quoted(trimmed(complaint));
      throw Error(ErrorKind::failed, status.text() + (said.empty() ? "" : ": " + said));
    }
    return offset_of(printed);
  }
};

}  // namespace

std::unique_ptr<OffsetCommand> make_shell_offsets() { return std::make_unique<ShellOffsets>(); }

}  // namespace ms2m::hook
