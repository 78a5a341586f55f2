#include "hook/shell_hooks.hpp"

#include "hook/lines.hpp"
#include "hook/shell_run.hpp"
#include "ms2m/error.hpp"
#include "ms2m/outcome.hpp"
#include "report/outcome_report.hpp"
#include "wrap/posix/end_with_us.hpp"

namespace ms2m::hook {
namespace {

std::string told(const Hook& hook, const Outcome& so_far) {
  Json json = report::outcome_json(so_far, "migrate", exit_status(so_far));
  json["hook"] = to_string(hook.at);
  if (hook.at != HookPoint::end) json["result"] = json["exit_status"] = nullptr;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

class ShellHooks final : public Hooks {
 public:
  explicit ShellHooks(Observer& observer) : observer_(observer) {}
  void run(const Hook& hook, const Outcome& so_far, const StopToken& stop) override {
    const std::string doing = std::string("hook ") + to_string(hook.at);
    stop.check(doing);
    std::string last;
    Lines lines([&](const std::string& line) {
      last = line;
      Event event;
      event.type = Event::Type::hook;
      event.text = doing + ": " + line;
      observer_.on(event);
    });
    const posix::ExitStatus status = run_in_shell(
        {doing, hook.command, {{"MS2M_ID", so_far.id}, {"MS2M_PHASE", to_string(hook.at)}}, told(hook, so_far)},
        [&](std::size_t stream, std::string_view piece) { lines.take(stream, piece); }, stop);
    lines.end();
    if (!status.ok()) throw Error(ErrorKind::failed, status.text() + (last.empty() ? "" : ": " + last));
  }

 private:
  Observer& observer_;
};

}  // namespace

void end_running() noexcept { posix::end_groups(); }

std::unique_ptr<Hooks> make_shell_hooks(Observer& observer) { return std::make_unique<ShellHooks>(observer); }

}  // namespace ms2m::hook
