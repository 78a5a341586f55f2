#include "cli/wiring.hpp"

#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

class Wiring final : public Backend {
 public:
  std::shared_ptr<Cluster> cluster(const KubeOptions&) override { throw missing(); }
  std::unique_ptr<Engine> engine(std::shared_ptr<Cluster>, const EngineOptions&, Observer&, const StopToken&) override {
    throw missing();
  }
  BrokerAddress parse_broker_uri(std::string_view) const override { throw missing(); }
  std::vector<JournalSummary> journals() const override { return {}; }
  std::optional<JournalSummary> journal(const std::string&) const override { return std::nullopt; }
  void forget_journal(const std::string&) const override {}

 private:
  static Error missing() { return Error(ErrorKind::failed, "not wired yet"); }
};

}  // namespace

std::unique_ptr<Backend> make_backend() { return std::make_unique<Wiring>(); }

}  // namespace ms2m::cli
