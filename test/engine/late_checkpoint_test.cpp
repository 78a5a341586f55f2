// A request for a checkpoint that had no answer: what the kubelet makes of it later is found, and nobody else's is touched.
#include "engine/on_fakes.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "undo/node_operations.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Matchers::Contains;

namespace {

/// An API server that is silent for some questions, and whom the request reaches when it speaks.
class Silent final : public FakeCluster {
 public:
  using FakeCluster::FakeCluster;
  std::optional<bool> answers(const StopToken&) override {
    ++asked;
    return silent == 0 || (silent > 0 && silent-- == 0);
  }
  int silent = 0;  ///< < 0: it stays so
  int asked = 0;
};

/// The kubelet's archive comes while a new one is waited for.
class Archives final : public CheckpointArchives {
 public:
  Archives(CheckpointArchives& inner, std::function<void()> comes) : inner_(inner), comes_(std::move(comes)) {}
  std::vector<ArchiveFile> list(const std::string& node, const ArchivesOf& of, const StopToken& stop) override {
    return inner_.list(node, of, stop);
  }
  std::vector<ArchiveFile> list_new(const std::string& node, const ArchivesOf& of,
                                    const std::vector<std::string>& known, Millis wait,
                                    const StopToken& stop) override {
    ++waits;
    comes_();
    return inner_.list_new(node, of, known, wait, stop);
  }
  void wait_complete(const std::string& node, const std::string& path, const StopToken& stop) override {
    inner_.wait_complete(node, path, stop);
  }
  bool remove(const std::string& node, const std::string& path, const StopToken& stop) override {
    return inner_.remove(node, path, stop);
  }
  int waits = 0;

 private:
  CheckpointArchives& inner_;
  const std::function<void()> comes_;
};

struct Lost : OnFakes {
  std::string make(int seconds) { return nodes.make_archive("worker-1", "consumer-0", seconds); }
  void undo(const StopToken& stop = {}) {
    FakeBroker broker(server);
    FakePorts fakes(nodes, broker);
    const Migrator::Ports& all = fakes.all;
    Archives archives(all.archives, [this] {
      if (comes) make(*comes);
    });
    const Migrator::Ports ports{cluster,     all.broker, all.admin,     all.nodes,    all.inspector, archives,
                                all.carrier, all.images, all.processes, all.restores, all.dumps,     all.registry};
    remove_archives(ports, request_of_it, stop);
    waits = archives.waits;
  }
  std::vector<std::string> archives() const { return nodes.archives("worker-1"); }

  Silent cluster{nodes};
  std::vector<std::string> before{make(-7200)};
  op::RemoveArchives request_of_it{"worker-1", "/var/lib/kubelet/checkpoints", "default", "consumer-0", "consumer",
                                   before,     std::time(nullptr) - 300};
  std::optional<int> comes;
  int waits = 0;
};

}  // namespace

TEST_CASE("late checkpoint: one that was made in time is removed without a wait") {
  Lost lost;
  lost.make(-299);
  lost.undo();
  CHECK(lost.archives() == lost.before);
  CHECK(lost.waits == 0);
}

TEST_CASE("late checkpoint: made when a silent API server speaks again, it is removed") {
  Lost lost;
  lost.cluster.silent = GENERATE(0, 2);
  lost.comes = 0;
  const int questions = lost.cluster.silent + 1;
  lost.undo();
  CHECK(lost.cluster.asked == questions);
  CHECK(lost.waits == 1);
  CHECK(lost.archives() == lost.before);
}

TEST_CASE("late checkpoint: when there is none it is over") {
  Lost lost;
  lost.undo();
  CHECK(lost.waits == 1);
  CHECK(lost.archives() == lost.before);
}

TEST_CASE("late checkpoint: a silent API server is named, as it may still pass the request on") {
  Lost lost;
  lost.cluster.silent = -1;
  const Error error = error_of([&] { lost.undo(StopToken().within(Millis{100})); });
  CHECK(error.kind() == ErrorKind::timeout);
  CHECK_THAT(error.what(), Contains("the API server") && Contains("worker-1's kubelet"));
}

TEST_CASE("late checkpoint: one that was made long after, before anybody looked, is named and stays") {
  Lost lost;
  const std::string path = lost.make(-100);
  const Error error = error_of([&] { lost.undo(); });
  CHECK(error.kind() == ErrorKind::inconsistent);
  CHECK_THAT(error.what(), Contains(path));
  CHECK(lost.archives().size() == 2);
}
