// A server on loopback that answers with the input.
#pragma once
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "wrap/posix/unique_fd.hpp"

namespace ms2m::test {

/// Of HTTP requests the first gets the first of the bodies, and so on, each with 200; then there is nothing any more:
/// 404. Or, raw, the bytes as soon as somebody is there, and then the end. One for the whole process.
class Answering {
 public:
  enum class Speaks { http, raw };
  explicit Answering(Speaks how);
  ~Answering();
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;

  int port() const noexcept { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// From now on. Nobody may be asking.
  void set(std::vector<std::string> bodies);

 private:
  void run();
  void serve(const posix::UniqueFd& peer);
  std::string next_answer();
  const Speaks how_;
  posix::UniqueFd listening_;
  int port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> bodies_;
  std::size_t next_ = 0;
  std::thread thread_;
};

}  // namespace ms2m::test
