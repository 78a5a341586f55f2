// A request for a checkpoint that had no answer: what the kubelet makes of it later is found, and nobody else's is
// touched.
#include "engine/on_fakes.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "undo/apply.hpp"
#include "undo/node_operations.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Matchers::Contains;

namespace {

/// A kubelet that is silent for some questions, and whom the request reaches when it speaks.
class Silent final : public FakeCluster {
 public:
  using FakeCluster::FakeCluster;
  std::optional<bool> kubelet_answers(const std::string&, const StopToken&) override {
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
  std::vector<ArchiveFile> list_new(const std::string& node, const ArchivesOf& of, const NewArchive& news,
                                    const StopToken& stop) override {
    ++waits;
    comes_();
    return inner_.list_new(node, of, news, stop);
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
  void with_ports(const std::function<void(const Migrator::Ports&)>& act) {
    FakeBroker broker(server);
    FakePorts fakes(nodes, broker);
    const Migrator::Ports& all = fakes.all;
    Archives archives(all.archives, [this] {
      if (comes) make(*comes);
    });
    act({cluster, all.broker, all.admin, all.nodes, all.inspector, archives, all.carrier, all.images, all.processes,
         all.restores, all.dumps, all.registry});
    waits = archives.waits;
  }
  void undo(const StopToken& stop = {}) {
    with_ports([&](const Migrator::Ports& ports) { said = remove_archives(ports, request_of_it, stop); });
  }
  std::vector<std::string> archives() const { return nodes.archives("worker-1"); }

  Silent cluster{nodes};
  std::vector<std::string> before{make(-7200)};
  op::RemoveArchives request_of_it{"worker-1", "/var/lib/kubelet/checkpoints", "default", "consumer-0", "consumer",
                                   before,     std::time(nullptr) - 300};
  std::optional<int> comes;
  int waits = 0;
  std::string said;
};

}  // namespace

TEST_CASE("late checkpoint: one that was made in time is removed without a wait") {
  Lost lost;
  lost.make(-299);
  lost.undo();
  CHECK(lost.archives() == lost.before);
  CHECK(lost.waits == 0);
}

TEST_CASE("late checkpoint: made when a silent kubelet speaks again, it is removed, however late") {
  Lost lost;
  lost.cluster.silent = 2;
  lost.comes = 0;
  lost.undo();
  CHECK(lost.cluster.asked == 3);
  CHECK(lost.waits == 1);
  CHECK(lost.archives() == lost.before);
  CHECK(lost.said.empty());
}

TEST_CASE("late checkpoint: one that comes while it is looked for is ms2m's when it was made in time") {
  const bool in_time = GENERATE(true, false);
  Lost lost;
  lost.comes = in_time ? -290 : 0;
  lost.undo();
  CHECK(lost.waits == 1);
  CHECK((lost.archives() == lost.before) == in_time);
  CHECK(lost.said.empty() == in_time);
}

TEST_CASE("late checkpoint: when there is none it is over") {
  Lost lost;
  lost.undo();
  CHECK(lost.waits == 1);
  CHECK(lost.archives() == lost.before);
  CHECK(lost.said.empty());
}

TEST_CASE("late checkpoint: a silent kubelet is named, as it may still get the request") {
  Lost lost;
  lost.cluster.silent = -1;
  const Error error = error_of([&] { lost.undo(StopToken().within(Millis{100})); });
  CHECK(error.kind() == ErrorKind::timeout);
  CHECK_THAT(error.what(), Contains("worker-1's kubelet"));
}

TEST_CASE("late checkpoint: one that was made long after, before anybody looked, is named and stays") {
  Lost lost;
  const std::string path = lost.make(-100);
  lost.undo();
  CHECK_THAT(lost.said, Contains(path));
  CHECK(lost.archives().size() == 2);
}

TEST_CASE("late checkpoint: the archive of another one of the move's own is nobody else's") {
  Lost lost;
  const std::string early = lost.make(-290), last = lost.make(-250);
  Journal journal = Journal::create(lost.root, "abc234", Json::object());
  const op::RemoveArchive named{"worker-1", last};
  journal.effect(Phase::transferring, "checkpoint", lost.request_of_it, lost.request_of_it);
  journal.effect(Phase::transferring, "archive", named, named);
  const Direction direction = GENERATE(Direction::undo, Direction::finish);
  lost.with_ports([&](const Migrator::Ports& ports) {
    Operations operations(ports);
    CHECK(apply(journal, direction, operations, lost.warnings, {}).left.empty());
  });
  CHECK(lost.archives() == lost.before);
}
