// A TCP proxy to the broker that a test can cut (RST) or stall.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>

namespace ms2m::test {

class CutProxy {
 public:
  explicit CutProxy(std::uint16_t to_port);
  ~CutProxy();
  std::uint16_t port() const { return port_; }
  void cut();                      ///< resets every connection; new ones are accepted
  void refuse(bool refuse);        ///< new connections are reset at once
  void stall(bool stall);          ///< nothing is passed on in either direction; connections stay
  void stall_answers(bool stall);  ///< what the broker says is withheld
  std::size_t connections() const;
  std::size_t answered() const { return answered_; }  ///< bytes that the broker has sent so far

 private:
  void run();
  void accept_one();
  void close_pair(int client);
  void transfer(int from, int to, bool answers);

  std::uint16_t to_port_, port_ = 0;
  int listener_ = -1, wake_ = -1;
  std::atomic<bool> ending_{false}, cut_{false}, refuse_{false}, stall_{false}, stall_answers_{false};
  std::atomic<std::size_t> answered_{0};
  mutable std::mutex mutex_;
  std::map<int, int> pairs_;  // client -> broker
  std::thread thread_;
};

}  // namespace ms2m::test
