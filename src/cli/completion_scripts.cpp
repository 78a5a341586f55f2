// ms2m completion SHELL. The scripts hold no list: at every <tab> they ask `ms2m __complete`, which reads the command
// tree.
#include <array>
#include <utility>

#include "cli/commands.hpp"
#include "cli/declare.hpp"

namespace ms2m::cli {

namespace {

// bash cuts words at '=' and ':' (COMP_WORDBREAKS): they are put together again, and what stands before the last cut is
// taken off the answers.
constexpr const char* kBash = R"(# bash completion for ms2m. Load it with: source <(ms2m completion bash)
_ms2m() {
  local -a words=() lines=()
  local i piece last='' glue='' line before
  for ((i = 1; i <= COMP_CWORD; i++)); do
    piece=${COMP_WORDS[i]}
    if [[ ${#words[@]} -gt 0 && ( -n $glue || $piece == [=:]* ) ]]; then
      words[${#words[@]}-1]+=$piece
    else
      words+=("$piece")
    fi
    glue=''
    [[ $piece != [=:] ]] || glue=1
  done
  last=${words[${#words[@]}-1]}
  piece=${COMP_WORDS[COMP_CWORD]}
  [[ $piece != [=:] ]] || piece=''
  before=${last%"$piece"}
  COMPREPLY=()
  mapfile -t lines < <("${COMP_WORDS[0]}" __complete -- "${words[@]}" 2>/dev/null </dev/null)
  for line in "${lines[@]}"; do
    case $line in
      :0)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$piece")
        ;;
      :*) ;;
      *)
        line=${line%%$'\t'*}
        [[ $line != *= ]] || compopt -o nospace 2>/dev/null
        COMPREPLY+=("${line#"$before"}")
        ;;
    esac
  done
}
complete -F _ms2m ms2m kubectl-ms2m
)";

constexpr const char* kZsh = R"(#compdef ms2m kubectl-ms2m
# zsh completion for ms2m. Load it with: source <(ms2m completion zsh)
_ms2m() {
  local -a lines described open
  local line word
  lines=("${(@f)$("${(Q)words[1]}" __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null </dev/null)}")
  for line in "${lines[@]}"; do
    case $line in
      :0) compset -P '--*='; _files; return ;;
      :*|'') ;;
      *)
        word=${line%%$'\t'*}
        if [[ $word == *= ]]; then
          open+=("$word")
        elif [[ $line == *$'\t'* ]]; then
          described+=("${word//:/\\:}:${line#*$'\t'}")
        else
          described+=("${word//:/\\:}")
        fi
        ;;
    esac
  done
  [[ ${#open} -eq 0 ]] || compadd -S '' -a open
  _describe -V ms2m described
}
if [[ $funcstack[1] == _ms2m ]]; then
  _ms2m "$@"
else
  compdef _ms2m ms2m kubectl-ms2m
fi
)";

constexpr const char* kFish = R"(# fish completion for ms2m. Load it with: ms2m completion fish | source
function __ms2m_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    for line in (command $program __complete -- $words "$current" 2>/dev/null </dev/null)
        switch $line
            case ':0'
                if string match -q -- '--*=*' "$current"
                    set -l option (string replace -r -- '=.*' '=' "$current")
                    for path in (__fish_complete_path (string replace -r -- '^[^=]*=' '' "$current"))
                        echo -- "$option$path"
                    end
                else
                    __fish_complete_path "$current"
                end
            case ':*'
            case '*'
                echo -- $line
        end
    end
end
complete -c ms2m -f -a '(__ms2m_complete)'
complete -c kubectl-ms2m -f -a '(__ms2m_complete)'
)";

constexpr std::array<std::pair<const char*, const char*>, 3> kShells{{{"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}}};

}  // namespace

void add_completion(CLI::App& app, Command& chosen) {
  const auto shell = std::make_shared<std::string>();
  std::vector<std::string> names;
  for (const auto& entry : kShells) names.emplace_back(entry.first);
  const auto check = [names](const std::string& given) -> std::string {
    for (const auto& name : names)
      if (name == given) return {};
    return "'" + given + "' is not one of bash, fish, zsh";
  };
  auto& command = add_command(app, "completion", "Print a completion script for bash, zsh or fish",
                              {"source <(ms2m completion bash)", "ms2m completion fish | source"}, [shell, &chosen] {
                                chosen = {.name = "completion",
                                          .run =
                                              [shell](const Context& context) {
                                                for (const auto& [name, script] : kShells)
                                                  if (*shell == name) context.out << script << std::flush;
                                                return 0;
                                              },
                                          .configured = false,
                                          .documents = false};
                              });
  add_checked(command, {.names = "SHELL", .help = "bash, zsh or fish", .required = true, .words = names}, check,
              [shell](const std::string& given) { *shell = given; });
}

}  // namespace ms2m::cli
