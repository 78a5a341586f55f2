// Patterns of policies, without a broker.
#include "wrap/pcre/pattern.hpp"

#include <fstream>

#include "ms2m/json.hpp"
#include "support/catch.hpp"

using ms2m::pcre::Match;
using ms2m::pcre::search;

TEST_CASE("patterns are Perl's", "[case-02]") {
  std::ifstream in(std::string(MS2M_TEST_DATA) + "/cases/policies-pcre.json");
  for (const auto& policy : ms2m::Json::parse(in)) {
    INFO(policy["pattern"]);
    CHECK(search(policy["pattern"], "ms2m.a.hold") == Match::yes);
  }
  for (const char* pattern : {"(?i).*", "^.*(?<!\\.dlq)$", "\\A.*\\z", "", "hold", "^ms2m\\.", "(?i)^MS2M"})
    CHECK(search(pattern, "ms2m.a.hold") == Match::yes);
  for (const char* pattern : {"^hold", "MS2M", "^(?!ms2m\\.).*", "\\Ams2m\\z", "^amq\\."})
    CHECK(search(pattern, "ms2m.a.hold") == Match::no);
}

TEST_CASE("what cannot be judged is unknown, and ends the process neither by its size nor by its steps", "[case-02]") {
  for (const std::string& pattern : {std::string("("), std::string("[z-a]"), std::string("(?<x"),
                                     std::string(100'000, '('), std::string(100'000, 'x')})
    CHECK(search(pattern, "ms2m.a.hold") == Match::unknown);
  CHECK(search("^(a+)+$", std::string(5000, 'a') + "b") == Match::unknown);
  CHECK(search("^(.|x)*$", std::string(100'000, 'y')) != Match::no);
}
