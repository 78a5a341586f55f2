#include "journal/operation_record.hpp"

#include "journal/operation_fields.hpp"

namespace ms2m {
namespace {

Json plain(Seconds time) { return time.count(); }
Json plain(const std::optional<std::int64_t>& value) { return value ? Json(*value) : Json(nullptr); }
template <class T>
const T& plain(const T& value) {
  return value;
}

void take(const Json& json, Seconds& time) { time = Seconds(json.get<double>()); }
void take(const Json& json, std::optional<std::int64_t>& value) { value = json.get<std::int64_t>(); }
void take(const Json& json, Json& value) { value = json; }
template <class T>
void take(const Json& json, T& value) {
  value = json.get<T>();
}

struct Writer {
  Json& record;

  void always() {}
  template <class T, class... Rest>
  void always(const char* key, const T& value, Rest&&... rest) {
    record[key] = plain(value);
    always(std::forward<Rest>(rest)...);
  }
  void if_any() {}
  template <class T, class... Rest>
  void if_any(const char* key, const T& value, Rest&&... rest) {
    if (value != T{}) record[key] = plain(value);
    if_any(std::forward<Rest>(rest)...);
  }
};

struct Reader {
  const Json& record;

  void always() {}
  template <class T, class... Rest>
  void always(const char* key, T& value, Rest&&... rest) {
    take(record.at(key), value);
    always(std::forward<Rest>(rest)...);
  }
  void if_any() {}
  template <class T, class... Rest>
  void if_any(const char* key, T& value, Rest&&... rest) {
    if (const auto found = record.find(key); found != record.end()) take(*found, value);
    if_any(std::forward<Rest>(rest)...);
  }
};

/// An empty one of that name.
template <class... Ops>
std::optional<Operation> blank(std::string_view name, const std::variant<Ops...>*) {
  std::optional<Operation> made;
  ((name == Ops::kName && (made = Ops{}, true)) || ...);
  return made;
}

// Version 1.

std::string name_of(const Json& record, int version) {
  const std::string name = record.at("op");
  if (version > 1) return name;
  if (name == "take_identity") return op::Rename::kName;
  if (name == "settle_image") return op::PointImageName::kName;
  return name;
}

/// Where the number made a difference.
std::optional<Stage> numbered_stage(int number) {
  if (number == 53) return Stage::copy_image_name;
  if (number == 61) return Stage::image_names;
  if (number == 63) return Stage::staged_names;
  return std::nullopt;
}

std::optional<Stage> recorded_stage(const Json& record, int version) {
  return version == 1 ? numbered_stage(record.value("prio", -1)) : stage_of(record.at("stage").get<std::string>());
}

bool is_of_image_names(std::optional<Stage> stage) {
  return stage == Stage::copy_image_name || stage == Stage::image_names || stage == Stage::staged_names;
}

}  // namespace

Stage stage(const Operation& operation) {
  return std::visit([](const auto& o) { return o.stage(); }, operation);
}

Json record_of(const Operation& operation) {
  return std::visit(
      [](auto o) {
        Json record{{"op", o.kName}, {"stage", word(o.stage())}};
        Writer writer{record};
        fields(o, writer);
        return record;
      },
      operation);
}

Operation operation_of(const Json& record, int version) try {
  const std::string name = name_of(record, version);
  auto operation = blank(name, static_cast<const Operation*>(nullptr));
  if (!operation) throw NoOperation("there is no operation " + name);
  const auto at = recorded_stage(record, version);
  if (auto* image = std::get_if<op::RemoveImageName>(&*operation); image != nullptr && is_of_image_names(at))
    image->at = *at;
  if (auto* dump = std::get_if<op::RemoveDump>(&*operation); dump != nullptr && at == Stage::clear_way) dump->at = *at;
  std::visit([reader = Reader{record}](auto& o) mutable { fields(o, reader); }, *operation);
  const bool numbered = version == 1 && !std::holds_alternative<op::RemoveImageName>(*operation);
  if (!numbered && at != stage(*operation)) throw NoOperation("the stage is not that of " + name);
  return *std::move(operation);
} catch (const Json::exception& error) {
  throw NoOperation(error.what());
}

}  // namespace ms2m
