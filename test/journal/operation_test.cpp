// Operations as journals keep them: every one comes back as it was written, also from records of version 1, and their
// stages stand in the order that the numbers of version 1 had.
#include "journal/operation_record.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "support/catch.hpp"
#include "undo/operations.hpp"

using namespace ms2m;

namespace {

/// Every operation, each with every stage that it can have, and the number that stood for it in version 1.
std::vector<std::pair<Operation, int>> all() {
  const op::Frozen frozen{"default", "a", "u1", "worker-1", "cri-o://1"};
  const op::Scaling scaling{"default", "web", "u2", 3, "web-2", "u1", "localhost/ms2m/web-2:abc234"};
  const Json pod{{"metadata", {{"name", "a"}, {"namespace", "default"}}}};
  return {
      {op::ResumeSource{"default", "a", "u1", "control", "q", "hold", "relay", 2, "b", {"10.0.0.1"}}, 20},
      {op::ResumeTarget{"default",
                        "b",
                        "control",
                        "q",
                        "message",
                        1,
                        {"10.0.0.1"},
                        "app",
                        "cri-o://1 0",
                        {"10.0.0.2"},
                        true,
                        Seconds(30)},
       10},
      {op::ResumeStream{"default", "a", "u1", "control", "q", "b"}, 20},
      {op::ServeStream{"default", "b", "control", "q", "message", Seconds(30)}, 10},
      {op::ResumeStream{"default", "a", "u1", "control", "q", "b", "hold"}, 20},
      {op::ServeStream{"default", "b", "control", "q", "message", Seconds(30), true}, 10},
      {op::ThawSource{frozen, "q", 1, "b", "abc234"}, 20},
      {op::Thaw{frozen}, 60},
      {op::StartCopy{"default", "b", "abc234", "app", "worker-2", "image", "checkpoint", "q"}, 4},
      {op::DeletePod{"default", "b", "abc234"}, 30},
      {op::RetirePod{"default", "a", "u1", "b", "hold", Seconds(130)}, 20},
      {op::Adopt{"default", "a", "u1", "b", "h1", "7", Seconds(130), "worker-1", "cri-o://1"}, 20},
      {op::RetirePod{"default", "a", "u1", "b", "hold", Seconds(130), {"app"}}, 20},
      {op::Adopt{"default", "a", "u1", "b", "h1", "7", Seconds(160), "", "", "hold", {"", true}}, 20},
      {op::RestoreCost{"default", "a", "u1", "7"}, 40},
      {op::RetireFrozen{frozen}, 20},
      {op::StripMarks{"default", "b"}, 40},
      {op::DeleteQueue{"q1"}, 50},
      {op::DeleteQueue{"q2", true}, 50},
      {op::DeleteExchange{"tee"}, 51},
      {op::DeleteControlQueue{"control", "default", "a", "u1"}, 52},
      {op::RemoveArchives{"worker-1", "/var/lib", "default", "a", "app", {"old.tar"}, 1795860033}, 60},
      {op::RemoveArchive{"worker-1", "/var/lib/new.tar"}, 60},
      {op::RemoveLayout{"worker-2", "/var/lib/ms2m/abc234"}, 60},
      {op::RemoveFromRegistry{"worker-1", "registry.example:5000/ms2m:ms2m-abc234"}, 60},
      {op::RemoveImageName{"worker-2", "name", Stage::copy_image_name}, 53},
      {op::RemoveImageName{"worker-2", "name"}, 61},
      {op::RemoveImageName{"worker-2", "name", Stage::staged_names}, 63},
      {op::PointImageName{"worker-2", "name", "original", "default", "b"}, 61},
      {op::RemoveImage{"worker-2", "abcdefabcdefabcdef"}, 62},
      {op::RemoveDump{"worker-1", "abc234"}, 60},
      {op::TakeBackRestore{"worker-2", "abc234"}, 25},
      {op::CompleteRestore{"worker-2", "abc234", "default", "b"}, 8},
      {op::CompleteRestore{"worker-2", "abc234", "", "", true}, 8},
      {op::RemoveRestore{"worker-2", "abc234"}, 60},
      {op::ReleaseLease{"default", "ms2m-a", "somebody"}, 90},
      {op::OrphanSet{"default", "web", "u2"}, 4},
      {op::RemoveSource{"default", "a", "u1", "hold"}, 5},
      {op::RemoveSource{"default", "a", "u1", "hold", "b"}, 15},
      {op::RemoveSource{"default", "a", "u1", "hold", "", Seconds(150), {"", true}}, 5},
      {op::RestorePod{pod, "hold", "worker-1", "new.tar", "/var/lib/ms2m/abc234", "image", "app", "amd64", "1000",
                      "control"},
       6},
      {op::RecreateSet{pod, "a"}, 21},
      {op::Rename{"abc234", "default", "b", "worker-2", "app", "q", pod, {{"total", true}}}, 20},
      {op::ScaleDown{scaling}, 4},
      {op::ScaleUp{scaling, {{"app", "web"}}}, 20},
      {op::EndSource{"default", "a", "u1", "image", "hold", 45, true}, 5},
      {op::EndSource{"default", "a", "u1", "image", "hold", 45, false, true, "app"}, 5},
  };
}

Json version_1(const Operation& operation, int number) {
  static const std::map<std::string, std::string> names{{"rename", "take_identity"},
                                                        {"point_image_name", "settle_image"}};
  Json record = record_of(operation);
  record.erase("stage");
  record["prio"] = number;
  if (const auto name = names.find(record["op"]); name != names.end()) record["op"] = name->second;
  return record;
}

}  // namespace

TEST_CASE("every operation is among those that are tested", "[operation]") {
  std::set<std::size_t> seen;
  for (const auto& [operation, number] : all()) seen.insert(operation.index());
  CHECK(seen.size() == std::variant_size_v<Operation>);
}

TEST_CASE("the manual has every operation with its fields, and every stage", "[operation]") {
  std::ifstream in(std::string(MS2M_SOURCE_DIR) + "/man/ms2m-journal.5");
  REQUIRE(in);
  std::map<std::string, std::set<std::string>> told;  // ".It Cm NAME Li FIELD FIELD [FIELD ...]"
  std::set<std::string> words;
  for (std::string line; std::getline(in, line);) {
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '[' || c == ']' || c == ','; }, ' ');
    std::istringstream text(line);
    const std::vector<std::string> each{std::istream_iterator<std::string>(text), {}};
    words.insert(each.begin(), each.end());
    if (each.size() > 3 && each[0] == ".It" && each[3] == "Li") told[each[2]].insert(each.begin() + 4, each.end());
  }
  std::set<std::string> names;
  for (const auto& [operation, number] : all()) {
    const Json record = record_of(operation);
    const std::string name = record.at("op");
    CAPTURE(name);
    names.insert(name);
    CHECK(words.contains(record.at("stage")));
    for (const auto& field : record.items())
      if (field.key() != "op" && field.key() != "stage") {
        CAPTURE(field.key());
        CHECK(told[name].contains(field.key()));
      }
  }
  for (const auto& [name, fields] : told) CHECK(names.contains(name));
}

TEST_CASE("stages come in the order of the numbers of version 1", "[operation]") {
  for (const auto& [a, number_a] : all())
    for (const auto& [b, number_b] : all()) {
      INFO(record_of(a) << " and " << record_of(b));
      CHECK((stage(a) < stage(b)) == (number_a < number_b));
      CHECK((stage(a) == stage(b)) == (number_a == number_b));
    }
}

TEST_CASE("a record gives the operation back, of this version and of the first", "[operation]") {
  for (const auto& [operation, number] : all()) {
    const Json record = record_of(operation);
    INFO(record);
    CHECK_FALSE(record.contains("prio"));
    CHECK(stage_of(record.at("stage").get<std::string>()) == stage(operation));
    CHECK(record_of(operation_of(record, 2)) == record);
    CHECK(operation_of(record, 2).index() == operation.index());
    CHECK(record_of(operation_of(version_1(operation, number), 1)) == record);
  }
}

TEST_CASE("what no operation of a version can be is named", "[operation]") {
  for (const auto& [operation, number] : all()) {
    Json record = record_of(operation);
    for (const char* key : {"op", "stage"}) {
      Json without = record;
      without.erase(key);
      CHECK_THROWS_AS(operation_of(without, 2), NoOperation);
    }
    record["stage"] = operation.index() == Operation(op::ReleaseLease{}).index() ? "queues" : "lease";
    CHECK_THROWS_WITH(operation_of(record, 2), Catch::Contains(record["op"].get<std::string>()));
    record["stage"] = "later";
    CHECK_THROWS_AS(operation_of(record, 2), NoOperation);
  }
  CHECK_THROWS_WITH(operation_of({{"op", "make_coffee"}, {"stage", "lease"}}, 2), Catch::Contains("make_coffee"));
  CHECK_THROWS_AS(operation_of({{"op", "take_identity"}, {"stage", "source"}}, 2), NoOperation);
  CHECK_THROWS_WITH(operation_of({{"op", "delete_pod"}, {"prio", 30}, {"ns", "default"}, {"pod", "p"}}, 1),
                    Catch::Contains("id"));
  CHECK_THROWS_AS(operation_of({{"op", "delete_pod"}, {"prio", 30}, {"ns", 7}, {"pod", "p"}, {"id", "x"}}, 1),
                  NoOperation);
  CHECK_THROWS_AS(operation_of({{"op", "remove_image_name"}, {"prio", 7}, {"node", "n"}, {"name", "x"}}, 1),
                  NoOperation);
  CHECK_THROWS_AS(operation_of(Json::array(), 2), NoOperation);
}

TEST_CASE("what waits for other steps is resumed by ms2m, what stands alone has a command of its own", "[operation]") {
  std::map<std::string, int> commands;
  for (const auto& [operation, number] : all()) {
    const std::string line = command(operation, {"", "", "/"}, "abc234");
    INFO(describe(operation) << ": " << line);
    CHECK_FALSE(describe(operation).empty());
    CHECK((line.find("abc234") != std::string::npos) == (line.rfind("ms2m ", 0) == 0));
    ++commands[line.substr(0, line.find(' ', line.find(' ') + 1))];
  }
  CHECK(commands["ms2m resume"] == 24);
  CHECK(commands["ms2m cleanup"] == 13);
  CHECK(command(op::DeleteQueue{"q", true}, {"", "", "/"}, "abc234") == "ms2m resume abc234");
}

TEST_CASE("operations that take their time have it", "[operation]") {
  CHECK(patience(op::ResumeTarget{}) == Seconds(0));
  op::ResumeTarget limited;
  limited.limit = Seconds(30);
  CHECK(patience(limited) == Seconds(45));
  op::Adopt adoption;
  adoption.patience = Seconds(130);
  CHECK(patience(adoption) == Seconds(130));
  CHECK(patience(op::Rename{}) == Seconds(900));
  CHECK(patience(op::DeleteQueue{}) == Seconds(0));
}
