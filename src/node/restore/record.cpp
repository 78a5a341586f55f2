#include "node/restore/record.hpp"

#include "ms2m/error.hpp"
#include "node/protocol/checks.hpp"
#include "node/protocol/json_text.hpp"
#include "node/protocol/restore_fields.hpp"

namespace ms2m::node {

static constexpr const char* kComplete = "complete";  // of a lazy one alone: no other version has it

static void fields(auto& f, codec::Of<Record> auto& m) {
  f("id", m.id);
  f("state", m.state);
  f("target", m.target);
  f("wait_ms", m.wait_ms);
  f("expires", m.expires);
  f("uid", m.uid);
  f("kubelet_root", m.kubelet_root);
  f("sha256", m.sha256);
  f("ready", m.ready);
  f("container_id", m.container_id);
  f("started", m.started);
  f("failure", m.failure);
  f("boot", m.boot);
}

std::string print_record(const Record& record) {
  Json json = codec::put(record);
  json["version"] = record.lazy ? kRecordLazy : record.pages ? kRecordWithPages : kRecordVersion;
  if (record.lazy) json[kComplete] = codec::put(record.complete);
  return print(json) + "\n";
}

Record parse_record(const std::string& text) {
  const Json json = parse_object(text);
  const auto version = json.find("version");
  if (version == json.end() || !version->is_number_integer()) throw Error(ErrorKind::protocol, "it has no version");
  if (*version != kRecordVersion && *version != kRecordWithPages && *version != kRecordLazy)
    throw Error(ErrorKind::refused, "it is of version " + version->dump() + ", which is not known here",
                "ms2m node setup NODE");
  try {
    Record record = codec::get<Record>(json);
    record.lazy = *version == kRecordLazy;
    record.pages = record.lazy || *version == kRecordWithPages;
    if (record.lazy) codec::Coder<Record>::Reader{json}(kComplete, record.complete);
    check_restore_id(record.id);
    if (record.state == RestoreState::unknown) throw Error(ErrorKind::protocol, "it has no state");
    return record;
  } catch (const codec::Mistyped&) {
    throw Error(ErrorKind::protocol, "it is no object");
  }
}

}  // namespace ms2m::node
