// The JSON in frames: every request and every answer, errors, and a restore's record on the disk.
#include "node/protocol/messages.hpp"

#include "node/protocol/json_text.hpp"
#include "node/protocol/wire_error.hpp"
#include "node/restore/record.hpp"
#include "target.hpp"

using namespace ms2m;
using namespace ms2m::node;

namespace {

template <class Message>
void take(const Json& json) {
  test::read([&] {
    const std::string printed = print_message(decode<Message>(json));
    test::must(print_message(parse_message<Message>(printed)) == printed, "a message is written as it was read");
  });
}

template <class... Messages>
void take_each(const Json& json) {
  (take<Messages>(json), ...);
}

void take_all(const Json& json) {
  take_each<Hello, Look, Tools, ForgetProgram, SetupLook, SetupApply, RestartRuntime, ListArchives, WaitArchive,
            RemoveArchive, ReadArchive, DumpContainer, ReadDump, RemoveDump, WriteLayout, RemoveLayout, ImageProbe,
            ImageFind, ImageList, ImageImport, ImagePointName, ImageRemoveName, ImageRemove, Freeze, Thaw, Kill,
            RestorePrepare, RestoreBind, WriteRestore, RestoreReady, RestoreDone, RestoreVoid, RestoreWatch,
            RestoreRemoveData, RestoreList, RestoreSweep, AttendCheckpoint, MendCheckpoint, OfferPassage, OpenPassage,
            EnterPassage, DropPassage, RegistryExchange, RegistrySent>(json);
  take_each<Nothing, PassageKey, PassageEnd, PassageEnds, PassageOpened, RegistryAnswer, Found, Forgotten, SetupAnswer,
            LookAnswer, NodeTools, ArchiveList, StreamProgress, StreamEnd, DumpAnswer, ImageTool, ImageFound,
            ImageListing, ImageId, RestoreStatus, RestoreListing, RestoreIds>(json);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = test::text_of(data, size);
  test::read([&] {
    const Json json = parse_object(text);
    test::read([&] { request_name(json); });
    take_all(json);
  });
  try {
    throw_error(text);
  } catch (const Error&) {
  } catch (const Cancelled&) {
  }
  test::read([&] {
    const Record record = parse_record(text);
    test::must(parse_record(print_record(record)) == record, "a record is written as it was read");
  });
  return 0;
}
