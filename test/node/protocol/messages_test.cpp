#include "node/protocol/messages.hpp"

#include "ms2m/error.hpp"
#include "node/protocol/json_text.hpp"
#include "node/protocol/wire_error.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::node;
using Catch::Contains;

namespace {

/// What comes out is what went in, as far as JSON shows it, and no field is left out.
template <class Message>
void round_trip(const Message& message, std::size_t count) {
  const Json json = encode(message);
  INFO(json.dump());
  CHECK(json.size() == count);
  CHECK(encode(decode<Message>(json)) == json);
  CHECK(encode(parse_message<Message>(print_message(message))) == json);
  for (const auto& [name, value] : json.items()) {
    Json without = json;
    without.erase(name);
    CHECK_THROWS_WITH(decode<Message>(without), Contains(name) && Contains("missing"));
    without[name] = value.is_number() ? Json("x") : Json(-1);
    CHECK_THROWS_WITH(decode<Message>(without), Contains(name) && Contains("another type"));
  }
}

}  // namespace

TEST_CASE("requests and answers as JSON", "[node_protocol]") {
  round_trip(Hello{1, 5000, "cri-o://1.34.1", "worker-1"}, 4);
  round_trip(Forgotten{2}, 1);
  NodeLook look;
  look.features = {"avx2"};
  look.volumes = {{"scratch", Content::data}, {"tmp", Content::empty}};
  look.deleted_files = {{"/tmp/a", {1}}};
  look.outside_peers = {"", "/run/x"};
  round_trip(LookAnswer{look, 1764310000.5}, 2);
  CHECK(encode(LookAnswer{look, {}})["look"].size() == 14);
  round_trip(Look{{"uid", "cri-o://0123456789ab", {"tmp"}}}, 1);
  round_trip(Tools{"cri-o://0123456789ab"}, 1);
  NodeTools tools;
  tools.criu_options["/etc/criu/crun.conf"]["tcp-close"] = "";
  tools.crio_criu_support = true;
  round_trip(tools, 17);
  round_trip(SetupLook{SetupWay::remove}, 1);
  round_trip(SetupAnswer{"/p", {"cri-o://1", "crio", {{"/f", SetupKind::link, {}, "x"}}, true}}, 2);
  round_trip(SetupApply{SetupWay::install, {{"/f", SetupKind::text, "a", {}}}}, 2);
  round_trip(RestartRuntime{}, 0);
  round_trip(
      ListArchives{{"/var/lib/kubelet/checkpoints", "default", "consumer-0", "consumer"}, {"/p"}, "cri-o://ab", 5}, 7);
  round_trip(ArchiveList{{{"/a/checkpoints/x.tar", {27}}}}, 1);
  round_trip(WaitArchive{"/p", 100}, 2);
  round_trip(RemoveArchive{"/p"}, 1);
  round_trip(ReadArchive{"/p", Round::early, "k3x9qa", PassageUse{"k3x9qa", Bytes{5}}, Compression::zstd}, 5);
  round_trip(OfferPassage{"k3x9qa"}, 1);
  round_trip(PassageKey{"ab"}, 1);
  round_trip(OpenPassage{"k3x9qa", {"fd00::12"}, 4711, "ab"}, 4);
  round_trip(PassageEnds{{{"fd00::12", 4711}}, "ab"}, 2);
  round_trip(PassageOpened{1}, 1);
  round_trip(EnterPassage{"k3x9qa", {{"fd00::12", 4711}}, "ab"}, 3);
  round_trip(PassageEnd{"fd00::12", 4711}, 2);
  round_trip(DropPassage{"k3x9qa"}, 1);
  RegistryExchange exchange{
      {"registry.example", 5000, true, "pem"}, "PATCH", "/v2/", {{"Accept", "x"}}, "body", "m1", true};
  round_trip(exchange, 7);
  CHECK(encode(exchange)["at"].size() == 4);
  round_trip(RegistrySent{"m1"}, 1);
  round_trip(RegistryAnswer{202, {{"location", "/v2/"}}, "{}"}, 3);
  CHECK(encode(ReadDump{"m1", Round::none, PassageUse{"m1", Bytes{5}, true}})["passage"].size() == 3);
  round_trip(StreamProgress{{1}, {2}, "ab", 3, 4, {5}}, 6);
  round_trip(StreamEnd{{1}, "ab", "cd"}, 3);
  round_trip(DumpContainer{"m1", "0123456789ab", 60000}, 3);
  round_trip(DumpAnswer{270, {27}, {4096}}, 3);
  round_trip(ServePages{"k3x9qa", Compression::automatic, true}, 3);
  round_trip(FeedPages{"k3x9qa", true, true}, 3);
  round_trip(PagesEnd{{4096}}, 1);
  round_trip(ReadDump{"m1", Round::last, {}, Compression::zstd}, 4);
  round_trip(RemoveDump{"m1"}, 1);
  round_trip(WriteLayout{"/var/lib/ms2m/m1", {5}, "m1", true}, 4);
  round_trip(RemoveLayout{"/var/lib/ms2m/m1"}, 1);
  const RestoreStatus status{RestoreState::taken, "uid-1", true, false, "c1", true, "criu", true};
  round_trip(RestorePrepare{"k3x9qa", {"shop", "c-0", "consumer", "id"}, 100'000, 600}, 4);
  round_trip(RestoreBind{"k3x9qa", "uid-1", "/var/lib/kubelet"}, 3);
  round_trip(WriteRestore{"k3x9qa", {5}, Round::last, "ab", "k3x9qa", true}, 6);
  round_trip(RestoreReady{"k3x9qa", "sha"}, 2);
  round_trip(RestoreDone{"k3x9qa"}, 1);
  round_trip(RestoreVoid{"k3x9qa"}, 1);
  round_trip(RestoreWatch{"k3x9qa", status, 1}, 3);
  round_trip(RestoreRemoveData{"k3x9qa"}, 1);
  round_trip(RestoreListing{{{"k3x9qa", status}}}, 1);
  round_trip(RestoreIds{{"k3x9qa"}}, 1);
  round_trip(status, 8);
  round_trip(ImageTool{"skopeo 1.20.0"}, 1);
  round_trip(ImageFind{"localhost/ms2m/c:1"}, 1);
  round_trip(ImageFound{StoredImage{"id", {"a", "b"}, "1000", true}}, 1);
  round_trip(ImageListing{std::vector<StoredImage>{{"id", {"a"}, "", false}}}, 1);
  round_trip(ImageImport{{"/d", "sha", {1}, "n", "c", "arm64", "u"}}, 1);
  round_trip(ImageId{"id"}, 1);
  round_trip(ImagePointName{"n", "id"}, 2);
  round_trip(ImageRemoveName{"n"}, 1);
  round_trip(ImageRemove{"id"}, 1);
  round_trip(Freeze{"c", 1000, AtEnd::kill, true, 700}, 5);
  round_trip(Thaw{"c"}, 1);
  round_trip(Kill{"c"}, 1);
  round_trip(AttendCheckpoint{"c", true}, 2);
  round_trip(MendCheckpoint{"c"}, 1);
  round_trip(Found{true}, 1);
  round_trip(Nothing{}, 0);
  round_trip(ImageProbe{}, 0);
  round_trip(ForgetProgram{}, 0);
  round_trip(ImageList{}, 0);
}

TEST_CASE("what is not there is null, not missing", "[node_protocol]") {
  CHECK(encode(ImageFound{})["image"].is_null());
  CHECK_FALSE(decode<ImageFound>(encode(ImageFound{})).image);
  CHECK_FALSE(decode<ImageListing>(encode(ImageListing{})).images);
  CHECK_FALSE(decode<Freeze>(encode(Freeze{"c", {}, AtEnd::stay, false})).limit_ms);
  CHECK(decode<Freeze>(encode(Freeze{"c", {}, AtEnd::stay, false})).at_end == AtEnd::stay);
  CHECK_FALSE(decode<NodeTools>(encode(NodeTools{})).crio_criu_support);
}

TEST_CASE("requests tell what is to be done", "[node_protocol]") {
  const Json request = parse_object(print_message(Thaw{"c"}));
  CHECK(request_name(request) == "thaw");
  CHECK_THROWS_AS(request_name(Json::object()), Error);
  CHECK_THROWS_AS(request_name(Json{{"do", 1}}), Error);
  CHECK(decode<Thaw>(Json{{"container", "c"}, {"new", "ignored"}}).container == "c");
}

TEST_CASE("values that nobody knows, and numbers that are none", "[node_protocol]") {
  CHECK_THROWS_WITH(decode<Freeze>(Json{{"container", "c"}, {"limit_ms", nullptr}, {"at_end", "burn"}}),
                    Contains("at_end") && Contains("burn"));
  CHECK_THROWS_AS(decode<WaitArchive>(Json{{"path", "p"}, {"limit_ms", -1}}), Error);
  CHECK_THROWS_AS(decode<WaitArchive>(Json{{"path", "p"}, {"limit_ms", 1.5}}), Error);
  CHECK_THROWS_AS(decode<Hello>(Json{{"version", 5000000000}, {"silence_ms", 1}, {"runtime", ""}, {"node", ""}}),
                  Error);
}

TEST_CASE("JSON that is none, or too deep", "[node_protocol]") {
  for (const char* text : {"", "[]", "1", "{", "{}}", "{\"a\":}", "nul"}) CHECK_THROWS_AS(parse_object(text), Error);
  const auto nested = [](std::size_t depth) {
    return R"({"a":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  CHECK_NOTHROW(parse_object(nested(kMaxNesting)));
  CHECK_THROWS_WITH(parse_object(nested(kMaxNesting + 1)), Contains("deeply"));
  CHECK_NOTHROW(parse_object(R"({"a":"\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["})"));
  CHECK(print(Json{{"a", "\xff"}}) == "{\"a\":\"\xef\xbf\xbd\"}");
}

TEST_CASE("errors keep kind, words, remedy and context", "[node_protocol]") {
  Error sent(ErrorKind::not_found, "no archive: /p", "make one");
  sent.in("reading /p").in("node worker-1");
  try {
    throw_error(print_error(sent));
  } catch (const Error& got) {
    CHECK(got.kind() == ErrorKind::not_found);
    CHECK(got.message() == sent.message());
    CHECK(got.remedy() == sent.remedy());
    CHECK(std::string(got.what()) == sent.what());
  }
  for (const ErrorKind kind :
       {ErrorKind::usage, ErrorKind::refused, ErrorKind::not_found, ErrorKind::forbidden, ErrorKind::conflict,
        ErrorKind::unavailable, ErrorKind::timeout, ErrorKind::protocol, ErrorKind::failed, ErrorKind::inconsistent}) {
    try {
      throw_error(print_error(Error(kind, "m")));
    } catch (const Error& got) {
      CHECK(got.kind() == kind);
      CHECK(std::string(got.what()) == "m");
    }
  }
  CHECK_THROWS_AS(throw_error(print_cancelled()), Cancelled);
  CHECK_THROWS_WITH(throw_error(R"({"kind":"odd","message":"","remedy":"","context":""})"), Contains("odd"));
  CHECK_THROWS_WITH(throw_error(R"({"kind":"failed"})"), Contains("message"));
}
