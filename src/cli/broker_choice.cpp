#include "cli/broker_choice.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/one_line.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_spec.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

constexpr const char* kQueueAnnotation = "ms2m.io/queue";
constexpr const char* kSecretAnnotation = "ms2m.io/broker-secret";

struct Found {
  BrokerAddress address;
  std::string origin;
};

std::optional<std::string> annotation(const Json& pod, const char* name) {
  const Labels annotations = annotations_of(pod);
  const auto found = annotations.find(name);
  if (found == annotations.end()) return std::nullopt;
  auto value = one_line(found->second);
  return value.empty() ? std::nullopt : std::optional(std::move(value));
}

/// Runs `read`; what goes wrong in it was said by the pod, not by the user, so it is a refusal.
template <typename Read>
auto of_the_pod(const std::string& origin, const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    const auto kind = error.kind() == ErrorKind::usage ? ErrorKind::refused : error.kind();
    const auto remedy = error.kind() == ErrorKind::forbidden
                            ? "give --broker and --queue, or let ms2m read the object that the pod refers to"
                            : "give --broker and --queue";
    throw Error(kind, error.what(), remedy).in(origin);
  }
}

std::optional<Found> given(const BrokerQuestion& question) {
  std::string password;
  for (const auto& source : question.sources)
    if (password.empty()) password = source.options.password;
  for (const auto& source : question.sources) {
    if (source.options.uri.empty()) continue;
    try {
      Found found{question.parse_uri(source.options.uri), source.origin};
      if (!password.empty() && !has_password(source.options.uri)) found.address.password = password;
      return found;
    } catch (Error& error) {
      throw error.in(source.origin);
    }
  }
  return std::nullopt;
}

/// What is no port is not repeated: it stands in a secret.
std::uint16_t port_number(const std::string& text) {
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0)
    throw Error(ErrorKind::refused, "key port is not a port");
  return number;
}

/// host, port, username, password, vhost: what the RabbitMQ cluster operator writes, for instance.
std::optional<BrokerAddress> from_parts(const Json& secret) {
  const auto host = secret_value(secret, "host");
  if (!host || host->empty()) return std::nullopt;
  BrokerAddress address;
  address.host = *host;
  if (const auto port = secret_value(secret, "port")) {
    address.port = port_number(*port);
    address.tls = address.port == 5671;  // IANA's port for amqps; such secrets have no key for it
  }
  address.user = secret_value(secret, "username").value_or(address.user);
  address.password = secret_value(secret, "password").value_or(address.password);
  address.vhost = secret_value(secret, "vhost").value_or(address.vhost);
  return address;
}

std::optional<Found> from_annotation(const BrokerQuestion& question) {
  const auto reference = annotation(question.pod, kSecretAnnotation);
  if (!reference) return std::nullopt;
  const auto slash = reference->find('/');
  const std::string name = reference->substr(0, slash);
  const std::string origin = fmt::format("annotation {} (secret {})", kSecretAnnotation, name);
  return of_the_pod(origin, [&]() -> std::optional<Found> {
    const auto secret = question.lookups.secret(name);
    if (!secret) throw Error(ErrorKind::refused, "there is no such secret");
    if (slash != std::string::npos) {
      const std::string key = reference->substr(slash + 1);
      const auto uri = secret_value(*secret, key);
      if (!uri) throw Error(ErrorKind::refused, "the secret has no key " + key);
      return Found{question.parse_uri(*uri), origin};
    }
    for (const char* key : {"url", "uri", "RABBITMQ_URL"})
      if (const auto uri = secret_value(*secret, key)) return Found{question.parse_uri(*uri), origin};
    if (const auto address = from_parts(*secret)) return Found{*address, origin};
    throw Error(ErrorKind::refused, "the secret has none of the keys url, uri, RABBITMQ_URL, host");
  });
}

std::optional<std::string> variable(const BrokerQuestion& question, const std::string& container, const char* name) {
  const auto value = ContainerEnv(question.pod, container, question.lookups).get(name);
  if (!value || value->empty()) return std::nullopt;
  if (value->find("$(") != std::string::npos)
    throw Error(ErrorKind::refused, "it refers to a variable that only the running container knows");
  return value;
}

std::string own_variable(const std::string& container, const char* name) {
  return fmt::format("{} of container {}", name, container);
}

std::optional<Found> from_container(const BrokerQuestion& question, const std::string& container) {
  const std::string origin = own_variable(container, "RABBITMQ_URL");
  return of_the_pod(origin, [&]() -> std::optional<Found> {
    const auto uri = variable(question, container, "RABBITMQ_URL");
    if (!uri) return std::nullopt;
    return Found{question.parse_uri(*uri), origin};
  });
}

std::string pod_words(const BrokerQuestion& question) {
  const std::string name = name_of(question.pod);
  if (name.empty()) return "the pod, which is gone,";
  return fmt::format("pod {}/{}", namespace_of(question.pod), name);
}

void choose_address(const BrokerQuestion& question, const std::optional<std::string>& container, BrokerChoice& choice) {
  auto found = given(question);
  if (!found) found = from_annotation(question);
  if (!found && container) found = from_container(question, *container);
  if (!found)
    throw NotNamed(
        ErrorKind::refused,
        fmt::format("nothing says which broker {} uses: no --broker, MS2M_BROKER, config.yaml, annotation {} or "
                    "RABBITMQ_URL of its container",
                    pod_words(question), kSecretAnnotation),
        "give --broker amqp://USER@HOST:5672/VHOST, and the password in MS2M_BROKER_PASSWORD");
  choice.address = found->address;
  choice.address_origin = choice.address.origin = found->origin;
  // The rest is about the way to the broker from here, so it never comes from the pod.
  const auto first = [&question](std::string BrokerOptions::*field) {
    for (const auto& source : question.sources)
      if (!(source.options.*field).empty()) return source.options.*field;
    return std::string();
  };
  const auto overlay = [](std::string& field, const std::string& value) {
    if (!value.empty()) field = value;
  };
  overlay(choice.address.api_url, first(&BrokerOptions::api));
  overlay(choice.address.ca_file, first(&BrokerOptions::ca));
  overlay(choice.address.certificate_file, first(&BrokerOptions::certificate));
  overlay(choice.address.key_file, first(&BrokerOptions::key));
}

void choose_queue(const BrokerQuestion& question, const std::optional<std::string>& container, BrokerChoice& choice) {
  for (const auto& source : question.sources) {
    if (source.options.queue.empty()) continue;
    choice.queue = source.options.queue;
    choice.queue_origin = source.queue_origin;
    return;
  }
  if (const auto name = annotation(question.pod, kQueueAnnotation)) {
    choice.queue = *name;
    choice.queue_origin = fmt::format("annotation {}", kQueueAnnotation);
    return;
  }
  if (container) {
    choice.queue_origin = own_variable(*container, "QUEUE_NAME");
    const auto name = of_the_pod(choice.queue_origin, [&] { return variable(question, *container, "QUEUE_NAME"); });
    choice.queue = name.value_or("");
  }
  if (choice.queue.empty() && question.queue_needed)
    throw NotNamed(
        ErrorKind::refused,
        fmt::format("nothing says which queue {} consumes: no --queue, MS2M_QUEUE, config.yaml, annotation {} or "
                    "QUEUE_NAME of its container",
                    pod_words(question), kQueueAnnotation),
        "give --queue NAME");
}

}  // namespace

bool has_password(std::string_view uri) {
  const auto scheme = uri.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view authority = uri.substr(scheme + 3, uri.find_first_of("/?#", scheme + 3) - scheme - 3);
  const auto at = authority.rfind('@');
  return at != std::string_view::npos && authority.substr(0, at).find(':') != std::string_view::npos;
}

BrokerChoice choose_broker(const BrokerQuestion& question) {
  BrokerChoice choice;
  const auto container = container_meant(question.pod, question.container);
  for (const auto choose : {choose_address, choose_queue}) {
    try {
      choose(question, container, choice);
    } catch (const Error& error) {
      if (!question.unresolved || error.kind() == ErrorKind::usage) throw;
      question.unresolved(error);
    }
  }
  return choice;
}

}  // namespace ms2m::cli
