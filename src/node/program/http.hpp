// What a node knows of HTTP/1.1: one request, and its answer.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "node/protocol/registry_requests.hpp"
#include "wrap/tls/stream.hpp"

namespace ms2m::node {

/// The head, with "Connection: close". `body`: how it is told where the body ends; nullopt: by its chunks.
/// Error{usage}: something in it cannot be said in a head.
std::string print_request(const RegistryExchange& request, std::optional<std::size_t> body);

/// What a server says, as it comes. Error{unavailable}: it ended too early, or is no HTTP; else as Stream.
class HttpAnswer {
 public:
  /// `from` must outlive it.
  explicit HttpAnswer(tls::Stream& from) : from_(from) {}

  /// First. `bodiless`: there is none, whatever the head says.
  void read_head(bool bodiless, const StopToken& stop);
  std::uint64_t status() const noexcept { return status_; }
  const std::map<std::string, std::string>& headers() const noexcept { return headers_; }
  /// Then its body. 0: that was all.
  std::size_t read(std::span<char> into, const StopToken& stop);
  /// At most so much of it.
  std::string text(std::size_t most, const StopToken& stop);

 private:
  bool more(const StopToken& stop);
  std::string line(const StopToken& stop);
  void take_header(const std::string& line);
  void find_end(bool bodiless);
  void next_chunk(const StopToken& stop);

  tls::Stream& from_;
  std::string come_;
  std::size_t at_ = 0;  ///< of come_: what has been read
  std::size_t head_ = 0;
  std::uint64_t status_ = 0;
  std::map<std::string, std::string> headers_;
  enum class Ends { counted, chunked, closed } ends_ = Ends::counted;
  std::uint64_t left_ = 0;  ///< of the body, or of a chunk
  bool first_chunk_ = true, over_ = false;
};

}  // namespace ms2m::node
