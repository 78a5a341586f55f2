// config.yaml, and the quantities in it.
#include "cli/config_file.hpp"

#include "cli/quantity.hpp"
#include "target.hpp"
#include "wrap/posix/memory_file.hpp"

using namespace ms2m;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = test::text_of(data, size);
  const auto file = posix::make_memory_file("config", text);
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  test::read([&] {
    MigrationRequest request;
    cli::apply_settings(request, cli::read_config(path).settings);
  });
  test::read([&] { cli::read_config(path, "prod"); });
  if (size > 40) return 0;
  test::read([&] { cli::parse_duration(text); });
  test::read([&] { cli::parse_rate(text); });
  test::read([&] { cli::parse_size(text); });
  test::read([&] { cli::parse_count(text); });
  return 0;
}
