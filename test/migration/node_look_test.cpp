#include "migration/node_look.hpp"

#include "migration/cpu_fit.hpp"
#include "ms2m/error.hpp"
#include "support/catch.hpp"

using namespace ms2m;

namespace {

/// Answers every command with the same text.
class CannedShell : public NodeShell {
 public:
  explicit CannedShell(std::string out) : out_(std::move(out)) {}
  CommandResult run(const std::string&, const std::vector<std::string>& argv, const std::string&, const StopToken&) override {
    argv_ = argv;
    if (out_.empty()) throw Error(ErrorKind::unavailable, "gone");
    CommandResult result;
    result.out = out_;
    return result;
  }
  void open(const std::string&, const StopToken&) override {}
  std::string describe(const std::string& node) const override { return node; }
  std::vector<std::string> argv_;

 private:
  std::string out_;
};

}  // namespace

TEST_CASE("what a node says about itself", "[node_look]") {
  CannedShell shell("cpu sse fpu avx2\nvolume data scratch\nvolume empty tmp\nvolume unknown other\nshm empty\n");
  const NodeLook look = look_at_node(shell, "worker-1", {"uid", "cri-o://0123456789abcdef", {"scratch", "tmp", "other"}}, {});
  CHECK(look.features == std::vector<std::string>{"avx2", "fpu", "sse"});
  CHECK(look.volumes == std::map<std::string, Content>{{"other", Content::unknown}, {"scratch", Content::data}, {"tmp", Content::empty}});
  CHECK(look.shm == Content::empty);
  CHECK(std::vector<std::string>(shell.argv_.begin() + 4, shell.argv_.end()) ==
        std::vector<std::string>{"uid", "0123456789abcdef", "scratch", "tmp", "other"});
}

TEST_CASE("an ID that is none is not looked for", "[node_look]") {
  CannedShell shell("cpu fpu\n");
  const NodeLook look = look_at_node(shell, "worker-1", {"uid", "cri-o://.*", {}}, {});
  CHECK(look.shm == Content::unknown);
  CHECK(shell.argv_.back().empty());
}

TEST_CASE("a node that does not answer is unknown", "[node_look]") {
  CannedShell shell("");
  const NodeLook look = look_at_node(shell, "worker-1", {"uid", "", {"tmp"}}, {});
  CHECK(look.features.empty());
  CHECK(look.volumes.empty());
  CHECK(look.shm == Content::unknown);
}

TEST_CASE("features that only the kernel uses", "[cpu_fit]") {
  const LackingFeatures lacking = lacking_features({"amx_tile", "avx512f", "fpu", "ibrs", "sse4_2"}, {"fpu", "vmx"});
  CHECK(lacking.instructions == std::vector<std::string>{"amx_tile", "avx512f", "sse4_2"});
  CHECK(lacking.others == std::vector<std::string>{"ibrs"});
}
