// A kubeconfig.
#include "kube/kubeconfig.hpp"

#include "target.hpp"
#include "wrap/posix/memory_file.hpp"

using namespace ms2m;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = posix::make_memory_file("kubeconfig", test::text_of(data, size));
  KubeconfigSource source;
  source.file = "/proc/self/fd/" + std::to_string(file.get());
  source.env = [](const std::string&) { return std::nullopt; };
  source.service_account = "/nonexistent";
  test::read([&] { load_kube_access(source); });
  test::read([&] {
    for (const std::string& context : kube_contexts(source)) {
      source.context = context;
      test::read([&] { load_kube_access(source); });
    }
  });
  return 0;
}
