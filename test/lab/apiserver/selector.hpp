// Label and field selectors, in the query's notation and in that of a spec.
#pragma once

#include <string>
#include <vector>

#include "resources.hpp"

namespace ms2m::lab {

class LabelSelector {
 public:
  LabelSelector() = default;  // matches everything
  // "app=web,tier in (a,b),!x". Throws BadRequest.
  static LabelSelector parse(const std::string& text);
  // {"matchLabels":…, "matchExpressions":…}; null selects nothing.
  static LabelSelector from_spec(const Json& spec);
  // {"app":"web"}, as a Service has it; null selects nothing.
  static LabelSelector from_map(const Json& labels);

  bool matches(const Json& labels) const;
  bool empty() const { return terms_.empty(); }
  std::string str() const;  // "app=web,tier in (a,b)"

 private:
  enum class Operator { kIn, kNotIn, kExists, kAbsent };
  struct Term {
    std::string key;
    Operator op;
    std::vector<std::string> values;
  };
  static Term parse_term(const std::string& text);

  std::vector<Term> terms_;
  bool nothing_ = false;
};

class FieldSelector {
 public:
  FieldSelector() = default;
  // Throws BadRequest for a field that this kind cannot be selected by.
  static FieldSelector parse(const ResourceType& type, const std::string& text);
  bool matches(const Json& object) const;
  // The value that metadata.name is asked to equal, or "".
  static std::string exact_name(const std::string& text);

 private:
  struct Term {
    std::string field;
    std::string value;
    bool equal;
  };
  std::vector<Term> terms_;
};

}  // namespace ms2m::lab
