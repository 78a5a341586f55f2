#pragma once
#include <chrono>
#include <stdexcept>
#include <string>

#include "cri/message.hpp"

namespace kubelet {

// In gRPC's words: "rpc error: code = Unknown desc = ...".
struct CriError : std::runtime_error {
  CriError(const std::string& code, const std::string& what)
      : std::runtime_error("rpc error: code = " + code + " desc = " + what), said(what) {}
  std::string said;
};

// Calls of the container runtime interface, over the runtime's socket. There is no gRPC here: curl speaks HTTP/2.
class CriClient {
 public:
  explicit CriClient(std::string socket) : socket_(std::move(socket)) {}
  // Blocks until it is answered, or given up. `method`: "RuntimeService/Version". Throws CriError.
  Received call(const std::string& method, const Message& request,
                std::chrono::milliseconds limit = std::chrono::minutes(2)) const;

 private:
  std::string socket_;
};

}  // namespace kubelet
