#include "node/session/local_link.hpp"

#include "node/session/first_line.hpp"
#include "node/session/push.hpp"
#include "wrap/posix/child.hpp"
#include "wrap/posix/memory_file.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m::node {
namespace {

constexpr std::chrono::seconds kGreetingLimit{20};

posix::ProcessSpec process_of(const posix::UniqueFd& file) {
  posix::ProcessSpec spec;
  spec.argv = {posix::path_of(file), kInHost};
  return spec;
}

class LocalLine final : public Line {
 public:
  LocalLine(std::string node, const posix::UniqueFd& file) : node_(std::move(node)), child_(process_of(file)) {
    in = std::move(child_.in);
    out = std::move(child_.out);
    err = std::move(child_.err);
  }
  void wait_for_end(Millis limit) override { child_.wait_for(limit); }
  Error cause(const std::string& said) override {
    const auto status = child_.try_wait();
    const std::string line = posix::last_line(said);
    return Error(ErrorKind::failed, "the node program on node " + node_ + " ended: " +
                                        (!line.empty() ? line
                                         : status      ? status->text()
                                                       : "it says nothing"));
  }
  void cut() noexcept override { child_.end(Millis{0}); }

 private:
  const std::string node_;
  posix::Child child_;
};

}  // namespace

Link open_local_link(const std::string& node, const NodeProgram& program, const StopToken& stop) {
  const StopToken limit = stop.within(kGreetingLimit);
  const posix::UniqueFd file = posix::make_memory_file("ms2m-node", program.bytes());
  Link link;
  link.node = node;
  link.by_hand = "true";
  link.line = std::make_unique<LocalLine>(node, file);
  const auto greeting = parse_greeting(first_line(link, "starting the node program on node " + node, limit));
  if (!greeting) throw Error(ErrorKind::protocol, "what was started on node " + node + " is no node program");
  check_greeting(node, *greeting);
  link.greeting = *greeting;
  return link;
}

}  // namespace ms2m::node
