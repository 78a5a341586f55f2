// The error of the program and the signal that it was interrupted.
//
// Exceptions inside, values at the edge: only the coordinator and main turn these into an Outcome or an exit status.
// A normal negative ("no such pod") is a value (std::optional), never an Error.
#pragma once
#include <exception>
#include <string>
#include <vector>

namespace ms2m {

/// What the caller can do about it.
enum class ErrorKind {
  usage,         ///< the command line or a configuration file is wrong: exit status 2
  refused,       ///< a precondition does not hold; nothing was touched: exit status 4
  not_found,     ///< an object that must exist does not
  forbidden,     ///< authentication or authorization: asking again does not help
  conflict,      ///< somebody else changed or holds the object: read again, then decide
  unavailable,   ///< the peer cannot be reached or is overloaded: may pass by itself
  timeout,       ///< the deadline of a StopToken passed
  protocol,      ///< the peer answered something that it must not
  failed,        ///< the operation itself failed; the message says why
  inconsistent,  ///< a promise (I1-I4) would be broken by going on
};

const char* to_string(ErrorKind kind) noexcept;

/// kind + message + context frames added on the way up + an optional remedy (what cures it, ideally a command).
/// what() is "outer context: inner context: message". Messages are one sentence, no secret in them.
class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message, std::string remedy = {});

  ErrorKind kind() const noexcept { return kind_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& remedy() const noexcept { return remedy_; }
  const char* what() const noexcept override { return what_.c_str(); }

  /// Adds an outer frame ("reading pod default/consumer-0") and returns *this for `throw e.in(...)`.
  Error& in(const std::string& frame);
  Error& with_remedy(std::string remedy);

 private:
  void compose();
  ErrorKind kind_;
  std::string message_;
  std::string remedy_;
  std::vector<std::string> frames_;
  std::string what_;
};

/// The stop token was triggered (Ctrl-C, SIGTERM, or a guard such as the dead man's switch). Not an Error, on purpose:
/// `catch (const Error&)` must never swallow it.
class Cancelled : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

}  // namespace ms2m
