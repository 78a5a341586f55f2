// How a command declares itself. CLI11 is large, and each file that includes it takes seconds more to compile: what a
// command needs of it is this.
#pragma once
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "cli/completion.hpp"

namespace ms2m::cli {

/// A command with its examples; `chosen` is called when it is the one on the command line.
CLI::App& add_command(CLI::App& app, const std::string& name, const std::string& purpose,
                      std::initializer_list<const char*> example_lines, std::function<void()> chosen);

/// A command that is nothing without one of its own: add_command(of it, ...) declares those.
CLI::App& add_group(CLI::App& app, const std::string& name, const std::string& purpose);

/// An option that takes a value, or, without dashes, an argument.
struct Declared {
  std::string names = {};
  std::string help = {};
  std::string value = {};  ///< what help calls the value
  std::string group = {};  ///< its heading in help; empty: "Options"
  bool required = false;
  Ask ask = Ask::nothing;               ///< what completes the value
  std::vector<std::string> words = {};  ///< or these do
  bool variable = true;                 ///< false: it counts only where it is typed
};

void add_text(CLI::App& command, std::string& field, const Declared& declared);
/// An option that may be given again, each time with one value.
void add_repeated(CLI::App& command, std::vector<std::string>& field, const Declared& declared);
/// As often as it is given.
void add_texts(CLI::App& command, std::vector<std::string>& field, const Declared& declared);

/// `check` returns what is wrong with a value, "" for nothing; `take` gets one that is right.
void add_checked(CLI::App& command, const Declared& declared, std::function<std::string(const std::string&)> check,
                 std::function<void(const std::string&)> take);

/// The one cannot be given together with the other; both are declared.
void exclude(CLI::App& command, const std::string& one, const std::string& other);

void add_flag(CLI::App& command, bool& field, const std::string& names, const std::string& help,
              const std::string& group = "");

}  // namespace ms2m::cli
