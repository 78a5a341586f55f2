#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

/// Beside the file first: a program that is running cannot be written to, only replaced.
int write_program(const Context& context, const std::string& output) {
  namespace fs = std::filesystem;
  const std::string_view program = context.backend.node_program();
  const std::string fresh = output + ".new";
  std::error_code failure;
  errno = 0;
  {
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out.write(program.data(), static_cast<std::streamsize>(program.size()));
    if (!out.flush()) failure = std::error_code(errno != 0 ? errno : EIO, std::generic_category());
  }
  using fs::perms;
  if (!failure)
    fs::permissions(fresh,
                    perms::owner_all | perms::group_read | perms::group_exec | perms::others_read | perms::others_exec,
                    failure);
  if (!failure) fs::rename(fresh, output, failure);
  if (failure) {
    std::error_code ignored;
    fs::remove(fresh, ignored);
    throw Error(ErrorKind::failed, output + " cannot be written: " + failure.message(),
                "name a file in a directory that you may write to");
  }
  note(context, output + " is for /usr/libexec/ms2m/ms2m-node on a node, owned by root");
  return 0;
}

}  // namespace

void add_node(CLI::App& app, Command& chosen) {
  auto& group = add_group(app, "node", "What works on the nodes");
  const auto output = std::make_shared<std::string>();
  auto& program = add_command(
      group, "program", "Write the program that works on nodes to a file, to install it there",
      {"ms2m node program --output ms2m-node",
       "scp ms2m-node root@worker-1:", "ssh root@worker-1 install -D -m 755 ms2m-node /usr/libexec/ms2m/ms2m-node"},
      [output, &chosen] {
        chosen = {"node program", [output](const Context& context) { return write_program(context, *output); }};
      });
  add_text(program, *output,
           {.names = "--output",
            .help = "where to write it; one that is there is replaced",
            .value = "FILE",
            .required = true});
}

}  // namespace ms2m::cli
