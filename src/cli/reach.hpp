// How the layers of a run (options, variables, a journal, config.yaml) go over each other where they say how the
// cluster is reached.
#pragma once
#include "cli/backend.hpp"
#include "cli/config_file.hpp"
#include "cli/environment.hpp"
#include "cli/options.hpp"
#include "ms2m/migrator.hpp"

namespace ms2m::cli {

/// What the variables say. Error{usage}: MS2M_TOKEN beside MS2M_TOKEN_FILE, a login in MS2M_SERVER.
Reach reach_of(const Environment& environment);

/// KUBECONFIG is a variable, too, and goes over the kubeconfig that the file names: kube_reach() then has none.
bool kubeconfig_over_file(const Reach& options, const Environment& environment, const Config& config);

/// Options, then variables, KUBECONFIG among them, then config.yaml. Who names a kubeconfig or a context takes neither
/// server, cluster, user nor token from the file; who names one of the first three, no token; and who names somebody to
/// impersonate, none of his groups.
KubeReach kube_reach(const Reach& options, const Environment& environment, const Config& config);
/// Options, then what a journal has, which is all of what was in force then; a token comes from variables, too, and,
/// where neither options nor the file name another cluster than the journal, from config.yaml.
KubeReach kube_reach(const Reach& options, const Environment& environment, const Config& config,
                     const JournalSummary& journal);

/// Error{usage}: a request timeout that is none.
KubeOptions kube_options(const KubeReach& reach, KubeletPath kubelet = KubeletPath::proxy);
KubeFlags flags_of(const KubeReach& reach);

}  // namespace ms2m::cli
