// As much of TOML as container runtimes' configurations are read for: tables and what is set in them. Pure.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ms2m::node {

struct TomlTable {
  std::vector<std::string> name;              ///< {"crio", "runtime"} of [crio.runtime]; empty: before the first one
  std::map<std::string, std::string> values;  ///< as they stand there, without comments; arrays in one line
  bool ends_with(const std::vector<std::string>& last) const;
};

/// In the file's order; a file that is read later is appended. What is no table and no setting is left out.
std::vector<TomlTable> read_tables(const std::string& toml);
/// The last one that is set, of tables whose name ends so.
std::optional<std::string> last_value(const std::vector<TomlTable>& tables, const std::vector<std::string>& name,
                                      const std::string& key);
/// The last one that is set, in whatever table it stands; without the quotes of a string.
std::optional<std::string> last_anywhere(const std::vector<TomlTable>& tables, const std::string& key);
/// A string without its quotes; "" when it is none.
std::string plain_string(const std::string& value);
/// The strings of an array; nullopt: it is something else.
std::optional<std::vector<std::string>> string_list(const std::string& value);

}  // namespace ms2m::node
