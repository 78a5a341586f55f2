#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "wrap/amqp/connection_impl.hpp"

namespace ms2m::amqp {
namespace {

constexpr int kFrameMax = 131072;
constexpr std::uint16_t kChannelMax = 16;

amqp_table_entry_t entry(const char* key, const std::string& text) {
  amqp_table_entry_t made{};
  made.key = amqp_cstring_bytes(key);
  made.value.kind = AMQP_FIELD_KIND_UTF8;
  made.value.value.bytes = bytes_of(text);
  return made;
}

amqp_table_entry_t yes(const char* key) {
  amqp_table_entry_t made{};
  made.key = amqp_cstring_bytes(key);
  made.value.kind = AMQP_FIELD_KIND_BOOLEAN;
  made.value.value.boolean = 1;
  return made;
}

std::string property_in(const amqp_table_t& properties, const char* key, const char* missing) {
  for (int i = 0; i < properties.num_entries; ++i) {
    const auto& each = properties.entries[i];
    if (text_of(each.key) == key && each.value.kind == AMQP_FIELD_KIND_UTF8) return text_of(each.value.value.bytes);
  }
  return missing;
}

/// As the AMQP handshake wants it: 0 means "no wish".
int agreed(int ours, int theirs) { return ours == 0 || theirs == 0 ? std::max(ours, theirs) : std::min(ours, theirs); }

/// The first mechanism of ours that the broker offers ("PLAIN AMQPLAIN EXTERNAL").
const std::string& chosen_mechanism(const Endpoint& endpoint, const std::string& offered) {
  for (const std::string& each : endpoint.mechanisms) {
    if ((" " + offered + " ").find(" " + each + " ") == std::string::npos) continue;
    if (each == "EXTERNAL" && (!endpoint.tls.enabled || endpoint.tls.certificate_file.empty()))
      throw Error(
          ErrorKind::usage, "the login EXTERNAL is by a client certificate, and there is none",
          "write amqps://, and name the certificate with certfile and keyfile, or --broker-cert and --broker-key");
    return each;
  }
  const bool external = endpoint.mechanisms == std::vector<std::string>{"EXTERNAL"};
  throw Error(
      ErrorKind::forbidden,
      fmt::format("the broker does not offer the login {}, but {}", fmt::join(endpoint.mechanisms, " or "), offered),
      external ? "leave auth_mechanism=external out, or enable it there: rabbitmq-plugins enable "
                 "rabbitmq_auth_mechanism_ssl, and EXTERNAL among auth_mechanisms in rabbitmq.conf"
               : "with a client certificate, add auth_mechanism=external to the broker's URI");
}

/// Without cancel notifications the deletion of a consumed queue is silent; without connection.blocked so is an alarm.
void send_start_ok(Connection::Impl& connection, const Endpoint& endpoint, const std::string& mechanism,
                   const StopToken& stop) {
  amqp_table_entry_t capabilities[] = {yes("consumer_cancel_notify"), yes("connection.blocked"),
                                       yes("publisher_confirms"), yes("basic.nack"),
                                       yes("authentication_failure_close")};
  const std::string product = "ms2m";
  amqp_table_entry_t properties[3] = {
      entry("product", product), entry("connection_name", endpoint.connection_name), {}};
  properties[2].key = amqp_cstring_bytes("capabilities");
  properties[2].value.kind = AMQP_FIELD_KIND_TABLE;
  properties[2].value.value.table = amqp_table_t{static_cast<int>(std::size(capabilities)), capabilities};

  // EXTERNAL: as whom the certificate says.
  const std::string response =
      mechanism == "EXTERNAL" ? "" : std::string(1, '\0') + endpoint.user + std::string(1, '\0') + endpoint.password;
  amqp_connection_start_ok_t ok{};
  ok.client_properties = amqp_table_t{static_cast<int>(std::size(properties)), properties};
  ok.mechanism = bytes_of(mechanism);
  ok.response = bytes_of(response);
  ok.locale = amqp_cstring_bytes("en_US");
  connection.send(0, AMQP_CONNECTION_START_OK_METHOD, &ok, stop, "logging in to the broker");
}

}  // namespace

// The library's own amqp_login() cannot be interrupted; this is the same exchange on our own way of waiting.
void Connection::Impl::log_in(const Endpoint& endpoint, const StopToken& stop) {
  const char* const doing = "logging in to the broker";
  logging_in = true;
  check(amqp_send_header(state), doing);
  auto* start = static_cast<amqp_connection_start_t*>(await(AMQP_CONNECTION_START_METHOD, stop, doing));
  server_version = property_in(start->server_properties, "version", "unknown");
  cluster_name = property_in(start->server_properties, "cluster_name", "");
  const std::string offered = text_of(start->mechanisms);
  send_start_ok(*this, endpoint, chosen_mechanism(endpoint, offered), stop);

  auto* tune = static_cast<amqp_connection_tune_t*>(await(AMQP_CONNECTION_TUNE_METHOD, stop, doing));
  amqp_connection_tune_ok_t tuned{};
  tuned.channel_max = static_cast<std::uint16_t>(agreed(kChannelMax, tune->channel_max));
  tuned.frame_max = static_cast<std::uint32_t>(agreed(kFrameMax, static_cast<int>(tune->frame_max)));
  tuned.heartbeat = static_cast<std::uint16_t>(agreed(static_cast<int>(endpoint.heartbeat.count()), tune->heartbeat));
  send(0, AMQP_CONNECTION_TUNE_OK_METHOD, &tuned, stop, doing);
  check(amqp_tune_connection(state, tuned.channel_max, static_cast<int>(tuned.frame_max), tuned.heartbeat), doing);

  amqp_connection_open_t open{};
  open.virtual_host = bytes_of(endpoint.vhost);
  call(0, AMQP_CONNECTION_OPEN_METHOD, &open, AMQP_CONNECTION_OPEN_OK_METHOD, stop, doing);
  logging_in = false;
}

}  // namespace ms2m::amqp
