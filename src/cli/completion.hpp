// What a shell may offer at the cursor: read from the command tree itself, and from the cluster where a name is asked
// for.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "cli/backend.hpp"
#include "ms2m/stop.hpp"

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace ms2m::cli {

/// What stands for a value, beside words that the tree itself knows.
enum class Ask { nothing, files, pods, nodes, namespaces, contexts, migrations };

struct Candidate {
  std::string word;
  std::string description;
};

struct Candidates {
  std::vector<Candidate> words;              ///< known without asking
  Ask ask = Ask::nothing;                    ///< and what is to be asked for
  std::string value;                         ///< what of the value is already typed
  std::string before;                        ///< stands before every answer: "--to=" of "--to=wor"
  std::map<std::string, std::string> given;  ///< long option without dashes -> value, as far as typed
};

/// Words as CLI11 will understand them.
struct Understood {
  std::vector<std::string> commands;         ///< from the outermost to the innermost
  std::size_t behind = 0;                    ///< how many words there are up to the innermost one
  std::map<std::string, std::string> given;  ///< long option without dashes -> value
};
Understood understand(const CLI::App& app, const std::vector<std::string>& words);

/// For add_option()->check(): accepts every value, and says what completes it.
CLI::Validator completed_by(Ask ask);
/// The name of a validator that accepts only `words`, so that they are offered.
std::string words_name(const std::vector<std::string>& words);

/// `words`: everything after the program's name; the last one, which may be empty, is under the cursor. Asks nobody.
Candidates candidates(const CLI::App& app, const std::vector<std::string>& words);

/// candidates() of ms2m's own tree, with the names that `backend` knows (it gets at most kCompletionLimit), one
/// "WORD<tab>DESCRIPTION" a line; then ":0" when files fit, too, else ":4" (cobra's directives, which kubectl's hook
/// for plug-ins wants). Nobody is there to read a message: what cannot be asked is not offered.
std::string completion_lines(const std::vector<std::string>& words, Backend& backend, const StopToken& stop);

inline constexpr Millis kCompletionLimit{2000};

}  // namespace ms2m::cli
