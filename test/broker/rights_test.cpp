// What the broker's user may not do is known before anything is touched, and the command that is told cures it.
#include <cstdlib>

#include "base/ids.hpp"
#include "broker/harness.hpp"
#include "plan/facts.hpp"
#include "plan/procedure.hpp"
#include "preflight/preflight.hpp"
#include "wrap/amqp/error.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

namespace {

MigrationRequest request_for(const std::string& queue, Strategy strategy = Strategy::shadow) {
  MigrationRequest request;
  request.queue = queue;
  request.strategy = strategy;
  return request;
}

RabbitBroker as(const std::string& user) {
  auto where = address();
  where.user = where.password = user;
  return {where, "rights", limit()};
}

void permit(const std::string& user, const std::string& configure, const std::string& write, const std::string& read) {
  api("PUT", "permissions/%2F/" + user, Json{{"configure", configure}, {"write", write}, {"read", read}}.dump());
}

/// The last broker's right that `check` finds missing, as a finding.
Finding finding_of(RabbitBroker& broker, const MigrationRequest& request) {
  const Json bare_pod{{"metadata", Json::object()}};
  std::vector<Finding> findings;
  check_broker_rights(
      broker.missing_rights(needed_broker_rights(request, procedure_of(request, bare_pod), new_id()), limit()),
      request.queue, findings);
  return findings.empty() ? Finding{} : findings.front();
}

}  // namespace

TEST_CASE("each right of the broker is asked for by itself, and nothing is changed", "[case-19]") {
  using enum BrokerAccess;
  const auto primary = unique("case.o'rders");
  Client client;
  client.declare(primary);
  client.publish_numbers(primary, 0, 3);
  make_user("limited", "limited");
  const std::vector<BrokerRight> all{{configure, "ms2m.a.hold"},   {read, "ms2m.a.hold"},
                                     {write, "ms2m.a.target"},     {read, primary},
                                     {write, "amq.default", true}, {configure, "ms2m.a.tee", true},
                                     {write, "ms2m.a.tee", true},  {read, "ms2m.a.tee", true}};
  RabbitBroker broker = as("limited");
  CHECK(broker.missing_rights(all, limit()).rights.empty());
  permit("limited", "", "", "");
  const auto missing = broker.missing_rights(all, limit());
  CHECK(missing.rights == std::vector<BrokerRight>{all[0], all[1], all[2], all[3], all[5]});  // the others need these
  CHECK(missing.user == "limited");
  CHECK(missing.vhost == "/");
  permit("limited", ".*", "", ".*");
  CHECK(broker.missing_rights(all, limit()).rights == std::vector<BrokerRight>{all[2], all[4], all[6]});
  permit("limited", ".*", ".*", "^ms2m\\.[^.]*\\.hold$");
  CHECK(broker.missing_rights(all, limit()).rights ==
        std::vector<BrokerRight>{{read, primary}, {read, "ms2m.a.tee", true}});
  for (const char* name : {"ms2m.a.hold", "ms2m.a.target", "ms2m.nobody"}) CHECK_FALSE(client.exists(name));
  // To ask for its depth no more is needed than what the relay needs anyhow.
  permit("limited", "^ms2m\\.", "^ms2m\\.|^amq\\.default$", "^ms2m\\.|^case\\.");
  CHECK(as("limited").missing_rights(all, limit()).rights.empty());
  CHECK(as("limited").depth(primary, limit()));
  Client other;
  CHECK_THROWS_AS(other.connection().declare_exchange("ms2m.a.tee", "fanout", true, limit()), amqp::ChannelClosed);
  CHECK(client.count(primary).messages == 3);
  CHECK(client.count(primary).consumers == 0);
  CHECK(client.drain_numbers(primary) == numbers(0, 3));
  client.connection().delete_queue(primary, limit());
  api("DELETE", "users/limited");
}

TEST_CASE("the command that is told for missing rights cures them", "[case-19]") {
  const auto primary = unique("case.o'rders");
  Client client;
  client.declare(primary);
  make_user("limited", "limited");
  for (const Strategy strategy : {Strategy::handoff, Strategy::shadow}) {
    permit("limited", "^nothing$", "", "^nothing$");
    RabbitBroker broker = as("limited");  // a channel does not forget a right that it has once had
    const Finding finding = finding_of(broker, request_for(primary, strategy));
    CHECK(finding.level == Level::refusal);
    CHECK_THAT(finding.text, Contains("the broker's user limited may not "));
    CHECK_THAT(finding.text, Contains("read queue " + primary));
    CHECK_THAT(finding.text, Contains("configure and read queue ms2m."));
    const std::string command = finding.cure.substr(0, finding.cure.find(" (it replaces"));
    REQUIRE(command.starts_with("rabbitmqctl "));
    REQUIRE(std::system((fixture_file("ctl") + command.substr(11)).c_str()) == 0);
    CHECK(finding_of(broker, request_for(primary, strategy)).text.empty());
    CHECK(broker.depth(primary, limit()));
  }
  client.connection().delete_queue(primary, limit());
  api("DELETE", "users/limited");
}
