#include "reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "selector.hpp"
#include "values.hpp"

namespace ms2m::lab {

namespace {
std::uint64_t parse_revision(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos)
    throw invalid("meta.k8s.io", "ListOptions", "",
                  {{"FieldValueInvalid", "resourceVersion",
                    "Invalid value: \"" + text + "\": strconv.ParseUint: parsing \"" + text + "\": invalid syntax"}});
  return std::stoull(text);
}

std::string key_of(const Json& object) {
  return namespace_of(object).empty() ? name_of(object) : namespace_of(object) + "/" + name_of(object);
}

Json list_item(const Json& object) {
  Json item = object;
  item.erase("kind");
  item.erase("apiVersion");
  return item;
}

// Cuts the items to those of one page and fills in what a client needs for the next.
void paginate(const Call& call, std::vector<ObjectPtr>& items, Json& metadata) {
  const std::string token = call.param("continue");
  if (!token.empty()) {
    const Json start = Json::parse(base64_decode(token), nullptr, false);
    if (!start.is_object()) throw bad_request("continue key is not valid: " + token);
    const std::string after = text(start, {"start"});
    std::erase_if(items, [&](const ObjectPtr& item) { return key_of(*item) < after; });
    metadata["resourceVersion"] = std::to_string(number(start, {"rv"}));
  }
  const std::string limit_text = call.param("limit");
  const std::size_t limit = limit_text.empty() ? 0 : std::stoull(limit_text);
  if (limit == 0 || items.size() <= limit) return;
  const Json next{{"v", "meta.k8s.io/v1"},
                  {"rv", std::stoull(text(metadata, {"resourceVersion"}))},
                  {"start", key_of(*items[limit - 1]) + std::string(1, '\0')}};
  metadata["continue"] = base64_encode(next.dump());
  if (call.param("labelSelector").empty() && call.param("fieldSelector").empty())
    metadata["remainingItemCount"] = items.size() - limit;
  items.resize(limit);
}
}  // namespace

Answer Reader::get(const Call& call, const ResourceType& type) const {
  return json_answer(200, *store_.get(type, call.info.space, call.info.name));
}

void Reader::wait_for_revision(std::uint64_t revision) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  while (store_.revision() < revision) {
    if (std::chrono::steady_clock::now() >= deadline || store_.stopping())
      throw ApiError(
          504, "Timeout",
          fmt::format("Timeout: Too large resource version: {}, current: {}", revision, store_.revision()),
          Json{{"causes", {{{"reason", "ResourceVersionTooLarge"}, {"message", "Too large resource version"}}}},
               {"retryAfterSeconds", 1}});
    store_.events_after(store_.revision(), deadline);
  }
}

Answer Reader::list(const Call& call, const ResourceType& type) const {
  const LabelSelector labels = LabelSelector::parse(call.param("labelSelector"));
  const FieldSelector fields = FieldSelector::parse(type, call.param("fieldSelector"));
  const std::string wanted = call.param("resourceVersion");
  if (!wanted.empty()) wait_for_revision(parse_revision(wanted));
  Listing listing = store_.list(type, call.info.space);
  if (call.param("resourceVersionMatch") == "Exact" && !wanted.empty() && parse_revision(wanted) < listing.revision &&
      parse_revision(wanted) <= store_.oldest_revision())
    throw expired(fmt::format("The resourceVersion for the provided list is too old."));
  Json metadata{{"resourceVersion", std::to_string(listing.revision)}};
  std::erase_if(listing.items, [&](const ObjectPtr& item) {
    return !labels.matches(at(*item, {"metadata", "labels"})) || !fields.matches(*item);
  });
  paginate(call, listing.items, metadata);
  Json items = Json::array();
  for (const ObjectPtr& item : listing.items) items.push_back(list_item(*item));
  return json_answer(200, {{"kind", type.kind + "List"},
                           {"apiVersion", type.api_version()},
                           {"metadata", std::move(metadata)},
                           {"items", std::move(items)}});
}

}  // namespace ms2m::lab
