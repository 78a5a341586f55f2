// Times, identifiers and hashes in the forms that a Kubernetes API server gives them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace ms2m::lab {

using SystemTime = std::chrono::system_clock::time_point;

std::string rfc3339(SystemTime time);  // 2026-11-21T21:15:02Z
std::string rfc3339_now();
SystemTime parse_rfc3339(const std::string& text);  // the epoch when it is not one

std::string random_uuid();
// Letters that cannot form words, as k8s.io/apimachinery/pkg/util/rand gives them.
std::string random_suffix(int length);
// FNV-1a of the text, in the alphabet of pod-template-hash ("c4cbcb8c4").
std::string safe_hash(std::string_view text);

std::string base64_encode(std::string_view data);
std::string base64_decode(std::string_view data);

// "250m", "1Gi", "2" and the like in thousandths of the base unit; 0 when it is not a quantity.
std::int64_t quantity_millis(const std::string& text);

}  // namespace ms2m::lab
