// Findings about what checkpoints and restores on the nodes: CRIU, the OCI runtime, the container runtime.
#include <fmt/format.h>

#include <string_view>

#include "kube/objects/object.hpp"
#include "ms2m/remedy.hpp"
#include "plan/facts.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {
namespace {

using Numbers = std::vector<int>;

const Numbers kCrunReadsConfig{1, 26};    // NEWS of crun: /etc/criu/crun.conf, or runc's
const Numbers kCriuTakesConfig{4, 2};     // libcriu's criu_set_config_file(); also what a kernel of 2026 needs
const Numbers kCrioDefaultsToOn{1, 30};   // enable_criu_support
const Numbers kContainerdRestores{2, 1};  // by CreateContainer
const Numbers kContainerdRemoved{2, 4};

/// One node, and what it is for.
struct Subject {
  const NodeFacts& facts;
  std::string name;
  bool checkpoints, restores;
  bool by_image;    ///< the container runtime itself restores
  bool by_kubelet;  ///< it makes the checkpoint, too
  bool image_is_asked_for;
  std::vector<Finding>& out;

  bool restores_image() const { return restores && by_image; }
  const NodeTools& tools() const { return facts.tools; }
  std::string runtime() const {
    if (!facts.node) return "";
    return facts.node->runtime;
  }
  void refuse(std::string text, std::string cure) const {
    ms2m::refuse(out, "node-tools", fmt::format("node {}: {}", name, text), std::move(cure));
  }
  void warn(std::string text, std::string cure) const {
    out.push_back({"node-tools", Level::warning, fmt::format("node {}: {}", name, text), std::move(cure)});
  }
};

/// Refuses nothing that was not found out.
void check_criu(const Subject& node) {
  const NodeTools& tools = node.tools();
  if (tools.criu.empty())
    return node.refuse("CRIU is not installed, or not where root finds it",
                       "install it there (Debian, Ubuntu: apt-get install criu libcriu2)");
  const bool old = version_numbers(tools.criu) < kCriuTakesConfig;
  if (tools.oci == "crun" && !tools.crun.empty() && version_numbers(tools.crun) < kCrunReadsConfig)
    node.refuse(
        fmt::format("crun {} does not read CRIU's configuration, so a process with an open TCP connection cannot "
                    "be checkpointed",
                    tools.crun),
        "install crun 1.26 or later there");
  if (tools.oci == "crun" && tools.crun_without_criu)
    node.refuse(fmt::format("crun {} was built without CRIU", tools.crun),
                "install a crun with +CRIU in crun --version");
  if (old && tools.oci == "crun")
    node.refuse(fmt::format("CRIU {} does not take the configuration that crun reads for it", tools.criu),
                "install CRIU 4.2 or later there, with its library (libcriu2)");
  else if (old)
    node.warn(fmt::format("CRIU {} is older than 4.2 and may fail on this kernel", tools.criu),
              "install CRIU 4.2 or later there");
}

void check_criu_options(const Subject& node) {
  const NodeTools& tools = node.tools();
  if (tools.criu.empty()) return;
  const std::string file = criu_config_file(tools);
  const auto options = criu_options(tools);
  // A checkpoint by tcp-established is restored by tcp-close, too.
  const bool closes = options.count("tcp-close") > 0 || (!node.restores && options.count("tcp-established") > 0);
  if (!closes)
    node.refuse(fmt::format("{} does not have tcp-close, so a process with a connection to the broker can be neither "
                            "checkpointed nor restored",
                            file),
                fmt::format("put the lines tcp-close and skip-in-flight into {} on {}, as ms2m node setup {} does",
                            file, node.name, node.name));
  else if (options.count("skip-in-flight") == 0 && node.checkpoints)
    node.warn(fmt::format("{} does not have skip-in-flight: a checkpoint fails when somebody is just connecting", file),
              fmt::format("put the line skip-in-flight into {} on {}, as ms2m node setup {} does", file, node.name,
                          node.name));
}

enum class Crio { unknown, off, checkpoint_only, on };

Crio crio_level(const Subject& node) {
  const NodeTools& tools = node.tools();
  if (tools.crio_level == "none" || tools.crio_criu_support == false) return Crio::off;
  if (tools.crio_level == "checkpoint_only") return Crio::checkpoint_only;
  if (tools.crio_level == "checkpoint_restore") return Crio::on;
  if (tools.crio_knows_levels) return Crio::checkpoint_only;  // the default
  if (tools.crio_criu_support == true) return Crio::on;
  if (!tools.crio_configured) return Crio::unknown;
  return version_numbers(node.runtime().substr(std::string_view("cri-o://").size())) < kCrioDefaultsToOn ? Crio::off
                                                                                                         : Crio::on;
}

void check_crio(const Subject& node) {
  const NodeTools& tools = node.tools();
  const bool levels = tools.crio_knows_levels || !tools.crio_level.empty();
  const std::string restart = remedy::command(remedy::Command::restart_service, {}, {"crio"});
  const std::string cure =
      levels ? fmt::format(
                   "put container_level_enabled = \"checkpoint_restore\" below [crio.checkpoint_restore] into a "
                   "file in /etc/crio/crio.conf.d on {}, without enable_criu_support, and there: {}",
                   node.name, restart)
             : fmt::format(
                   "put enable_criu_support = true below [crio.runtime] into a file in /etc/crio/crio.conf.d on "
                   "{}, and there: {}",
                   node.name, restart);
  switch (crio_level(node)) {
    case Crio::unknown:
      return node.warn("CRI-O's configuration could not be read: whether it may restore is not known",
                       "see that crio status config on " + node.name +
                           " says container_level_enabled = \"checkpoint_restore\", or, where it does not have that, "
                           "enable_criu_support = true");
    case Crio::off:
      if ((node.checkpoints && node.by_kubelet) || node.restores_image())
        node.refuse("CRI-O's checkpoints are switched off", cure);
      return;
    case Crio::checkpoint_only:
      if (node.restores_image())
        node.refuse("CRI-O may make checkpoints, but not restore them (checkpoint_only)", cure);
      return;
    case Crio::on:
      if (node.restores_image() && !tools.crio_signature_policy.empty())
        node.warn(fmt::format("CRI-O has a signature policy ({}), with which some versions refuse every restore",
                              tools.crio_signature_policy),
                  "unset signature_policy in CRI-O's configuration there if the restore is refused for it");
      return;
  }
}

/// From which release of its minor version on containerd restores only where it is switched on; 2.4 has it removed.
bool off_by_default(const Numbers& version) {
  if (version < Numbers{2, 3}) return !(version < Numbers{2, 2, 7});
  return !(version < Numbers{2, 3, 4});
}

/// Its own restore from an image, which nobody here uses: why the handler is the way.
std::string image_way_of_containerd(const Subject& node, const std::string& version) {
  const Numbers numbers = version_numbers(version);
  if (numbers.size() >= 2 && numbers < kContainerdRestores) return "cannot restore a container from an image";
  if (numbers.size() >= 2 && !(numbers < kContainerdRemoved))
    return "cannot restore a container from an image any more: 2.4 has removed it";
  if (numbers.size() >= 2 && off_by_default(numbers) && node.tools().containerd_restores != true)
    return "does not restore a container from an image unless enable_experimental_restore_via_create is set";
  return "restores from images that ms2m does not make";
}

void check_containerd(const Subject& node) {
  const std::string version = node.runtime().substr(std::string_view("containerd://").size());
  if (node.tools().containerd_criu == false && (node.restores_image() || (node.checkpoints && node.by_kubelet)))
    node.refuse(fmt::format("containerd {} has checkpoints switched off", version),
                fmt::format("set enable_criu = true below [plugins.'io.containerd.cri.v1.runtime'] in "
                            "/etc/containerd/config.toml on {}, and there: {}",
                            node.name, remedy::command(remedy::Command::restart_service, {}, {"containerd"})));
  if (node.restores_image())
    node.refuse(
        fmt::format("containerd {} {}", version, image_way_of_containerd(node, version)),
        node.tools().handler_configured && node.image_is_asked_for
            ? std::string("migrate with --restore handler: the runtime handler is there")
            : fmt::format("ms2m node setup {}: a copy is restored there by the runtime handler (--restore handler)",
                          node.name));
}

void check_node(const Subject& node) {
  if (node.facts.access) return;  // refused for that
  const std::string runtime = node.runtime();
  if (!node.tools().asked)
    return node.warn("what it checkpoints and restores with could not be found out",
                     "look there yourself: criu --version, crun --version, cat /etc/criu/crun.conf");
  check_criu(node);
  check_criu_options(node);
  if (runtime.starts_with("cri-o://")) check_crio(node);
  if (runtime.starts_with("containerd://")) check_containerd(node);
}

/// "cri-o" of "cri-o://1.36.1"; "": not known
std::string scheme_of(const NodeFacts& facts) {
  const std::string runtime = facts.node ? facts.node->runtime : "";
  return runtime.substr(0, std::min(runtime.find("://"), runtime.size()));
}

/// What one of them has dumped the other does not restore: masked paths, mounts, modes (containerd-facts.md section 4).
void check_same_runtimes(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  const auto compare = [&](const std::string& source, const std::string& target) {
    if (source.empty() || target.empty() || source == target) return;
    refuse(out, "node-tools",
           fmt::format("containers of node {} run with {}, those of node {} with {}: the one does not restore what the "
                       "other has dumped",
                       pod_node(facts.pod), source, request.target_node, target),
           "choose a node with " + source);
  };
  compare(facts.source.tools.oci, facts.target.tools.oci);
  compare(scheme_of(facts.source), scheme_of(facts.target));
}

}  // namespace

void check_tools(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  // A pod that keeps its name is gone before its copy is there: if the target cannot restore it, the source does.
  const bool way_back = facts.procedure.source_first();
  const bool renamed_later = facts.procedure.renamed_later();  // checkpointed there once more
  const std::size_t before = out.size();
  check_same_runtimes(facts, request, out);
  const bool by_image = !facts.procedure.by_handler(), by_kubelet = facts.procedure.checkpoint == CheckpointBy::kubelet;
  const bool asked_for = request.restore == RestoreChoice::image;
  check_node({facts.source, pod_node(facts.pod), true, way_back, by_image, by_kubelet, asked_for, out});
  check_node({facts.target, request.target_node, renamed_later, true, by_image, by_kubelet, asked_for, out});
  if (out.size() == before && facts.source.tools.asked)
    out.push_back(
        {"node-tools", Level::ok,
         fmt::format("CRIU {} and {} on both nodes restore open connections as closed", facts.source.tools.criu,
                     facts.source.tools.oci.empty() ? "the OCI runtime" : facts.source.tools.oci),
         ""});
}

}  // namespace ms2m
