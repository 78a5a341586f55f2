#include "journal/settings.hpp"

#include <cstdint>
#include <utility>

namespace ms2m {

namespace {

const std::pair<const char*, Seconds StepTimeouts::*> kTimeouts[] = {{"connect", &StepTimeouts::connect},
                                                                     {"quiet", &StepTimeouts::quiet},
                                                                     {"checkpoint", &StepTimeouts::checkpoint},
                                                                     {"transfer", &StepTimeouts::transfer},
                                                                     {"restore", &StepTimeouts::restore},
                                                                     {"replay", &StepTimeouts::replay},
                                                                     {"serve", &StepTimeouts::serve},
                                                                     {"retire", &StepTimeouts::retire},
                                                                     {"undo", &StepTimeouts::undo}};

Json timeouts_json(const StepTimeouts& timeouts) {
  Json json;
  for (const auto& [name, field] : kTimeouts) json[name] = (timeouts.*field).count();
  return json;
}

}  // namespace

Json settings_json(const MigrationRequest& r) {
  Json json{{"dead_man", r.dead_man.count()},       {"downtime_limit", r.downtime_limit.count()},
            {"relay_window", r.relay_window},       {"max_held", r.max_held},
            {"total", r.prefer == Prefer::total},   {"direct", r.kubelet == KubeletPath::direct},
            {"timeouts", timeouts_json(r.timeouts)}};
  if (r.restore != RestoreChoice::automatic) json["restore"] = r.restore == RestoreChoice::image ? "image" : "handler";
  if (r.checkpoint != CheckpointBy::kubelet) json["checkpoint"] = to_string(r.checkpoint);
  if (r.pages != Pages::files) json["pages"] = to_string(r.pages);
  if (r.freeze_limit != MigrationRequest{}.freeze_limit) json["freeze_limit"] = r.freeze_limit.count();
  if (r.max_held_bytes != MigrationRequest{}.max_held_bytes) json["max_held_bytes"] = r.max_held_bytes.count;
  if (r.protocol == Protocol::none) json["protocol"] = "none";
  if (r.precopy) json["precopy"] = *r.precopy;
  if (r.carriage != Carriage::relay) json["ssh_path"] = to_string(r.carriage);
  if (r.bandwidth) json["bandwidth"] = r.bandwidth->count;
  if (r.compression != Compression::none) json["compress"] = to_string(r.compression);
  return json;
}

void apply_settings(const Json& settings, MigrationRequest& request) {
  request.prefer = settings.at("total").get<bool>() ? Prefer::total : Prefer::gap;
  request.kubelet = settings.at("direct").get<bool>() ? KubeletPath::direct : KubeletPath::proxy;
  const std::string restore = settings.value("restore", "auto");
  request.restore = restore == "auto"    ? RestoreChoice::automatic
                    : restore == "image" ? RestoreChoice::image
                                         : RestoreChoice::handler;
  request.checkpoint =
      settings.value("checkpoint", "kubelet") == "runtime" ? CheckpointBy::runtime : CheckpointBy::kubelet;
  const std::string pages = settings.value("pages", "files");
  for (const Pages each : {Pages::files, Pages::stream, Pages::lazy, Pages::automatic})
    if (pages == to_string(each)) request.pages = each;
  if (settings.value("protocol", "control") == "none") request.protocol = Protocol::none;
  if (settings.contains("precopy")) request.precopy = settings["precopy"].get<unsigned>();
  const std::string way = settings.value("ssh_path", "relay");
  request.carriage = way == "direct" ? Carriage::direct : way == "registry" ? Carriage::registry : Carriage::relay;
  const std::string compress = settings.value("compress", "none");
  request.compression = compress == "zstd"   ? Compression::zstd
                        : compress == "auto" ? Compression::automatic
                                             : Compression::none;
  if (settings.contains("bandwidth")) request.bandwidth = Bytes{settings["bandwidth"].get<std::uint64_t>()};
  request.dead_man = Millis(settings.at("dead_man").get<std::int64_t>());
  request.downtime_limit = Millis(settings.at("downtime_limit").get<std::int64_t>());
  request.relay_window = settings.at("relay_window");
  request.max_held = settings.at("max_held");
  request.max_held_bytes = Bytes{settings.value("max_held_bytes", request.max_held_bytes.count)};
  request.freeze_limit = Millis(settings.value("freeze_limit", request.freeze_limit.count()));
  for (const auto& [name, field] : kTimeouts)
    request.timeouts.*field = Seconds(settings.at("timeouts").value(name, (request.timeouts.*field).count()));
}

}  // namespace ms2m
