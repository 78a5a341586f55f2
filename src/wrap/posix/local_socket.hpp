// Stream sockets that are files in a directory, for processes of one user on one machine. Paths may be longer than an
// address can hold.
#pragma once
#include <filesystem>
#include <optional>

#include "wrap/posix/unique_fd.hpp"

namespace ms2m::posix {

/// Listens there, mode 0600, non-blocking; a file of that name is replaced. Error{failed}.
UniqueFd listen_at(const std::filesystem::path& path);
/// The next who connected, non-blocking; nullopt: nobody waits.
std::optional<UniqueFd> accept_from(const UniqueFd& listening);
/// The user at the other end; nullopt: it is not told.
std::optional<unsigned> user_of(const UniqueFd& connected);
/// Non-blocking. nullopt: nobody listens there. One that is no descriptor: somebody does, and has not taken those who
/// came before for so long that nobody can come any more. Error{failed}: whether somebody does cannot be told.
std::optional<UniqueFd> connect_to(const std::filesystem::path& path);

}  // namespace ms2m::posix
