#include "selector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace ms2m::lab {

namespace {
std::string trim(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Splits at commas outside of parentheses.
std::vector<std::string> split_terms(const std::string& text) {
  std::vector<std::string> parts;
  std::string part;
  int depth = 0;
  for (char letter : text) {
    depth += letter == '(' ? 1 : letter == ')' ? -1 : 0;
    if (letter == ',' && depth == 0) {
      parts.push_back(trim(part));
      part.clear();
    } else {
      part += letter;
    }
  }
  if (!trim(part).empty()) parts.push_back(trim(part));
  return parts;
}

const std::set<std::string>& fields_of(const std::string& plural) {
  static const std::set<std::string> common;
  static const std::set<std::string> pod{"spec.nodeName",           "spec.restartPolicy", "spec.schedulerName",
                                         "spec.serviceAccountName", "status.phase",       "status.podIP"};
  static const std::set<std::string> event{"involvedObject.kind",
                                           "involvedObject.name",
                                           "involvedObject.namespace",
                                           "involvedObject.uid",
                                           "involvedObject.apiVersion",
                                           "involvedObject.resourceVersion",
                                           "involvedObject.fieldPath",
                                           "reason",
                                           "reportingComponent",
                                           "source",
                                           "type"};
  static const std::set<std::string> node{"spec.unschedulable"};
  static const std::set<std::string> secret{"type"};
  if (plural == "pods") return pod;
  if (plural == "events") return event;
  if (plural == "nodes") return node;
  if (plural == "secrets") return secret;
  return common;
}

std::string field_value(const Json& object, const std::string& field) {
  const Json* value = &object;
  std::size_t begin = 0;
  while (begin <= field.size()) {
    const std::size_t end = std::min(field.find('.', begin), field.size());
    if (!value->is_object()) return "";
    auto found = value->find(field.substr(begin, end - begin));
    if (found == value->end()) return "";
    value = &*found;
    begin = end + 1;
  }
  if (value->is_string()) return value->get<std::string>();
  return value->is_null() ? "" : value->dump();
}
}  // namespace

LabelSelector::Term LabelSelector::parse_term(const std::string& part) {
  const auto set_term = [&](const char* word, Operator op) -> std::optional<Term> {
    const auto where = part.find(word);
    if (where == std::string::npos) return std::nullopt;
    const auto open = part.find('(', where);
    if (open == std::string::npos || part.back() != ')') throw bad_request("unable to parse requirement: " + part);
    return Term{trim(part.substr(0, where)), op, split_terms(part.substr(open + 1, part.size() - open - 2))};
  };
  if (auto term = set_term(" notin ", Operator::kNotIn)) return *term;
  if (auto term = set_term(" in ", Operator::kIn)) return *term;
  if (part.starts_with('!')) return {trim(part.substr(1)), Operator::kAbsent, {}};
  const auto equals = part.find('=');
  if (equals == std::string::npos) return {part, Operator::kExists, {}};
  if (equals > 0 && part[equals - 1] == '!')
    return {trim(part.substr(0, equals - 1)), Operator::kNotIn, {trim(part.substr(equals + 1))}};
  const auto value = part.substr(equals + (part[equals + 1] == '=' ? 2 : 1));
  return {trim(part.substr(0, equals)), Operator::kIn, {trim(value)}};
}

LabelSelector LabelSelector::parse(const std::string& text) {
  LabelSelector selector;
  for (const std::string& part : split_terms(text)) selector.terms_.push_back(parse_term(part));
  return selector;
}

LabelSelector LabelSelector::from_map(const Json& labels) {
  LabelSelector selector;
  selector.nothing_ = !labels.is_object() || labels.empty();
  if (selector.nothing_) return selector;
  for (const auto& [key, value] : labels.items())
    selector.terms_.push_back({key, Operator::kIn, {value.is_string() ? value.get<std::string>() : value.dump()}});
  return selector;
}

LabelSelector LabelSelector::from_spec(const Json& spec) {
  LabelSelector selector;
  if (!spec.is_object()) {
    selector.nothing_ = true;
    return selector;
  }
  if (at(spec, {"matchLabels"}).is_object()) selector = from_map(at(spec, {"matchLabels"}));
  selector.nothing_ = false;
  for (const Json& expression : at(spec, {"matchExpressions"})) {
    const std::string op = text(expression, {"operator"});
    Term term{text(expression, {"key"}),
              op == "In"       ? Operator::kIn
              : op == "NotIn"  ? Operator::kNotIn
              : op == "Exists" ? Operator::kExists
                               : Operator::kAbsent,
              {}};
    for (const Json& value : at(expression, {"values"})) term.values.push_back(value.get<std::string>());
    selector.terms_.push_back(std::move(term));
  }
  return selector;
}

bool LabelSelector::matches(const Json& labels) const {
  if (nothing_) return false;
  return std::ranges::all_of(terms_, [&](const Term& term) {
    const Json& value = at(labels, {term.key});
    const bool there = value.is_string();
    const bool listed = there && std::ranges::find(term.values, value.get<std::string>()) != term.values.end();
    switch (term.op) {
      case Operator::kIn:
        return listed;
      case Operator::kNotIn:
        return !listed;
      case Operator::kExists:
        return there;
      default:
        return !there;
    }
  });
}

std::string LabelSelector::str() const {
  std::string result;
  for (const Term& term : terms_) {
    if (!result.empty()) result += ",";
    if (term.op == Operator::kAbsent) result += "!";
    result += term.key;
    if (term.op == Operator::kIn && term.values.size() == 1) result += "=" + term.values[0];
    if (term.op == Operator::kIn && term.values.size() != 1)
      result += fmt::format(" in ({})", fmt::join(term.values, ","));
    if (term.op == Operator::kNotIn) result += fmt::format(" notin ({})", fmt::join(term.values, ","));
  }
  return result;
}

FieldSelector FieldSelector::parse(const ResourceType& type, const std::string& text) {
  FieldSelector selector;
  for (const std::string& part : split_terms(text)) {
    const auto equals = part.find('=');
    if (equals == std::string::npos)
      throw bad_request(fmt::format("invalid selector: '{}'; can't understand '{}'", text, part));
    const bool negated = equals > 0 && part[equals - 1] == '!';
    const std::string field = trim(part.substr(0, negated ? equals - 1 : equals));
    const bool common = field == "metadata.name" || (field == "metadata.namespace" && type.namespaced());
    if (!common && !fields_of(type.plural).contains(field))
      throw bad_request(
          fmt::format("Unable to find \"{}\" that match label selector \"\", field selector \"{}\": "
                      "field label not supported: {}",
                      type.api_version() + ", Resource=" + type.plural, text, field));
    const std::size_t skip = part.size() > equals + 1 && part[equals + 1] == '=' ? 2 : 1;
    selector.terms_.push_back({field, trim(part.substr(equals + skip)), !negated});
  }
  return selector;
}

bool FieldSelector::matches(const Json& object) const {
  return std::ranges::all_of(
      terms_, [&](const Term& term) { return (field_value(object, term.field) == term.value) == term.equal; });
}

std::string FieldSelector::exact_name(const std::string& text) {
  for (const std::string& part : split_terms(text)) {
    const std::string prefix = "metadata.name=";
    if (part.starts_with(prefix)) return part.substr(prefix.size() + (part[prefix.size()] == '=' ? 1 : 0));
  }
  return "";
}

}  // namespace ms2m::lab
