#include "carry/meddling_registry.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "wrap/tls/tcp.hpp"

namespace ms2m::test {
namespace {

constexpr std::size_t kPiece = 8192;

bool write_all(int to, const std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    pollfd room{to, POLLOUT, 0};
    if (::poll(&room, 1, 60000) != 1) return false;
    const auto sent = ::send(to, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) continue;
    if (sent <= 0) return false;
    done += static_cast<std::size_t>(sent);
  }
  return true;
}

}  // namespace

MeddlingRegistry::MeddlingRegistry(std::uint16_t behind, Meddle meddle)
    : behind_(behind), meddle_(std::move(meddle)), listening_(tls::listen_at("127.0.0.1", 0)) {
  port_ = tls::port_of(listening_);
  accepting_ = std::thread([this] { accept(); });
}

MeddlingRegistry::~MeddlingRegistry() {
  over_ = true;
  accepting_.join();
  for (std::thread& each : passing_) each.join();
}

void MeddlingRegistry::accept() {
  while (!over_) {
    pollfd come{listening_.get(), POLLIN, 0};
    if (::poll(&come, 1, 50) != 1) continue;
    if (posix::UniqueFd client = tls::accept_from(listening_))
      passing_.emplace_back([this, c = std::make_shared<posix::UniqueFd>(std::move(client))] { pass(std::move(*c)); });
  }
}

void MeddlingRegistry::pass(posix::UniqueFd client) {
  const posix::UniqueFd registry = tls::connect_to("127.0.0.1", behind_, Millis{30000}, {});
  const std::array<int, 2> ends{client.get(), registry.get()};
  std::array<std::size_t, 2> passed{};
  std::string request;
  while (!over_) {
    std::array<pollfd, 2> fds{pollfd{ends[0], POLLIN, 0}, pollfd{ends[1], POLLIN, 0}};
    if (::poll(fds.data(), fds.size(), 50) < 1) continue;
    for (std::size_t from = 0; from < 2; ++from) {
      if (fds[from].revents == 0) continue;
      std::string piece(kPiece, '\0');
      const auto got = ::recv(ends[from], piece.data(), piece.size(), 0);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) return;
      piece.resize(static_cast<std::size_t>(got));
      if (request.empty()) request = piece.substr(0, piece.find('\r'));
      const std::size_t before = passed[from];
      passed[from] += piece.size();
      const auto made = meddle_(request, from == 1, before, std::move(piece));
      if (!made || !write_all(ends[1 - from], *made)) return;
    }
  }
}

}  // namespace ms2m::test
