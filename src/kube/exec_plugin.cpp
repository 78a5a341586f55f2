#include "kube/exec_plugin.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "base/base64.hpp"
#include "base/moment.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string pem_text(const Pem& pem) {
  if (!pem.data.empty() || pem.file.empty()) return pem.data;
  std::ifstream in(pem.file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

std::optional<std::chrono::system_clock::time_point> parse_rfc3339(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second,
                  &used) != 6 ||
      used == 0)
    return std::nullopt;
  std::size_t at = static_cast<std::size_t>(used);
  if (at < text.size() && text[at] == '.')
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9';) ++at;
  int offset_minutes = 0;
  const std::string zone = text.substr(at);
  if (zone != "Z" && zone != "z") {
    int hours = 0, minutes = 0;
    char sign = 0;
    if (std::sscanf(zone.c_str(), "%c%2d:%2d", &sign, &hours, &minutes) != 3 || (sign != '+' && sign != '-'))
      return std::nullopt;
    offset_minutes = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
  }
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  const sys_seconds at_second = sys_days{date} + hours{hour} + minutes{minute - offset_minutes} + seconds{second};
  return moment_of(static_cast<double>(at_second.time_since_epoch().count()));
}

std::string exec_info(const KubeAccess& access, bool interactive) {
  const ExecPlugin& plugin = *access.exec;
  Json spec{{"interactive", interactive}};
  if (plugin.provide_cluster_info) {
    Json cluster{{"server", access.server}};
    if (!access.tls.server_name.empty()) cluster["tls-server-name"] = access.tls.server_name;
    if (access.tls.insecure) cluster["insecure-skip-tls-verify"] = true;
    if (!access.tls.ca.empty()) cluster["certificate-authority-data"] = base64_encode(pem_text(access.tls.ca));
    if (!access.proxy.empty()) cluster["proxy-url"] = access.proxy;
    cluster["config"] = plugin.cluster_config;
    spec["cluster"] = std::move(cluster);
  }
  return Json{{"apiVersion", plugin.api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}}.dump();
}

ExecCredential parse_exec_credential(const std::string& text, const ExecPlugin& plugin) {
  const auto wrong = [&](const std::string& why) {
    return Error(ErrorKind::protocol, fmt::format("the credential plugin {} {}", plugin.command, why));
  };
  const Json answer = Json::parse(text, nullptr, false);
  if (!answer.is_object() || text_of(answer, "kind") != "ExecCredential")
    throw wrong("did not print an ExecCredential");
  if (text_of(answer, "apiVersion") != plugin.api_version)
    throw wrong(fmt::format("answered in apiVersion \"{}\" instead of \"{}\"", text_of(answer, "apiVersion"),
                            plugin.api_version));
  const auto status = answer.find("status");
  if (status == answer.end() || !status->is_object()) throw wrong("printed no status");
  ExecCredential credential{
      text_of(*status, "token"), text_of(*status, "clientCertificateData"), text_of(*status, "clientKeyData"), {}};
  if (credential.certificate.empty() != credential.key.empty())
    throw wrong("gave a certificate without its key, or the other way round");
  if (credential.token.empty() && credential.certificate.empty())
    throw wrong("gave neither a token nor a client certificate");
  if (const std::string expires = text_of(*status, "expirationTimestamp"); !expires.empty()) {
    credential.expires = parse_rfc3339(expires);
    if (!credential.expires) throw wrong(fmt::format("gave an expirationTimestamp that is no time: \"{}\"", expires));
  }
  return credential;
}

bool can_ask() { return ::isatty(STDIN_FILENO) != 0 && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp(); }

ExecCredential run_exec_plugin(const KubeAccess& access, const RunProcess& run, bool can_ask, const StopToken& stop) {
  const ExecPlugin& plugin = *access.exec;
  if (plugin.interactive == ExecPlugin::Interactive::always && !can_ask)
    throw Error(
        ErrorKind::usage,
        fmt::format("the credential plugin {} of user \"{}\" insists on a terminal (interactiveMode: Always), and "
                    "standard input is none",
                    plugin.command, access.user),
        "run ms2m in the foreground of a terminal");
  const bool interactive = can_ask && plugin.interactive != ExecPlugin::Interactive::never;
  posix::RunSpec spec;
  spec.process.argv = {plugin.command};
  spec.process.argv.insert(spec.process.argv.end(), plugin.args.begin(), plugin.args.end());
  spec.process.env = plugin.env;
  spec.process.env.emplace_back("KUBERNETES_EXEC_INFO", exec_info(access, interactive));
  using Stream = posix::ProcessSpec::Stream;
  spec.process.in = interactive ? Stream::inherit : Stream::null;
  spec.process.err = Stream::inherit;
  spec.process.own_group = !interactive;
  posix::RunResult result;
  try {
    result = run(spec, stop.within(kPluginLimit), fmt::format("waiting for the credential plugin {}", plugin.command));
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::timeout && stop.remaining(Millis{1}) != Millis{0})
      throw Error(ErrorKind::timeout,
                  fmt::format("the credential plugin {} of user \"{}\" did not end within {} minutes", plugin.command,
                              access.user, kPluginLimit.count()),
                  "run it by hand: it may wait for a login");
    if (e.kind() != ErrorKind::not_found) throw;
    throw Error(ErrorKind::usage,
                fmt::format("the credential plugin {} of user \"{}\" is not installed", plugin.command, access.user),
                plugin.install_hint.empty() ? "install it, or use another kubeconfig user" : plugin.install_hint);
  }
  if (!result.ok())
    throw Error(ErrorKind::forbidden,
                fmt::format("the credential plugin {} of user \"{}\" failed ({}); what it said of it stands above",
                            plugin.command, access.user, result.status.text()),
                plugin.install_hint);
  return parse_exec_credential(result.out, plugin);
}

}  // namespace ms2m
