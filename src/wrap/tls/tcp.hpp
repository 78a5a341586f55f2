// TCP between addresses that are numbers: nobody's resolver is asked.
#pragma once
#include <cstdint>
#include <string>

#include "ms2m/stop.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::tls {

/// "198.18.0.12", "fd00::12".
bool is_address(const std::string& text);
/// "198.18.0.12:4711", "[fd00::12]:4711"
std::string end_text(const std::string& address, std::uint16_t port);

/// On that address of this machine alone; 0: any port that is free. Non-blocking. Error{unavailable}: the machine has
/// no such address, or the port is somebody's; {usage}: it is none.
posix::UniqueFd listen_at(const std::string& address, std::uint16_t port);
/// Of a socket that listens.
std::uint16_t port_of(const posix::UniqueFd& socket);
/// Whoever has connected; empty: nobody now. Non-blocking. Error{failed}: there is no room for one more.
posix::UniqueFd accept_from(const posix::UniqueFd& listening);
/// Non-blocking. Error{unavailable}: refused, no route, no answer within `limit`; {usage}: no address.
posix::UniqueFd connect_to(const std::string& address, std::uint16_t port, Millis limit, const StopToken& stop);

}  // namespace ms2m::tls
