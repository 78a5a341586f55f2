// The table of a restore's states, row by row, and the record on the disk.
#include "node/restore/state.hpp"
#include "ms2m/error.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::node;
using Catch::Contains;
using S = RestoreState;

namespace {

const std::string kImage(64, 'a');
constexpr std::uint64_t kNow = 1'800'000'000;

Record prepared() {
  Record record;
  record.id = "k3x9qa";
  record.target = {"shop", "consumer-0-m", "consumer", kImage};
  record.wait_ms = 100'000;
  record.expires = kNow + 60;
  return record;
}

Record ready() {
  Record record = prepared();
  record.uid = "b3a0e1d2-0000-4000-8000-3f1c7d1a9e55";
  record.ready = true;
  return record;
}

Record in(S state) {
  Record record = ready();
  record.state = state;
  return record;
}

Asking asking() { return {"shop", "consumer-0-m", ready().uid, "consumer", kImage}; }

}  // namespace

TEST_CASE("the table has every state at its number, and what may follow which", "[node_restore]") {
  const auto& table = state_table();
  REQUIRE(table.size() == 6);
  for (std::size_t i = 0; i < table.size(); ++i) CHECK(table[i].state == static_cast<S>(i));
  const std::vector<S> all{S::unknown, S::prepared, S::taken, S::restored, S::done, S::voided};
  const std::vector<std::pair<S, S>> steps{{S::unknown, S::prepared}, {S::prepared, S::taken},  {S::taken, S::restored},
                                           {S::restored, S::done},    {S::prepared, S::voided}, {S::taken, S::voided},
                                           {S::restored, S::voided}};
  for (const S from : all)
    for (const S to : all) {
      INFO(to_string(from) << " -> " << to_string(to));
      const bool step = std::count(steps.begin(), steps.end(), std::pair(from, to)) > 0;
      CHECK(may_become(from, to) == (step || from == to));
    }
}

TEST_CASE("create: row by row", "[node_restore]") {
  struct Case {
    std::optional<Record> record;
    AtCreate what;
    const char* why;
  };
  const std::vector<Case> rows{
      {std::nullopt, AtCreate::refuse, "not known"},
      {prepared(), AtCreate::wait, "to be bound"},
      {ready(), AtCreate::restore, ""},
      {in(S::taken), AtCreate::refuse, "begun before"},
      {in(S::restored), AtCreate::refuse, "has ended"},
      {in(S::done), AtCreate::cold, ""},
      {in(S::voided), AtCreate::refuse, "taken back"},
      {[] {
         Record record = in(S::voided);
         record.failure = "the node was started anew";
         return record;
       }(),
       AtCreate::refuse, "is void: the node was started anew"},
  };
  for (const auto& row : rows) {
    const Decision decision = decide(row.record, asking(), kNow);
    INFO(decision.why);
    CHECK(decision.what == row.what);
    CHECK_THAT(decision.why, Contains(row.why));
  }
}

TEST_CASE("create in `prepared`: what is missing is waited for, what is wrong is refused", "[node_restore]") {
  Record record = ready();
  record.ready = false;
  CHECK(decide(record, asking(), kNow).what == AtCreate::wait);
  record.uid.clear();
  record.ready = true;
  CHECK(decide(record, asking(), kNow).what == AtCreate::wait);
  CHECK(decide(record, asking(), kNow + 59).what == AtCreate::wait);
  CHECK_THAT(decide(record, asking(), kNow + 60).why, Contains("not used in its time"));
  CHECK(decide(record, asking(), kNow + 60).what == AtCreate::refuse);

  Asking moved_tag = asking();
  moved_tag.image_id = std::string(64, 'b');
  CHECK(decide(ready(), moved_tag, kNow).what == AtCreate::refuse);
  CHECK_THAT(decide(ready(), moved_tag, kNow).why, Contains("bbbbbbbbbbbb"));
  record = prepared();
  CHECK(decide(record, moved_tag, kNow).what == AtCreate::refuse);
  moved_tag.image_id = "sha256:" + kImage;
  CHECK(decide(ready(), moved_tag, kNow).what == AtCreate::restore);
  moved_tag.image_id = "";  // containerd does not tell: the node program has compared
  CHECK(decide(ready(), moved_tag, kNow).what == AtCreate::restore);
}

TEST_CASE("create of another pod's container is refused in every state, also when its annotation was copied",
          "[node_restore]") {
  for (const S state : {S::prepared, S::taken, S::restored, S::done, S::voided}) {
    for (auto change : std::vector<std::pair<std::string Asking::*, std::string>>{
             {&Asking::ns, "other"}, {&Asking::pod, "other"}, {&Asking::uid, "other"}, {&Asking::container, "other"}}) {
      Asking other = asking();
      other.*change.first = change.second;
      const Decision decision = decide(in(state), other, kNow);
      CHECK(decision.what == AtCreate::refuse);
      CHECK_THAT(decision.why, Contains("for another"));
    }
  }
}

TEST_CASE("the record: what is written is read, anything else is refused", "[node_restore]") {
  Record record = in(S::taken);
  record.container_id = std::string(64, 'c');
  record.failure = "criu \"failed\"\n";
  CHECK(parse_record(print_record(record)) == record);
  const std::string text = print_record(record);
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string other = text;
    other.replace(other.find(from), from.size(), to);
    return other;
  };
  CHECK_THROWS_WITH(parse_record(with("\"version\":1", "\"version\":4")), Contains("version 4"));
  try {
    parse_record(with("\"version\":1", "\"version\":4"));
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::refused);
    CHECK_THAT(error.remedy(), Contains("ms2m node setup"));
  }
  for (const std::string& wrong :
       {with("\"version\":1", "\"version\":\"1\""), with("\"taken\"", "\"odd\""), with("\"taken\"", "\"unknown\""),
        with("\"taken\"", "7"), with("\"k3x9qa\"", "\"../x\""), with("\"ready\":true", "\"ready\":1"),
        with("\"uid\"", "\"u\""), std::string("[]"), std::string(""), text.substr(0, text.size() / 2)})
    CHECK_THROWS_AS(parse_record(wrong), Error);
}

TEST_CASE("the record of a lazy restore has a version of its own, and says whether its pages are there",
          "[node_restore]") {
  Record record = in(S::restored);
  record.pages = record.lazy = true;
  for (const bool complete : {false, true}) {
    record.complete = complete;
    CHECK_THAT(print_record(record), Contains("\"version\":3"));
    CHECK(parse_record(print_record(record)) == record);
  }
  const std::string text = print_record(record), there = "\"complete\":true";
  const auto with = [&](const std::string& to) {
    return std::string(text).replace(text.find(there), there.size(), to);
  };
  CHECK_THROWS_WITH(parse_record(with("\"other\":true")), Contains("'complete' is missing"));
  CHECK_THROWS_WITH(parse_record(with("\"complete\":1")), Contains("of another type"));
  record.lazy = false;  // nobody else's record has that
  CHECK_THAT(print_record(record), !Contains("complete"));
  CHECK_THAT(print_record(record), Contains("\"version\":2"));
}
