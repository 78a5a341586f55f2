// What a credential plugin prints, and the times and tokens in it.
#include "base/rfc3339.hpp"
#include "kube/exec_plugin.hpp"
#include "kube/id_token.hpp"
#include "target.hpp"

using namespace ms2m;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = test::text_of(data, size);
  test::read([&] { parse_exec_credential(text, {}); });
  test::read([&] { parse_rfc3339(text); });
  test::read([&] { expiry_of(text); });
  test::read([&] { seconds_since_1970(text); });
  return 0;
}
