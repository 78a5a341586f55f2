#include "mutator.hpp"

#include "node/protocol/frame.hpp"
#include "node/protocol/json_text.hpp"
#include "node/protocol/messages.hpp"
#include "node/protocol/version.hpp"
#include "wrap/posix/sha256.hpp"

namespace ms2m::test {
namespace {

using namespace node;

/// With the limits of its kind and without.
std::string raw_frame(std::uint32_t length, int kind, std::uint32_t channel, const std::string& payload) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(length >> shift & 0xff);
  bytes += static_cast<char>(kind);
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(channel >> shift & 0xff);
  return bytes + payload;
}

std::string raw_frame(FrameKind kind, std::uint32_t channel, const std::string& payload) {
  return raw_frame(static_cast<std::uint32_t>(payload.size() + 5), static_cast<int>(kind), channel, payload);
}

template <class Request>
Json made(const Request& request) {
  Json json = encode(request);
  json["do"] = Request::kDo;
  return json;
}

}  // namespace

std::string Mutator::word() {
  const auto& all = words_[below(words_.size())];
  return word(all);
}

std::string Mutator::word(const std::vector<std::string>& fitting) {
  if (chance(60)) return fitting[below(fitting.size())];
  const auto& others = words_[below(words_.size())];
  std::string word = others[below(others.size())];
  if (chance(20) && !word.empty()) word[below(word.size())] = static_cast<char>(below(256));
  if (chance(10)) word += "/" + fitting[below(fitting.size())];
  return word;
}

Json Mutator::value(int depth) {
  switch (below(depth > 0 ? 9 : 7)) {
    case 0:
      return nullptr;
    case 1:
      return chance(50);
    case 2:
      return below(1000);
    case 3:
      return std::uint64_t{1} << below(64);
    case 4:
      return -1.5;
    case 5:
    case 6:
      return word();
    case 7: {
      Json list = Json::array();
      for (auto count = below(4); count > 0; --count) list.push_back(value(depth - 1));
      return list;
    }
    default: {
      Json object = Json::object();
      for (auto count = below(4); count > 0; --count) object[word()] = value(depth - 1);
      return object;
    }
  }
}

Json Mutator::request() {
  const auto& [directories, layouts, archives, ids, names, odd] = words_;
  const std::string container = word(ids), layout = word(layouts), archive = word(archives), image = word(names);
  const Bytes bytes{chance(50) ? below(2000) : std::uint64_t{1} << below(64)};
  const auto limit = chance(50) ? std::optional<std::uint64_t>(below(200)) : std::nullopt;
  const std::string restore = chance(80) ? std::string(1, static_cast<char>('a' + below(3))) : word();
  const RestoreStatus seen{
      static_cast<RestoreState>(below(6)), word(names), chance(50), chance(50), container, chance(50), word()};
  const std::vector<Json> all{
      made(RestorePrepare{restore, {"shop", "c-0", "consumer", container}, below(9), below(9)}),
      made(RestoreBind{restore, image, word(directories)}),
      made(WriteRestore{restore, bytes}),
      made(WriteRestore{restore, bytes, Round::early}),
      made(WriteRestore{restore, bytes, Round::last, "ab"}),
      made(RestoreReady{restore, word()}),
      made(RestoreDone{restore}),
      made(RestoreVoid{restore}),
      made(RestoreWatch{restore, chance(50) ? std::optional(seen) : std::nullopt, limit}),
      made(RestoreRemoveData{restore}),
      made(RestoreList{}),
      made(RestoreSweep{}),
      made(Look{{word(names), container, {word(names), word(odd)}}}),
      made(Tools{container}),
      made(ListArchives{{word(directories), "default", "consumer-0", word(names)}}),
      made(ListArchives{
          {word(directories), "default", "consumer-0", "consumer"}, {archive}, container, limit.value_or(0)}),
      made(WaitArchive{archive, limit}),
      made(RemoveArchive{archive}),
      made(ReadArchive{archive}),
      made(ReadArchive{archive, Round::early, restore}),
      made(DumpContainer{"dumped", container}),
      made(ReadDump{"dumped"}),
      made(ReadDump{"dumped", Round::last}),
      made(RemoveDump{"dumped"}),
      made(WriteLayout{layout, bytes}),
      made(RemoveLayout{layout}),
      made(ImageProbe{}),
      made(ImageFind{image}),
      made(ImageList{}),
      made(ImageImport{{layout, container, bytes, image, word(), "amd64", word()}}),
      made(ImagePointName{image, container}),
      made(ImageRemoveName{image}),
      made(ImageRemove{container}),
      made(Freeze{container, limit, chance(10) ? AtEnd::stay : AtEnd::thaw, chance(10)}),
      made(Thaw{container}),
      made(AttendCheckpoint{container, true}),  // else its end would take seconds each time
      made(ForgetProgram{}),
      made(SetupLook{chance(50) ? SetupWay::install : SetupWay::remove}),
      made(SetupApply{SetupWay::install, {{word(directories), SetupKind::text, {}, word()}}}),
      made(OfferPassage{restore}),
      made(OpenPassage{restore, {word(), "192.0.2.1"}, below(1u << 17), word()}),
      made(EnterPassage{restore, {{word(), below(1u << 17)}}, std::string(64, 'a')}),
      made(DropPassage{restore}),
      made(RegistryExchange{
          {"127.0.0.1", 1, chance(50), word()}, "PATCH", "/" + word(), {}, word(), restore, chance(50)}),
      made(RegistrySent{restore}),
      made(ReadArchive{archive, Round::none, "", PassageUse{restore, {}}}),
      made(WriteLayout{layout, bytes, restore}),
      made(Hello{kProtocolVersion, 5000, word(), word()})};
  Json chosen = all[below(all.size())];
  if (chance(20)) chosen[chance(50) ? "do" : word()] = value(2);
  if (chance(20))
    for (auto& [name, field] : chosen.items())
      if (name != "do" && chance(50)) field = value(3);
  stays_ |= print(chosen).find("stay") != std::string::npos;
  return chosen;
}

std::string Mutator::frame(std::uint32_t channel) {
  const auto some = static_cast<std::uint32_t>(below(channel + 2));
  switch (below(12)) {
    case 0:
      if (chance(80)) return "";  // nearly always wrong, and then nothing comes after it
      return raw_frame(FrameKind::data, some, std::string(1 + below(chance(90) ? 2000 : kMaxData), 'x'));
    case 1:
      if (chance(50)) return "";
      return raw_frame(FrameKind::end, some, print_message(StreamEnd{Bytes{below(2000)}, word()}));
    case 2:
      return raw_frame(FrameKind::cancel, some, "");
    case 3:
      return raw_frame(FrameKind::credit, some, credit_payload(static_cast<std::uint32_t>(random_())));
    case 4:
      return raw_frame(FrameKind::heartbeat, 0, "");
    case 5:
      if (chance(80)) return "";
      return raw_frame(chance(50) ? 0xffffffff : static_cast<std::uint32_t>(random_()), static_cast<int>(below(256)),
                       some, word());
    case 6:
      if (chance(80)) return "";
      return raw_frame(FrameKind::request, channel,
                       chance(50) ? std::string(below(5000), '[') : print(value(chance(50) ? 3 : 40)));
    default:
      return raw_frame(FrameKind::request, channel, print(request()));
  }
}

void Mutator::spoil(std::string& bytes) {
  for (auto count = 1 + below(8); count > 0 && !bytes.empty(); --count) {
    const auto at = below(bytes.size());
    switch (below(5)) {
      case 0:
        bytes[at] = static_cast<char>(below(256));
        break;
      case 1:
        bytes.resize(at);
        break;
      case 2:
        bytes.insert(at, std::string(1 + below(20), static_cast<char>(below(256))));
        break;
      case 3:
        bytes.erase(at, 1 + below(20));
        break;
      default:
        bytes.insert(at, bytes.substr(below(bytes.size()), below(200)));
    }
  }
}

Session Mutator::session() {
  stays_ = false;
  if (chance(3)) {
    std::string noise(below(3000), '\0');
    for (char& c : noise) c = static_cast<char>(below(256));
    return {noise, 0, false};
  }
  const std::uint64_t silence = chance(50) ? 100 : 5000;
  std::string hello = raw_frame(FrameKind::request, 1, print(made(Hello{kProtocolVersion, silence, "", "worker-1"})));
  std::string rest;
  std::uint32_t channel = 2;
  std::string first;
  if (chance(40)) {
    const bool restores = chance(50);
    const std::string bytes = restores == chance(90) ? checkpoint() : layer();
    const Bytes size{chance(80) ? bytes.size() : below(5000)};  // as the data is, mostly
    const std::string layout = word(words_[1]), restore = chance(90) ? "a" : word();
    first = raw_frame(FrameKind::request, channel++,
                      print(restores ? made(WriteRestore{restore, size}) : made(WriteLayout{layout, size})));
    rest = upload(bytes);
  }
  for (auto count = 1 + below(20); count > 0; --count) {
    rest += frame(channel);
    channel += chance(90) ? 1 : 0;
  }
  const bool wait = silence == 100;
  if (chance(30)) spoil(wait || !first.empty() || chance(90) ? rest : hello);
  return {hello + first + rest, first.empty() ? 0 : hello.size() + first.size(), wait};
}

}  // namespace ms2m::test
