// The line of a session with an agent: two pipes, and a thread for each that turns them into requests.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "node/session/agent_request.hpp"
#include "node/session/line.hpp"

namespace ms2m::node {

class AgentLine final : public Line {
 public:
  /// `id`: of a session that was opened there.
  AgentLine(std::string node, std::string id, AgentRequest request, AgentTerms terms);
  ~AgentLine() override;  ///< what is on its way is given up

  void wait_for_end(Millis limit) override;
  Error cause(const std::string& said) override;
  void cut() noexcept override { stop_.request_stop(); }

 private:
  void run(void (AgentLine::*loop)()) noexcept;
  void send_loop();
  /// false: the program takes no more.
  bool send(std::string_view bytes);
  void receive_loop();
  void hand_over(std::string_view bytes);
  AgentAnswer ask(const AgentCall& call);
  void conclude(const Error& cause);
  Error unexpected(const AgentAnswer& answer) const;
  std::string path(const std::string& rest) const;

  const std::string node_, id_;
  const AgentRequest request_;
  const AgentTerms terms_;
  posix::UniqueFd from_session_, to_session_;
  std::uint64_t sent_ = 0, received_ = 0;  ///< of one thread each
  StopSource stop_;
  std::mutex mutex_;  ///< guards the rest
  std::condition_variable changed_;
  bool ended_ = false;
  std::optional<Error> cause_;
  std::thread sender_, receiver_;
};

}  // namespace ms2m::node
