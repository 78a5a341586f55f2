#include "node/handler/handler.hpp"

#include <exception>
#include <functional>

#include "node/handler/bundle.hpp"
#include "node/handler/create.hpp"
#include "node/handler/not_started.hpp"
#include "node/handler/real_runtime.hpp"
#include "node/restore/store.hpp"

namespace ms2m::node {
namespace {

/// For whoever watches the restore; that was this container's, or it is nobody's any more.
void note(const HandlerPaths& paths, const std::string& restore, const std::string& container,
          const std::function<void(Record&)>& what) noexcept {
  try {
    if (auto place = RestorePlace::open(paths.restores, restore))
      place->change([&](Record& record) {
        if (record.state == RestoreState::restored && record.container_id == container) what(record);
      });
  } catch (const std::exception&) {  // it was removed, or taken back
  }
}

int run(const HandlerPaths& paths, const CommandLine& line) {
  const HandlerConfiguration configuration = read_configuration(paths.configuration);
  const NotStarted not_started(paths.started);
  if (line.command == "create") {
    if (const auto bundle = read_bundle(line.option("bundle").value_or(".")))
      return create(paths, configuration, line, *bundle);
  } else if (line.command == "run" && read_bundle(line.option("bundle").value_or("."))) {
    throw Error(ErrorKind::refused, "a container that is to be restored is created and started, not run");
  } else if (line.command == "state" && not_started.has(line.id())) {
    return tell_state(configuration, line);
  } else if (line.command == "start") {
    if (const auto restore = not_started.remove(line.id())) {
      note(paths, *restore, line.id(), [](Record& record) { record.started = true; });
      return 0;
    }
  } else if (line.command == "delete") {
    if (const auto restore = not_started.remove(line.id()))
      note(paths, *restore, line.id(), [](Record& record) {
        record.failure = "the container runtime removed the container before it had started it";
      });
  }
  become(configuration, line);
}

}  // namespace

int run_handler(const HandlerPaths& paths, int argc, char** argv) {
  CommandLine line;
  try {
    line = parse_command_line({argv + (argc > 0 ? 1 : 0), argv + argc});
    return run(paths, line);
  } catch (const Error& error) {
    tell(line, error);
  } catch (const std::exception& error) {
    tell(line, Error(ErrorKind::failed, error.what()));
  }
  return 1;
}

}  // namespace ms2m::node
