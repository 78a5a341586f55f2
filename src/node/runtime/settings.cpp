#include "node/runtime/settings.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <sstream>

namespace ms2m::node {
namespace {

std::string unquoted(std::string value) {
  value.resize(std::min(value.find(" #"), value.size()));
  std::erase_if(value, [](char c) { return c == '"' || c == '\'' || c == ' ' || c == '\t' || c == '\r'; });
  return value;
}

void each_line(const std::string& text, const std::function<void(const std::string&)>& visit) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) visit(line);
}

}  // namespace

std::string version_in(const std::string& said) {
  std::string version;
  each_line(said, [&](const std::string& line) {
    std::istringstream words(line);
    for (std::string word; version.empty() && words >> word;)
      if (word == "version" || word == "Version:") words >> version;
  });
  return version;
}

bool lacks_criu(const std::string& crun_said) {
  bool lacks = false;
  each_line(crun_said, [&](const std::string& line) {
    if (line.starts_with("+")) lacks = line.find("+CRIU") == std::string::npos;
  });
  return lacks;
}

std::map<std::string, std::string> read_criu_options(const std::string& text) {
  std::map<std::string, std::string> options;
  each_line(text, [&](std::string line) {
    line.resize(std::min(line.find('#'), line.size()));
    std::replace(line.begin(), line.end(), '=', ' ');
    std::istringstream words(line);
    std::string name, value;
    words >> name >> value;
    name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
    if (!name.empty()) options[name] = unquoted(value);
  });
  return options;
}

std::optional<bool> truth(const std::string& value) {
  if (value == "true") return true;
  if (value == "false") return false;
  return std::nullopt;
}

std::string oci_in_use(const std::string& monitor, const std::string& by_default, const std::vector<std::string>& usual,
                       const NodeTools& tools) {
  for (const std::string& path : {monitor, by_default}) {
    const std::string name = path.substr(path.rfind('/') + 1);
    if (name == "crun" || name == "runc") return name;
  }
  if (tools.crun.empty() != tools.runc.empty()) return tools.crun.empty() ? "runc" : "crun";
  for (const std::string& name : usual)
    if (!(name == "crun" ? tools.crun : tools.runc).empty()) return name;
  return "";
}

}  // namespace ms2m::node
