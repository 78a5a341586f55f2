// A broker's address, as it stands in a container's environment.
#include "broker/uri.hpp"

#include "target.hpp"
#include "wrap/curl/url.hpp"

using namespace ms2m;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = test::text_of(data, size);
  test::read([&] {
    const BrokerAddress address = parse_broker_uri(text);
    test::must(!address.host.empty(), "a host");
    describe(address);
  });
  test::read([&] { check_url(text); });
  printable_url(text);
  test::read([&] { curl::with_host(text, curl::parse_url(text).host); });
  return 0;
}
