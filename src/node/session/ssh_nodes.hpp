// The sessions with all nodes of a run: by the OpenSSH client with the user's own configuration, keys and agent, or by
// another way that is given.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ms2m/error.hpp"
#include "ms2m/node.hpp"
#include "node/protocol/messages.hpp"
#include "node/session/line.hpp"
#include "node/session/push.hpp"
#include "node/session/session.hpp"
#include "node/session/ssh_host.hpp"

namespace ms2m {

/// nodeInfo.containerRuntimeVersion of a node ("cri-o://1.34.1"), or "" when it is not known; may ask the API server.
using NodeRuntimes = std::function<std::string(const std::string& node, const StopToken& stop)>;

/// Another way than ssh to the program of a node; `silence` is NodeSettings'. Blocks and throws as Nodes::open().
using OpenLine = std::function<node::Link(const std::string& node, Millis silence, const StopToken& stop)>;

struct NodeSettings {
  SshOptions ssh{};
  NodeAddresses addresses{};
  NodeRuntimes runtimes{};
  Millis silence = node::kDefaultSilence;  ///< after which a session counts as closed, here and there
  Millis again{5000};  ///< in which one that ends under a request is over, and then in which there is a new one
  std::filesystem::path program{};  ///< pushed instead of the one in ms2m when not empty
  node::PushPlaces places{};
  OpenLine open_line{};  ///< instead of ssh, when given
};

/// One session per node, made by the first call and again by the first one after its end. Thread-safe.
///
/// Host: SshOptions::destination, else the node's name if the user's ssh configuration gives it an address or a proxy
/// or if it resolves, else the same name with the node's InternalIP as HostName.
class SshNodes final : public Nodes {
 public:
  explicit SshNodes(NodeSettings settings) : settings_(std::move(settings)) {}
  ~SshNodes() override;

  void open(const std::string& node, const StopToken& stop) override { session(node, stop); }
  /// Since this object was made.
  NodeUsage usage() const;
  /// Nodes that had no program, and where one was brought and kept since then; sorted.
  std::vector<std::string> program_brought_to() const;
  /// ForgetProgram. False: there was none before this session.
  bool forget_program(const std::string& node, const StopToken& stop);

  /// What is brought where there is none.
  const node::NodeProgram& program();

  /// A session that lives, or did a moment ago. Error as Nodes::open().
  std::shared_ptr<node::Session> session(const std::string& node, const StopToken& stop);
  /// Sends a request of messages.hpp and waits for its answer. `doing` is for the error when that takes too long.
  template <class Request>
  typename Request::Answer ask(const std::string& node, const Request& request, const std::string& doing,
                               const StopToken& stop) {
    return ask_in(*session(node, stop), node, request, doing, stop);
  }
  /// The same for what may be done twice, when nobody waits for the answer to serve: a request whose session ends under
  /// it (this process stood still, say) is asked once more, if there is a new session soon.
  template <class Request>
  typename Request::Answer ask_again(const std::string& node, const Request& request, const std::string& doing,
                                     const StopToken& stop) {
    const auto first = session(node, stop);
    try {
      return ask_in(*first, node, request, doing, stop);
    } catch (const Error& error) {
      const auto next = error.kind() == ErrorKind::unavailable ? session_after(*first, node, stop) : nullptr;
      if (!next) throw;
      return ask_in(*next, node, request, doing, stop);
    }
  }
  /// The same in that very session, which may have ended.
  template <class Request>
  typename Request::Answer ask_in(node::Session& session, const std::string& node, const Request& request,
                                  const std::string& doing, const StopToken& stop) {
    return node::parse_message<typename Request::Answer>(
        ask_text(session, node::print_message(request), doing + " on node " + node, stop));
  }

 private:
  struct Entry;
  std::shared_ptr<Entry> entry(const std::string& node);
  /// nullptr: that one lives on, or there is no other one in time.
  std::shared_ptr<node::Session> session_after(node::Session& ended, const std::string& node, const StopToken& stop);
  std::shared_ptr<node::Session> connect(Entry& entry, const StopToken& stop);
  node::Link open_line(Entry& entry, const StopToken& stop);
  std::string connecting(const std::string& node) const;
  std::string ask_text(node::Session& session, const std::string& request, const std::string& doing,
                       const StopToken& stop);

  const NodeSettings settings_;
  mutable std::mutex mutex_;  ///< guards the rest; never held while blocking, but for the hash of the program
  std::map<std::string, std::shared_ptr<Entry>> entries_;
  std::optional<node::NodeProgram> program_;
  NodeUsage usage_;
  std::set<std::string> brought_to_;
};

}  // namespace ms2m
