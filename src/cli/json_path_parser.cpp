// The text of a template -> JsonPath's parts.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string_view>
#include <utility>

#include "cli/json_path.hpp"
#include "cli/json_path_place.hpp"

namespace ms2m::cli {

namespace {

using Block = JsonPath::Block;
using Path = JsonPath::Path;
using Comparison = JsonPath::Comparison;

/// Ranges in ranges and filters in filters: nobody writes more, and the stack is not endless.
constexpr int kDeepest = 32;

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) {}

  Block whole() { return block(std::nullopt); }

 private:
  [[noreturn]] static void wrong(std::size_t at, const std::string& what) { wrong_template(at, what); }

  bool over() const { return at_ == text_.size(); }
  char here() const { return over() ? '\0' : text_[at_]; }
  bool follows(std::string_view word) const { return text_.compare(at_, word.size(), word) == 0; }
  bool take(std::string_view word) {
    const bool there = follows(word);
    if (there) at_ += word.size();
    return there;
  }
  void spaces() {
    while (!over() && is_space(here())) ++at_;
  }
  void expect(char c, std::size_t opened, const char* what) {
    if (!take(std::string_view(&c, 1))) {
      if (over()) wrong(opened, fmt::format("{} is not closed", what));
      wrong(at_, fmt::format("'{}' is expected here", c));
    }
  }
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  /// As deep as that one goes, the depth is one more.
  struct Deeper {
    Deeper(int& of, std::size_t at) : depth(of) {
      if (++depth > kDeepest) wrong(at, fmt::format("nested deeper than {}", kDeepest));
    }
    ~Deeper() { --depth; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    int& depth;
  };

  /// Up to the end of the text, or to the {end} of the range that begins at `range`.
  Block block(std::optional<std::size_t> range) {
    Block parts;
    while (!over()) {
      if (const auto brace = std::min(text_.find('{', at_), text_.size()); brace > at_) {
        parts.push_back({text_.substr(at_, brace - at_)});
        at_ = brace;
        continue;
      }
      const std::size_t opened = at_++;
      spaces();
      if (keyword("end")) {
        if (!range) wrong(opened, "{end} without a {range}");
        close(opened);
        return parts;
      }
      parts.push_back(action(opened));
    }
    if (range) wrong(*range, "this {range} has no {end}");
    return parts;
  }

  JsonPath::Part action(std::size_t opened) {
    if (keyword("range")) {
      const Deeper deeper(depth_, opened);
      spaces();
      JsonPath::Range range{path(false), {}};
      close(opened);
      range.block = block(opened);
      return {std::move(range)};
    }
    if (here() == '"' || here() == '\'') {
      std::string text = quoted();
      close(opened);
      return {std::move(text)};
    }
    const std::size_t begun = at_;
    Path steps = path(false);
    if (at_ == begun && !over() && here() != '}')
      wrong(begun, "a path (it begins with . [ @ or $), a \"text\", range or end is expected here");
    close(opened);
    return {std::move(steps)};
  }

  void close(std::size_t opened) {
    spaces();
    expect('}', opened, "this brace");
  }

  bool keyword(std::string_view word) {
    const std::size_t behind = at_ + word.size();
    if (!follows(word) || is_named(behind, false)) return false;
    at_ = behind;
    return true;
  }

  /// Up to what is no step. `filter`: its names end before a comparison, too.
  Path path(bool filter) {
    Path steps;
    if (here() == '@' || here() == '$') ++at_;
    spaces();
    if (here() == '.' && !is_step(at_ + 1, filter)) ++at_;  // the whole of it
    for (;; spaces()) {
      const std::size_t begun = at_;
      if (take("..")) {
        if (!steps.empty() && std::holds_alternative<JsonPath::Descent>(steps.back().what))
          wrong(begun, "'..' once is enough");
        steps.push_back({JsonPath::Descent{}, begun});
        if (take(".") || is_named(at_, filter)) steps.push_back({name(filter), begun});
      } else if (take(".")) {
        steps.push_back({name(filter), begun});
      } else if (here() == '[') {
        steps.push_back(bracket());
      } else {
        return steps;
      }
    }
  }

  bool is_named(std::size_t at, bool filter) const {
    const std::string_view enders = filter ? ".,[]$@{}!<>=~()" : ".,[]$@{}";
    return at < text_.size() && !is_space(text_[at]) && enders.find(text_[at]) == std::string_view::npos;
  }
  bool is_step(std::size_t at, bool filter) const {
    return is_named(at, filter) || (at < text_.size() && (text_[at] == '.' || text_[at] == '['));
  }

  decltype(JsonPath::Step::what) name(bool filter) {
    const std::size_t begun = at_;
    std::string name;
    while (is_named(at_, filter)) {
      if (here() == '\\' && ++at_ == text_.size()) wrong(at_ - 1, "nothing stands behind this backslash");
      name += text_[at_++];
    }
    if (begun == at_) wrong(begun, "a name is missing");
    if (at_ == begun + 1 && name == "*") return JsonPath::Children{};
    return JsonPath::Field{name};
  }

  JsonPath::Step bracket() {
    const std::size_t opened = at_++;
    if (take("?(")) {
      JsonPath::Filter condition = filter(opened);
      expect(']', opened, "this bracket");
      return {std::move(condition), opened};
    }
    std::vector<Path> several;
    do {
      spaces();
      several.push_back(item());
      spaces();
    } while (take(","));
    expect(']', opened, "this bracket");
    if (several.size() == 1 && several.front().size() == 1) return several.front().front();
    return {JsonPath::Union{std::move(several)}, opened};
  }

  /// One of those with commas between.
  Path item() {
    const std::size_t begun = at_;
    if (take("*")) return {{JsonPath::Slice{}, begun}};
    if (here() == '\'' || here() == '"') return key();
    JsonPath::Slice slice;
    slice.first = number();
    slice.single = !take(":");
    if (slice.single && !slice.first) wrong(begun, "an index, a 'key', * or ?( is expected here");
    if (slice.single) return {{slice, begun}};
    slice.end = number();
    if (take(":")) {
      const std::size_t stride = at_;
      slice.stride = number().value_or(1);
      if (slice.stride < 1) wrong(stride, "a step must be 1 or more");
    }
    return {{slice, begun}};
  }

  /// 'a.b' is the b of a, 'a\.b' one name.
  Path key() {
    const std::size_t begun = at_;
    const char quote = text_[at_++];
    Path names;
    std::string name;
    const auto finish = [&] {
      if (name.empty()) wrong(begun, "a name is missing in this key");
      names.push_back({JsonPath::Field{std::exchange(name, {})}, begun});
    };
    for (; here() != quote; ++at_) {
      if (over()) wrong(begun, "this quote is not closed");
      if (here() == '.') {
        finish();
        continue;
      }
      if (here() == '\\') ++at_;
      if (over()) wrong(begun, "this quote is not closed");
      name += here();
    }
    ++at_;
    finish();
    return names;
  }

  std::optional<long> number() {
    long value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    const auto length = static_cast<std::size_t>(end - text_.data()) - at_;
    // The smallest has no negative, and nothing below it.
    if (error == std::errc::result_out_of_range || value == std::numeric_limits<long>::min())
      wrong(at_, "this number is too large");
    if (error != std::errc{}) return std::nullopt;
    at_ += length;
    return value;
  }

  JsonPath::Filter filter(std::size_t opened) {
    const Deeper deeper(depth_, opened);
    JsonPath::Filter filter;
    filter.left = operand();
    spaces();
    const std::size_t begun = at_;
    if (here() != ')') filter.comparison = comparison(opened);
    if (filter.comparison == Comparison::exists) {
      if (filter.left.literal) wrong(begun, "a comparison is missing");
    } else {
      spaces();
      filter.right = operand();
      spaces();
    }
    if (follows("&&") || follows("||")) wrong(at_, "a filter compares once; give [?()] twice for 'and'");
    expect(')', opened, "this filter");
    return filter;
  }

  Comparison comparison(std::size_t opened) {
    constexpr std::array<std::pair<std::string_view, Comparison>, 6> kAll{{{"==", Comparison::equal},
                                                                           {"!=", Comparison::unequal},
                                                                           {"<=", Comparison::at_most},
                                                                           {">=", Comparison::at_least},
                                                                           {"<", Comparison::less},
                                                                           {">", Comparison::greater}}};
    if (over()) wrong(opened, "this filter is not closed");
    if (follows("=~")) wrong(at_, "there are no regular expressions");
    for (const auto& [sign, comparison] : kAll)
      if (take(sign)) return comparison;
    wrong(at_, "one of == != < > <= >= or ) is expected here");
  }

  JsonPath::Operand operand() {
    spaces();
    const std::size_t begun = at_;
    const char c = here();
    if (c == '"' || c == '\'') return {{}, Json(quoted())};
    if (c == '-' || c == '+' || (c >= '0' && c <= '9')) return {{}, numeral()};
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "true" : "false";
      if (take(word)) return {{}, Json(value)};
    }
    if (c != '@' && c != '$' && c != '.' && c != '[')
      wrong(begun, "a path such as @.name, a \"string\", a number, true or false is expected here");
    return {path(true), std::nullopt};
  }

  Json numeral() {
    const std::size_t begun = at_;
    if (here() == '+') ++at_;
    const std::size_t end = std::min(text_.find_first_not_of("+-.0123456789eE", at_), text_.size());
    const Json number = Json::parse(text_.substr(at_, end - at_), nullptr, false);
    if (!number.is_number()) wrong(begun, "this is no number");
    at_ = end;
    return number;
  }

  std::string quoted() {
    const std::size_t begun = at_;
    const char quote = text_[at_++];
    std::string text;
    for (; here() != quote; ++at_) {
      if (over()) wrong(begun, "this quote is not closed");
      if (here() != '\\') {
        text += here();
        continue;
      }
      constexpr std::string_view kSigns = "nrtabfv\\\"'", kMeant = "\n\r\t\a\b\f\v\\\"'";
      ++at_;
      const auto which = over() ? std::string_view::npos : kSigns.find(here());
      if (which == std::string_view::npos) wrong(at_ - 1, "behind a backslash stands one of n r t a b f v \\ \" '");
      text += kMeant[which];
    }
    ++at_;
    return text;
  }

  const std::string& text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

JsonPath::JsonPath(const std::string& text) : block_(Parser(text).whole()) {}

}  // namespace ms2m::cli
