// A node with a runtime that writes down what it is asked, and runs sleeps for containers.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/restore/store.hpp"
#include "wrap/posix/child.hpp"
#include "wrap/posix/files.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m::test {

inline const std::string kImage(64, 'a');
inline const std::string kContainer(64, 'c');
inline const std::string kUid = "b3a0e1d2-0000-4000-8000-3f1c7d1a9e55";
inline const std::string kId = "k3x9qa";

/// What the runtime was called with.
struct Call {
  std::vector<std::string> arguments;
  std::string environment, input;
};

class FakeNode {
 public:
  FakeNode();
  ~FakeNode();
  std::string path(const std::string& name) const { return (directory_.path() / name).string(); }

  void configure(const std::string& root = "", const std::string& kind = "crun") const;
  /// config.json of a container; `annotation`: of ms2m.io/restore, "": none.
  void write_bundle(const std::string& annotation, const std::string& container = "consumer",
                    const std::string& type = "container") const;
  /// The same as containerd's, whose ctr says `image` of it.
  void write_containerd_bundle(const std::string& annotation, const std::string& image) const;
  std::string bundle() const { return path("bundle"); }

  /// The handler, to its end.
  posix::RunResult handler(const std::vector<std::string>& arguments, const std::string& input = "") const;
  /// The same, running; its streams are open.
  std::unique_ptr<posix::Child> begin(const std::vector<std::string>& arguments) const;
  /// The fake runtime itself.
  posix::RunResult runtime(const std::vector<std::string>& arguments, const std::string& input = "") const;
  std::vector<std::string> create_arguments() const {
    return {"--root", "/run/crun", "create", "--bundle", bundle(), "--pid-file", path("pid"), kContainer};
  }
  posix::RunResult create() const { return handler(create_arguments()); }

  /// Calls so far, oldest first.
  std::vector<Call> calls() const;
  std::vector<std::string> commands() const;
  /// What a command of the runtime does: a piece of shell, run in its directory.
  void at(const std::string& command, const std::string& shell) const;

  node::RestoreStore store() const { return node::RestoreStore(path("restores")); }
  node::RestorePlace prepare(std::uint64_t wait_ms = 10'000) const;
  void bind(node::RestorePlace& place) const;
  /// Bound, with data.
  node::RestorePlace ready() const;
  /// Process that a restore started; -1: none.
  int restored_process() const;

 private:
  posix::TempDir directory_{"ms2m-handler-test-"};
};

bool becomes_true(const std::function<bool()>& holds);
bool alive(int pid);
std::string content(const std::string& path);
void put(const std::string& path, const std::string& text);

}  // namespace ms2m::test
