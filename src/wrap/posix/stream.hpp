// Non-blocking reads and writes of pipes, without a lost error.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "wrap/posix/unique_fd.hpp"

namespace ms2m::posix {

/// Writes data[sent..] as far as it goes now and moves `sent`. false: the reader has gone (EPIPE).
bool write_some(const UniqueFd& fd, std::string_view data, std::size_t& sent);
/// The same of `head` with `data` behind it; the reader is not woken by the head alone.
bool write_some(const UniqueFd& fd, std::string_view head, std::string_view data, std::size_t& sent);
/// Puts what is there now into `into`, of a size, and returns how much that is. 0: nothing, or its end, which closes
/// fd.
std::size_t read_some(UniqueFd& fd, std::span<char> into);
/// Appends what is there now until `into` holds `limit` bytes; closes fd at its end.
void read_into(UniqueFd& fd, std::string& into, std::size_t limit);
/// Reads what is there now; keeps the last `limit` bytes; closes fd at its end.
void read_tail(UniqueFd& fd, std::string& tail, std::size_t limit);

}  // namespace ms2m::posix
