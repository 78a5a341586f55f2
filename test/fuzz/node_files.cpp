// What runtimes, and the containers that they run, say of themselves on a node.
#include "node/handler/bundle.hpp"
#include "node/runtime/criu_log.hpp"
#include "node/runtime/ctr_output.hpp"
#include "node/runtime/mountinfo.hpp"
#include "node/runtime/toml.hpp"
#include "target.hpp"

using namespace ms2m;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = test::text_of(data, size);
  test::read([&] {
    if (const auto bundle = node::parse_bundle(text, "/run/b"))
      test::must(bundle->root.starts_with("/") && bundle->root != "/", "a root that is one");
  });
  node::images_of_ctr(text);
  node::image_of_ctr_container(text);
  for (const auto& mount : node::parse_mounts(text)) node::mount_option(mount, "upperdir");
  const auto tables = node::read_tables(text);
  node::last_value(tables, {"crio", "runtime"}, "default_runtime");
  node::last_anywhere(tables, "root");
  for (const auto& table : tables)
    for (const auto& [key, value] : table.values) node::plain_string(value), node::string_list(value);
  return 0;
}
