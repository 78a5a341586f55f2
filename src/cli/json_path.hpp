// A template of `-o jsonpath=`, as kubectl has them (https://kubernetes.io/docs/reference/kubectl/jsonpath/): text, and
// in braces paths, literals, and range ... end.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ms2m/json.hpp"

namespace ms2m::cli {

class JsonPath {
 public:
  /// WrongTemplate that names the character, counted from 1.
  explicit JsonPath(const std::string& text);

  /// What it makes of that document: the values of a path with spaces between, strings bare, objects and lists as JSON
  /// in one line. What is missing or null gives nothing. WrongTemplate: an index that a list does not have, a list or
  /// an index asked of what is none, or a comparison of two kinds of values.
  std::string of(const Json& document) const;

  struct Step;
  using Path = std::vector<Step>;

  struct Field {
    std::string name;
  };
  struct Children {};  ///< .*
  struct Descent {};   ///< .. : the value and all that it holds
  /// [first:end:stride]; of a single index `end` is left out.
  struct Slice {
    std::optional<long> first, end;
    long stride = 1;
    bool single = false;
  };
  struct Union {
    std::vector<Path> paths;
  };
  enum class Comparison { exists, equal, unequal, less, greater, at_most, at_least };
  struct Operand {
    Path path;
    std::optional<Json> literal;  ///< instead of it
  };
  struct Filter {
    Operand left;
    Comparison comparison = Comparison::exists;
    Operand right;
  };
  struct Step {
    std::variant<Field, Children, Descent, Slice, Union, Filter> what;
    std::size_t at = 0;  ///< its first character
  };

  struct Part;
  using Block = std::vector<Part>;
  struct Range {
    Path path;
    Block block;
  };
  struct Part {
    std::variant<std::string, Path, Range> what;
  };

 private:
  Block block_;
};

}  // namespace ms2m::cli
