#include "cli/reach.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "cli/keys.hpp"
#include "cli/quantity.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

void fill(std::string& into, const std::string& from) {
  if (into.empty()) into = from;
}

/// Whom to be belongs together.
void fill_impersonation(KubeReach& into, const KubeReach& from) {
  if (!into.as.empty()) return;
  into.as = from.as;
  fill(into.as_uid, from.as_uid);
  fill(into.as_groups, from.as_groups);
}

void fill_token(KubeReach& into, const KubeReach& from) {
  if (!into.token.empty() || !into.token_file.empty()) return;
  into.token = from.token;
  into.token_file = from.token_file;
}

void fill_place(KubeReach& into, const KubeReach& from) {
  fill(into.cluster, from.cluster);
  fill(into.user, from.user);
  fill(into.server, from.server);
}

bool says_place(const KubeReach& reach) {
  return !reach.cluster.empty() || !reach.user.empty() || !reach.server.empty();
}

std::string lines(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : "\n") + word;
  return text;
}

/// Whether the file's token is for the cluster of the journal, as far as the two tell.
bool token_is_for(const KubeReach& noted, const KubeReach& file) {
  return noted.cluster == file.cluster && noted.user == file.user && noted.server == file.server &&
         (file.context.empty() || file.context == noted.context) &&
         (file.kubeconfig.empty() || std::filesystem::absolute(file.kubeconfig) == noted.kubeconfig);
}

/// As kubectl: a whole number is of seconds, and 0 sets no limit.
Millis parse_request_timeout(const std::string& text) {
  if (text.empty()) return Millis{0};
  try {
    const bool whole = text.find_first_not_of("0123456789") == std::string::npos;
    return parse_duration(whole ? text + "s" : text);
  } catch (Error& error) {
    throw error.in("the request timeout");
  }
}

std::string one_a_line(std::string list) {
  std::replace(list.begin(), list.end(), ',', '\n');
  return list;
}

}  // namespace

Reach reach_of(const Environment& environment) {
  Reach reach;
  for (const Key& key : keys()) key.field(reach) = environment.get(variable_of(key.name)).value_or("");
  reach.kube.as_groups = one_a_line(reach.kube.as_groups);
  if (!reach.kube.token.empty() && !reach.kube.token_file.empty())
    throw Error(ErrorKind::usage, "MS2M_TOKEN and MS2M_TOKEN_FILE are both set", "unset one of them");
  if (const std::string wrong = server_objection(reach.kube.server); !wrong.empty())
    throw Error(ErrorKind::usage, "MS2M_SERVER: " + wrong);
  return reach;
}

bool kubeconfig_over_file(const Reach& options, const Environment& environment, const Config& config) {
  return options.kube.kubeconfig.empty() && !environment.get(variable_of("kubeconfig")) &&
         environment.get("KUBECONFIG") && !config.kube.kubeconfig.empty();
}

KubeReach kube_reach(const Reach& options, const Environment& environment, const Config& config) {
  KubeReach chosen = options.kube;
  const KubeReach variables = reach_of(environment).kube;
  fill_impersonation(chosen, variables);
  fill_token(chosen, variables);
  fill_place(chosen, variables);
  const bool says_where = says_place(chosen);
  fill(chosen.kubeconfig, variables.kubeconfig);
  fill(chosen.context, variables.context);
  fill(chosen.ns, variables.ns);
  fill(chosen.request_timeout, variables.request_timeout);
  const bool another = !chosen.kubeconfig.empty() || kubeconfig_over_file(options, environment, config);
  if (!another && chosen.context.empty()) {
    if (!says_where) fill_token(chosen, config.kube);
    fill_place(chosen, config.kube);
  }
  if (!another) {
    fill(chosen.context, config.kube.context);
    fill(chosen.kubeconfig, config.kube.kubeconfig);
  }
  fill_impersonation(chosen, config.kube);
  fill(chosen.ns, config.kube.ns);
  fill(chosen.request_timeout, config.kube.request_timeout);
  return chosen;
}

KubeReach kube_reach(const Reach& options, const Environment& environment, const Config& config,
                     const JournalSummary& journal) {
  KubeReach chosen = options.kube;
  const KubeReach variables = reach_of(environment).kube;
  KubeReach noted;
  noted.kubeconfig = journal.kubeconfig;
  noted.context = journal.context;
  noted.token_file = journal.kube.token_file;
  noted.cluster = journal.kube.cluster;
  noted.user = journal.kube.user;
  noted.server = journal.kube.server;
  noted.as = journal.kube.as;
  noted.as_uid = journal.kube.as_uid;
  noted.as_groups = lines(journal.kube.as_groups);
  const bool same_place = chosen.kubeconfig.empty() && chosen.context.empty();  // else it is said anew where
  const bool same_server = same_place && !says_place(chosen);
  if (same_place) {
    fill_place(chosen, noted);
    if (variables.token.empty()) fill_token(chosen, noted);
  }
  fill_impersonation(chosen, noted);
  fill_token(chosen, variables);
  if (same_server && token_is_for(noted, config.kube)) fill_token(chosen, config.kube);
  fill(chosen.kubeconfig, noted.kubeconfig);
  fill(chosen.context, noted.context);
  chosen.ns = journal.ns;
  fill(chosen.request_timeout, variables.request_timeout);
  fill(chosen.request_timeout, config.kube.request_timeout);
  return chosen;
}

KubeFlags flags_of(const KubeReach& reach) {
  KubeFlags flags;
  flags.cluster = reach.cluster;
  flags.user = reach.user;
  flags.server = reach.server;
  flags.token_file = reach.token_file.empty() ? "" : std::filesystem::absolute(reach.token_file).string();
  flags.as = reach.as;
  flags.as_uid = reach.as_uid;
  std::istringstream groups(reach.as_groups);
  for (std::string group; std::getline(groups, group);)
    if (!group.empty()) flags.as_groups.push_back(group);
  return flags;
}

KubeOptions kube_options(const KubeReach& reach, KubeletPath kubelet) {
  return {reach.kubeconfig,
          reach.context,
          reach.ns,
          kubelet,
          flags_of(reach),
          reach.token,
          parse_request_timeout(reach.request_timeout)};
}

}  // namespace ms2m::cli
