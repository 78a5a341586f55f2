// Regular expressions that were written for another program. The only user of PCRE2.
#pragma once
#include <string>

namespace ms2m::pcre {

enum class Match { yes, no, unknown };

/// Whether `pattern` matches anywhere in `text`, as Erlang's re:run/2 has it, which RabbitMQ asks about its policies
/// (PCRE up to Erlang/OTP 27, PCRE2 since; bytes, not characters). unknown: PCRE2 does not understand the pattern, or
/// would need too long for it. Both may come from outside: time, memory and stack are bounded.
Match search(const std::string& pattern, const std::string& text);

}  // namespace ms2m::pcre
