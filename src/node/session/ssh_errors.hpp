// What OpenSSH says when it fails, boiled down to one sentence and its cure.
#pragma once
#include <string>

#include "ms2m/error.hpp"

namespace ms2m::node {

/// `text` is ssh's stderr, `command` the ssh command that a person would type ("ssh -F x root@worker-1").
/// forbidden: keys and permissions; usage: a broken configuration; unavailable: everything that may pass by itself.
Error ssh_error(const std::string& node, const std::string& command, const std::string& text);

}  // namespace ms2m::node
