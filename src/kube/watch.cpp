#include "kube/watch.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/fields.hpp"
#include "base/url_encode.hpp"
#include "kube/resources.hpp"
#include "kube/status.hpp"

namespace ms2m {
namespace {

// Short, so that a connection that says nothing any more is soon given up: the next watch goes on where this one ended.
constexpr int kWatchSeconds = 25;
constexpr std::chrono::seconds kSilence{kWatchSeconds + 15};  // the server has not even ended the watch

std::string of_metadata(const Json& object, const char* key) { return text_at(object_at(object, "metadata"), key); }

}  // namespace

bool LineSplitter::feed(std::string_view chunk, const std::function<bool(std::string_view line)>& on_line) {
  for (;;) {
    const auto end = chunk.find('\n');
    if (end == std::string_view::npos) {
      rest_.append(chunk);
      return true;
    }
    std::string joined;
    std::string_view line = chunk.substr(0, end);
    if (!rest_.empty()) {
      joined = std::exchange(rest_, {});
      joined.append(line);
      line = joined;
    }
    chunk.remove_prefix(end + 1);
    if (!line.empty() && !on_line(line)) return false;
  }
}

ObjectWatch::ObjectWatch(ApiClient& client, ObjectRef ref, const std::function<bool(const Json*)>& done)
    : client_(client), ref_(std::move(ref)), done_(done) {}

void ObjectWatch::deliver(const Json* object) {
  std::string state =
      object != nullptr ? of_metadata(*object, "uid") + "/" + of_metadata(*object, "resourceVersion") : "";
  if (delivered_ == state) return;  // a list after a drop often says nothing new
  delivered_ = std::move(state);
  try {
    finished_ = done_(object);
  } catch (...) {
    done_threw_ = true;
    throw;
  }
}

void ObjectWatch::list(const StopToken& stop) {
  const std::string path =
      collection_path(ref_.kind, ref_.ns) + "?fieldSelector=" + url_encode("metadata.name=" + ref_.name);
  const HttpResponse answer = client_.call({"GET", path}, stop).http;
  if (!answer.ok()) throw status_error(answer);
  Json list = Json::parse(answer.body, nullptr, false);
  version_ = of_metadata(list, "resourceVersion");
  if (version_.empty() || !list.contains("items"))
    throw Error(ErrorKind::protocol, fmt::format("the answer to GET {} is no list", path));
  const Resource& resource = resource_of(ref_.kind);
  Json* found = nullptr;
  if (list["items"].is_array())
    for (Json& item : list["items"])
      if (of_metadata(item, "name") == ref_.name) found = &item;
  if (found != nullptr) {
    found->emplace("apiVersion", resource.api_version);  // items of a list do not carry them
    found->emplace("kind", resource.kind);
  }
  deliver(found);
}

ObjectWatch::Next ObjectWatch::take_error(const Json& object) {
  const auto told = object.find("code");
  const int code = told != object.end() && told->is_number_integer() ? told->get<int>() : 0;
  trouble_ = object.value("message", "error event without a message");
  if (code == 410) return Next::relist;
  if (code == 429 || code >= 500) return Next::pause;
  HttpResponse answer;
  answer.status = code;
  answer.body = object.dump();
  throw status_error(answer);
}

ObjectWatch::Next ObjectWatch::take_event(std::string_view line) {
  const Json event = Json::parse(line, nullptr, false);
  const auto object = event.is_object() ? event.find("object") : event.end();
  if (!event.is_object() || object == event.end() || !object->is_object() || !event.contains("type") ||
      !event["type"].is_string())
    throw Error(ErrorKind::protocol, "a line of the watch is no event: " + std::string(line.substr(0, 200)));
  const std::string& type = event["type"].get_ref<const std::string&>();
  if (type == "ERROR") return take_error(*object);
  if (std::string version = of_metadata(*object, "resourceVersion"); !version.empty()) version_ = std::move(version);
  if (type == "BOOKMARK" || of_metadata(*object, "name") != ref_.name) return Next::rewatch;
  deliver(type == "DELETED" ? nullptr : &*object);
  return finished_ ? Next::finished : Next::rewatch;
}

ObjectWatch::Next ObjectWatch::watch(const StopToken& stop) {
  const std::string path =
      fmt::format("{}?watch=true&allowWatchBookmarks=true&fieldSelector={}&resourceVersion={}&timeoutSeconds={}",
                  collection_path(ref_.kind, ref_.ns), url_encode("metadata.name=" + ref_.name), url_encode(version_),
                  kWatchSeconds + static_cast<int>(5 * random_share()));
  LineSplitter lines;
  Next next = Next::rewatch;
  bool any = false;
  std::exception_ptr parked;  // what `done` throws must not be taken for the connection's trouble
  const auto on_chunk = [&](std::string_view chunk) {
    try {
      return lines.feed(chunk, [&](std::string_view line) {
        any = true;
        next = take_event(line);
        return next == Next::rewatch;
      });
    } catch (...) {
      parked = std::current_exception();
      return false;
    }
  };
  HttpResponse answer;
  try {
    answer = client_.stream({"GET", path}, on_chunk, stop.within(kSilence));
  } catch (const TransportError& e) {
    if (e.kind() != ErrorKind::unavailable) throw;
    trouble_ = e.message();
    // At once after a watch that worked, gently when nothing comes at all.
    return any ? Next::rewatch : Next::pause;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::timeout || stop.remaining(Millis{1}) == Millis{0}) throw;
    trouble_ = fmt::format("the watch was silent for {} s", kSilence.count());
    return any ? Next::rewatch : Next::pause;
  }
  if (parked) std::rethrow_exception(parked);
  if (answer.ok()) return next == Next::rewatch && !any ? Next::pause : next;
  trouble_ = message_of(answer);
  if (answer.status == 410) return Next::relist;
  if (answer.status == 429 || answer.status >= 500) {
    if (const auto wait = retry_after_answer({true, true}, answer, 0, random_share()))
      stop.sleep(*wait, "waiting to watch again, last answer: " + trouble_);
    return Next::pause;
  }
  throw status_error(answer);
}

ObjectWatch::Next ObjectWatch::step(bool must_list, const StopToken& stop) {
  try {
    if (must_list) list(stop);
    return finished_ ? Next::finished : watch(stop);
  } catch (const Json::exception& e) {
    if (done_threw_) throw;
    throw Error(ErrorKind::protocol, std::string("an event has another shape than it must have: ") + e.what())
        .in("watching " + to_string(ref_));
  } catch (Error& e) {
    if (done_threw_) throw;
    const bool lost = e.kind() == ErrorKind::unavailable && !version_.empty();
    if (lost && must_list) {  // it worked before: the API server is restarting, or the network is away
      trouble_ = e.what();
      return Next::relist;
    }
    // The deadline is this watch's, not the last request's.
    if (e.kind() != ErrorKind::timeout || stop.remaining(Millis{1}) != Millis{0}) {
      e.in("watching " + to_string(ref_));
      throw;
    }
    throw Error(ErrorKind::timeout, fmt::format("timed out watching {}{}", to_string(ref_), trouble_text()),
                e.remedy());
  }
}

std::string ObjectWatch::trouble_text() const { return trouble_.empty() ? "" : " (last trouble: " + trouble_ + ")"; }

void ObjectWatch::run(const StopToken& stop) {
  int pauses = 0;
  for (bool must_list = true;;) {
    const TimePoint began = Clock::now();
    const Next next = step(must_list, stop);
    if (next == Next::finished) return;
    must_list = next == Next::relist;
    if (Clock::now() - began > std::chrono::seconds(10)) pauses = 0;
    if (next == Next::rewatch) {
      pauses = 0;
      continue;
    }
    // The first 410 is answered at once; a server that answers every version with it must not be asked in a tight loop.
    if (next == Next::pause || pauses > 0)
      stop.sleep(back_off(pauses, random_share()), fmt::format("watching {}{}", to_string(ref_), trouble_text()));
    ++pauses;
  }
}

}  // namespace ms2m
