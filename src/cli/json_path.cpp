#include "cli/json_path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "cli/json_path_place.hpp"
#include "report/units.hpp"

namespace ms2m::cli {

namespace {

/// In the document, or literals of the template.
using Values = std::vector<const Json*>;

Values found(const JsonPath::Path& path, const Json& from);

/// What one step makes of one value.
struct Taking {
  const Json& from;
  std::size_t at;
  Values& values;

  void operator()(const JsonPath::Field& field) const {
    if (!from.is_object()) return;
    if (const auto value = from.find(field.name); value != from.end()) add(*value);
  }

  void operator()(const JsonPath::Children&) const {
    if (!from.is_structured()) return;
    for (const Json& child : from) add(child);
  }

  void operator()(const JsonPath::Descent& descent) const {
    if (from.is_structured() ? from.empty() : !from.is_string()) return;
    values.push_back(&from);
    if (!from.is_structured()) return;
    for (const Json& child : from) Taking{child, at, values}(descent);
  }

  void operator()(const JsonPath::Slice& slice) const {
    const long size = size_of_list();
    const auto counted = [&](long index) { return index < 0 ? index + size : index; };
    const auto no_such = [&](long index) {
      wrong_template(at, fmt::format("there is no [{}] in a list of {}", index, size));
    };
    const long first = counted(slice.first.value_or(0));
    if (slice.single) {
      if (first < 0 || first >= size) no_such(*slice.first);
      add(from[static_cast<std::size_t>(first)]);
      return;
    }
    const long end = slice.end ? counted(*slice.end) : size;
    if (first == end) return;
    if (first < 0 || first >= size) no_such(slice.first.value_or(0));
    if (end < 0 || end > size) no_such(*slice.end - 1);
    if (first > end) wrong_template(at, fmt::format("[{}] is behind [{}]", first, end));
    for (long index = first; index < end; index += std::min(slice.stride, end - index))
      add(from[static_cast<std::size_t>(index)]);
  }

  void operator()(const JsonPath::Filter& filter) const {
    size_of_list();
    for (const Json& item : from)
      if (!item.is_null() && passes(filter, item)) add(item);
  }

  void operator()(const JsonPath::Union& all) const = delete;  // of all values together

 private:
  void add(const Json& value) const {
    if (!value.is_null()) values.push_back(&value);
  }

  long size_of_list() const {
    if (!from.is_array()) wrong_template(at, fmt::format("what stands before it is no list but {}", kind_of(from)));
    return static_cast<long>(from.size());
  }

  static const char* kind_of(const Json& value) {
    return value.is_object()    ? "an object"
           : value.is_string()  ? "a string"
           : value.is_boolean() ? "a boolean"
           : value.is_array()   ? "a list"
                                : "a number";
  }

  /// nullptr: it is missing.
  const Json* one(const JsonPath::Operand& operand, const Json& item) const {
    if (operand.literal) return &*operand.literal;
    const Values these = found(operand.path, item);
    if (these.size() > 1) wrong_template(at, "one value is compared at a time");
    return these.empty() ? nullptr : these.front();
  }

  bool passes(const JsonPath::Filter& filter, const Json& item) const {
    using Comparison = JsonPath::Comparison;
    if (filter.comparison == Comparison::exists) return !found(filter.left.path, item).empty();
    const Json* left = one(filter.left, item);
    const Json* right = one(filter.right, item);
    if (left == nullptr || right == nullptr) return false;
    const bool ordered = (left->is_number() && right->is_number()) || (left->is_string() && right->is_string());
    const bool equality = filter.comparison == Comparison::equal || filter.comparison == Comparison::unequal;
    if (!ordered && !(equality && left->is_boolean() && right->is_boolean()))
      wrong_template(at, fmt::format("{} and {} are not compared that way", kind_of(*left), kind_of(*right)));
    switch (filter.comparison) {
      case Comparison::equal:
        return *left == *right;
      case Comparison::unequal:
        return *left != *right;
      case Comparison::less:
        return *left < *right;
      case Comparison::greater:
        return *left > *right;
      case Comparison::at_most:
        return *left <= *right;
      default:
        return *left >= *right;
    }
  }
};

Values step(const JsonPath::Step& step, const Values& from) {
  Values values;
  std::visit(
      [&](const auto& what) {
        if constexpr (std::is_same_v<std::decay_t<decltype(what)>, JsonPath::Union>) {
          for (const auto& path : what.paths)
            for (const Json* value : from)
              for (const Json* one : found(path, *value)) values.push_back(one);
        } else {
          for (const Json* value : from) Taking{*value, step.at, values}(what);
        }
      },
      step.what);
  return values;
}

Values found(const JsonPath::Path& path, const Json& from) {
  Values values{&from};
  for (const auto& each : path) values = step(each, values);
  return values;
}

/// Bare, but what a server says does not steer the terminal.
std::string bare(const std::string& value) {
  std::string text;
  for (std::size_t at = 0; at <= value.size();) {
    const auto end = std::min(value.find_first_of("\n\t", at), value.size());
    text += report::printable(value.substr(at, end - at));
    if (end < value.size()) text += value[end];
    at = end + 1;
  }
  return text;
}

std::string text_of(const Json& value) {
  return value.is_string() ? bare(value.get<std::string>())
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string text_of(const JsonPath::Block& block, const Json& current);

struct Printing {
  const Json& current;

  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(const JsonPath::Path& path) const {
    std::vector<std::string> texts;
    for (const Json* value : found(path, current)) texts.push_back(text_of(*value));
    return fmt::format("{}", fmt::join(texts, " "));
  }
  std::string operator()(const JsonPath::Range& range) const {
    std::string text;
    for (const Json* value : found(range.path, current)) text += text_of(range.block, *value);
    return text;
  }
};

std::string text_of(const JsonPath::Block& block, const Json& current) {
  std::string text;
  for (const auto& part : block) text += std::visit(Printing{current}, part.what);
  return text;
}

}  // namespace

std::string JsonPath::of(const Json& document) const { return text_of(block_, document); }

}  // namespace ms2m::cli
