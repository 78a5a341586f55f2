// Templates of -o jsonpath against kubectl's documented examples
// (https://kubernetes.io/docs/reference/kubectl/jsonpath/) and against what kubectl does where its page says nothing.
#include "cli/json_path.hpp"
#include "ms2m/error.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using Catch::Matchers::Contains;

namespace {

/// The page's own document.
const char* const kNodes = R"({
  "kind": "List",
  "items": [
    {"kind": "None",
     "metadata": {"name": "127.0.0.1", "labels": {"kubernetes.io/hostname": "127.0.0.1"}},
     "status": {"capacity": {"cpu": "4"}, "ready": true,
                "addresses": [{"type": "LegacyHostIP", "address": "127.0.0.1"}]}},
    {"kind": "None",
     "metadata": {"name": "127.0.0.2"},
     "status": {"capacity": {"cpu": "8"}, "ready": false,
                "addresses": [{"type": "LegacyHostIP", "address": "127.0.0.2"},
                              {"type": "another", "address": "127.0.0.3"}]}}
  ],
  "users": [
    {"name": "myself", "user": {}},
    {"name": "e2e", "user": {"username": "admin", "password": "secret"}}
  ]
})";

const char* const kMoves = R"({"items": [
  {"id": "a", "phase": "transfer", "bytes": 7, "error": null, "ratio": 0.5, "open": [], "hot": true},
  {"id": "b", "phase": "replay", "bytes": 12, "error": "it \"is\"\nbroken", "ratio": 2.0, "open": ["x"], "hot": false},
  {"id": "c", "phase": "replay", "bytes": -3, "open": ["y", "z"], "hot": false}],
  "empty": [], "kind": "status", "a.b": 1, "a": {"b": 2}})";

std::string made(const std::string& text, const char* document = kMoves) {
  return cli::JsonPath(text).of(Json::parse(document));
}

std::string refused(const std::string& text, const char* document = nullptr) {
  try {
    const cli::JsonPath path(text);
    if (document == nullptr) return "taken";
    return "made: " + path.of(Json::parse(document));
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.what();
  }
}

}  // namespace

TEST_CASE("jsonpath: the examples of kubectl's page") {
  const auto of = [](const std::string& text) { return made(text, kNodes); };
  CHECK(of("kind is {.kind}") == "kind is List");
  CHECK(of("{@}") == Json::parse(kNodes).dump());
  CHECK(of("{$.kind}") == "List");
  CHECK(of("{['kind']}") == "List");
  CHECK(of("{..name}") == "127.0.0.1 127.0.0.2 myself e2e");
  CHECK(of("{.items[*].metadata.name}") == "127.0.0.1 127.0.0.2");
  CHECK(of("{.users[0].name}") == "myself");
  CHECK(of("{.items[*]['metadata.name', 'status.capacity']}") == R"(127.0.0.1 127.0.0.2 {"cpu":"4"} {"cpu":"8"})");
  CHECK(of(R"({.users[?(@.name=="e2e")].user.password})") == "secret");
  CHECK(of("{range .items[*]}[{.metadata.name}, {.status.capacity}] {end}") ==
        R"([127.0.0.1, {"cpu":"4"}] [127.0.0.2, {"cpu":"8"}] )");
  CHECK(of(R"({range .items[*]}{.metadata.name}{'\t'}{end})") == "127.0.0.1\t127.0.0.2\t");
  CHECK(of(R"({.items[0].metadata.labels.kubernetes\.io/hostname})") == "127.0.0.1");
  CHECK(of(R"({.items[0].metadata.labels['kubernetes\.io/hostname']})") == "127.0.0.1");
  CHECK(of(R"({.items[?(@.metadata.labels.kubernetes\.io/hostname=="127.0.0.1")].kind})") == "None");
  CHECK(of("{.items[?(@..ready==true)].metadata.name}") == "127.0.0.1");
  CHECK(of("{range .items[*]}{range .status.addresses[*]}{.address}, {end}{end}{.kind}") ==
        "127.0.0.1, 127.0.0.2, 127.0.0.3, List");
  CHECK(of("{.items[*].status.addresses[*].address}") == "127.0.0.1 127.0.0.2 127.0.0.3");
}

TEST_CASE("jsonpath: slices count as kubectl's do") {
  const auto ids = [](const std::string& slice) { return made("{.items[" + slice + "].id}"); };
  CHECK(ids("0") == "a");
  CHECK(ids("-1") == "c");
  CHECK(ids("0:2") == "a b");
  CHECK(ids(":2") == "a b");
  CHECK(ids("1:") == "b c");
  CHECK(ids("-2:") == "b c");
  CHECK(ids("0:-1") == "a b");
  CHECK(ids("::2") == "a c");
  CHECK(ids("0:3:5") == "a");
  CHECK(ids("0:3:9223372036854775807") == "a");
  CHECK(ids("2,0") == "c a");
  CHECK(ids("1:1").empty());
  CHECK(ids("9:9").empty());
  CHECK(made("{.empty[*]}").empty());
  // One that is empty hides no other.
  CHECK(made("{.items[*].open[*]}") == "x y z");

  CHECK(refused("{.items[3].id}", kMoves) == "jsonpath, character 9: there is no [3] in a list of 3");
  CHECK(refused("{.items[-4].id}", kMoves) == "jsonpath, character 9: there is no [-4] in a list of 3");
  CHECK(refused("{.items[0:4].id}", kMoves) == "jsonpath, character 9: there is no [3] in a list of 3");
  CHECK(refused("{.items[0:-9223372036854775807].id}", kMoves) ==
        "jsonpath, character 9: there is no [-9223372036854775808] in a list of 3");
  CHECK(refused("{.items[0:-9223372036854775808].id}", kMoves) == "jsonpath, character 11: this number is too large");
  CHECK(refused("{.items[2:1].id}", kMoves) == "jsonpath, character 9: [2] is behind [1]");
  CHECK(refused("{.empty[0]}", kMoves) == "jsonpath, character 9: there is no [0] in a list of 0");
  CHECK(refused("{.kind[0]}", kMoves) == "jsonpath, character 8: what stands before it is no list but a string");
  CHECK(refused("{.a[*]}", kMoves) == "jsonpath, character 5: what stands before it is no list but an object");
}

TEST_CASE("jsonpath: filters") {
  const auto ids = [](const std::string& condition) { return made("{.items[?(" + condition + ")].id}"); };
  CHECK(ids(R"(@.phase=="replay")") == "b c");
  CHECK(ids("@.phase == 'replay'") == "b c");
  CHECK(ids(R"(.phase!="replay")") == "a");
  CHECK(ids("@.bytes<7") == "c");
  CHECK(ids("@.bytes<=7") == "a c");
  CHECK(ids("@.bytes>7.5") == "b");
  CHECK(ids("@.bytes>=-3") == "a b c");
  CHECK(ids("@.ratio==2") == "b");
  CHECK(ids("@.hot==true") == "a");
  CHECK(ids("@.error") == "b");  // null is not there
  CHECK(ids("@.open[?(@=='z')]") == "c");
  CHECK_THAT(refused("{.items[?(@.open[0]=='x')].id}", kMoves), Contains("there is no [0] in a list of 0"));
}

TEST_CASE("jsonpath: what is missing or null gives nothing") {
  CHECK(made("before-{.none.at.all}after") == "before-after");
  CHECK(made("{.items[0].error}").empty());
  CHECK(made("{range .none[*]}never{end}").empty());
  CHECK(made("{.none[0]}").empty());
  CHECK(made("{.items[*].error}") == "it \"is\"\nbroken");
}

TEST_CASE("jsonpath: strings are bare, the rest is JSON in one line") {
  CHECK(made("{.items[0].bytes} {.items[0].ratio} {.items[0].hot}") == "7 0.5 true");
  CHECK(made("{.items[2].open}") == R"(["y","z"])");
  CHECK(made("{.a.b} {['a.b']} {['a\\.b']}") == "2 2 1");
  CHECK(made("{.a.*}") == "2");
  CHECK(made("{.}") == made("{@}"));
  CHECK(made("{}") == made("{$}"));
  CHECK(made("{..}", "[1,[2]]") == "[1,[2]] [2]");
  CHECK(made(R"({ "{" }{ .kind }{"}"} \n})") == R"({status} \n})");
  CHECK(made(R"({"\t\\\"\'"}{'"'})") == "\t\\\"'\"");
  CHECK(made("{.a}", R"({"a": "x\u001b[2Jy\nz"})") == "x [2Jy\nz");
  CHECK(made("{.items[*].x}", R"({"items": [{"x": ""}, {"x": "y"}]})") == " y");
}

TEST_CASE("jsonpath: a wrong template is refused where it is wrong") {
  CHECK(refused("{.a") == "jsonpath, character 1: this brace is not closed");
  CHECK(refused("ab{range .a}{.b}") == "jsonpath, character 3: this {range} has no {end}");
  CHECK(refused("{.a}{end}") == "jsonpath, character 5: {end} without a {range}");
  CHECK(refused("{items}") ==
        "jsonpath, character 2: a path (it begins with . [ @ or $), a \"text\", range or end is expected here");
  CHECK(refused("{.a[}") == "jsonpath, character 5: an index, a 'key', * or ?( is expected here");
  CHECK(refused("{.a[1}") == "jsonpath, character 6: ']' is expected here");
  CHECK(refused("{.a[1") == "jsonpath, character 4: this bracket is not closed");
  CHECK(refused("{.a[0:1:0]}") == "jsonpath, character 9: a step must be 1 or more");
  CHECK(refused("{.a[99999999999999999999]}") == "jsonpath, character 5: this number is too large");
  CHECK(refused("{.a['b]}") == "jsonpath, character 5: this quote is not closed");
  CHECK(refused("{.a['b\\") == "jsonpath, character 5: this quote is not closed");
  CHECK(refused("{.a['']}") == "jsonpath, character 5: a name is missing in this key");
  CHECK(refused("{.a..}") == "taken");
  CHECK(refused("{.a.}") == "jsonpath, character 5: a name is missing");
  CHECK(refused("{.a.. ..b}") == "jsonpath, character 7: '..' once is enough");
  CHECK(refused("{.a\\") == "jsonpath, character 4: nothing stands behind this backslash");
  CHECK(refused("{\"x}") == "jsonpath, character 2: this quote is not closed");
  CHECK(refused("{\"\\q\"}") == "jsonpath, character 3: behind a backslash stands one of n r t a b f v \\ \" '");
  CHECK(refused("{.a[?(@.b=~'x')]}") == "jsonpath, character 10: there are no regular expressions");
  CHECK(refused("{.a[?(@.b<>1)]}") ==
        "jsonpath, character 11: a path such as @.name, a \"string\", a number, true or false is expected here");
  CHECK(refused("{.a[?(@.b==1 && @.c==2)]}") ==
        "jsonpath, character 14: a filter compares once; give [?()] twice for 'and'");
  CHECK(refused("{.a[?(@.b==1e)]}") == "jsonpath, character 12: this is no number");
  CHECK(refused("{.a[?(1)]}") == "jsonpath, character 8: a comparison is missing");
  CHECK(refused("{.a[?(@.b") == "jsonpath, character 4: this filter is not closed");
  std::string deep;
  for (int n = 0; n < 5000; ++n) deep += "{range .a}";
  CHECK_THAT(refused(deep), Contains("nested deeper than 32"));
}

TEST_CASE("jsonpath: values that cannot be compared are said") {
  CHECK(refused("{.items[?(@.id>7)]}", kMoves) ==
        "jsonpath, character 8: a string and a number are not compared that way");
  CHECK(refused("{.items[?(@.hot<true)]}", kMoves) ==
        "jsonpath, character 8: a boolean and a boolean are not compared that way");
  CHECK(refused("{.items[?(@..*==1)]}", kMoves).substr(0, 8) == "jsonpath");
  CHECK(refused("{.kind[?(@.a)]}", kMoves) == "jsonpath, character 7: what stands before it is no list but a string");
}
