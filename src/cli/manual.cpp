// What of a command's manual page is in the tree of commands.
#include <algorithm>
#include <cctype>

#include "cli/command_line.hpp"

namespace ms2m::cli {

namespace {

/// As roff needs it.
std::string text(const std::string& plain) {
  std::string line;
  for (const char c : plain) line += c == '\\' ? std::string("\\e") : std::string(1, c);
  return line.starts_with('.') || line.starts_with('\'') ? "\\&" + line : line;
}

/// "-l,--selector" and "SELECTOR": ".It Fl l , Fl -selector Ar selector".
std::string item(const OptionRow& row) {
  std::string line = ".It";
  for (std::size_t begin = 0; begin <= row.names.size();) {
    const auto end = std::min(row.names.find(',', begin), row.names.size());
    line += (begin == 0 ? " Fl " : " , Fl ") + row.names.substr(begin + 1, end - begin - 1);
    begin = end + 1;
  }
  std::string value = row.value;
  for (char& c : value) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return line + (row.flag ? "" : " Ar " + value) + "\n" + text(row.help) + "\n";
}

}  // namespace

std::string manual_of(const std::string& command) {
  std::string page, options;
  for (const CommandRow& row : command_rows()) {
    if (row.name != command || row.group || row.name.empty()) continue;
    std::string group;
    for (const OptionRow& option : option_rows())
      if (option.command == command) {
        if (option.group != group && option.group != "Options")
          options += (options.empty() ? "" : ".El\n") + std::string(".Ss ") + option.group + "\n.Bl -tag -width Ds\n";
        else if (options.empty())
          options += ".Bl -tag -width Ds\n";
        group = option.group;
        options += item(option);
      }
    if (!options.empty()) page += ".Sh OPTIONS\n" + options + ".El\n";
    page += ".Sh EXAMPLES\n";
    for (const auto& example : row.examples) page += ".Dl " + text(example) + "\n";
  }
  return page;
}

std::string manual_names() {
  std::string names;
  for (const CommandRow& row : command_rows())
    if (!row.group && !row.name.empty()) names += row.name + "\n";
  return names;
}

}  // namespace ms2m::cli
