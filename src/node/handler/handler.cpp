#include "node/handler/handler.hpp"

#include <exception>

#include "node/handler/bundle.hpp"
#include "node/handler/create.hpp"
#include "node/handler/not_started.hpp"
#include "node/handler/real_runtime.hpp"

namespace ms2m::node {
namespace {

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
  } else if (line.command == "start" && not_started.remove(line.id())) {
    return 0;
  } else if (line.command == "delete") {
    not_started.remove(line.id());
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
