// Policies of a virtual host, with patterns that others wrote.
#include "broker/policies.hpp"

#include "target.hpp"

using namespace ms2m;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Json policies = Json::parse(test::text_of(data, size), nullptr, false);
  if (!policies.is_array()) return 0;  // as RabbitAdmin
  Json effective = Json::object();
  for (const char* queue : {"ms2m.abc234.hold", "app.events"})
    test::read([&] { foresee_policy(policies, queue, effective); });
  return 0;
}
