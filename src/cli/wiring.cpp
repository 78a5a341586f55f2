// Which adapter stands behind which port.
#include "cli/wiring.hpp"

#include <cstdlib>
#include <utility>

#include "broker/uri.hpp"
#include "kube/kube_cluster.hpp"
#include "kube/kubeconfig.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

class Wiring final : public Backend {
 public:
  std::shared_ptr<Cluster> cluster(const KubeOptions& options) override {
    KubeconfigSource source;
    source.context = options.context;
    // A journal may hold the list that $KUBECONFIG was when the migration began.
    const std::string& list = options.kubeconfig;
    if (list.find(':') == std::string::npos) source.file = list;
    else
      source.env = [list](const std::string& name) -> std::optional<std::string> {
        if (name == "KUBECONFIG") return list;
        const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody changes the environment
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
      };
    KubeAccess access = load_kube_access(source);
    if (!options.ns.empty()) access.ns = options.ns;
    KubeletOptions kubelet;
    kubelet.path = options.kubelet;
    return std::make_shared<KubeCluster>(std::move(access), kubelet);
  }

  std::unique_ptr<Engine> engine(std::shared_ptr<Cluster>, const EngineOptions&, Observer&, const StopToken&) override {
    throw Error(ErrorKind::failed, "this build has no broker adapter yet");
  }

  BrokerAddress parse_broker_uri(std::string_view uri) const override { return ms2m::parse_broker_uri(uri); }
  std::vector<JournalSummary> journals() const override { return store().list(); }
  std::optional<JournalSummary> journal(const std::string& id) const override { return store().find(id); }
  void forget_journal(const std::string& id) const override { store().forget(id); }

 private:
  static JournalStore store() { return JournalStore(JournalStore::default_root()); }
};

}  // namespace

std::unique_ptr<Backend> make_backend() { return std::make_unique<Wiring>(); }

}  // namespace ms2m::cli
