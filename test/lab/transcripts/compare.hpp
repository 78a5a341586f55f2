// One recorded exchange sent again, and its answer checked.
#pragma once

#include "cluster.hpp"
#include "support/catch.hpp"

namespace ms2m::lab_test {

// Status, content type, warnings, and the body: exactly for text, by difference() for JSON.
inline void check_answer(const Transcript& transcript, const Reply& reply, const CompareOptions& options = {}) {
  INFO("transcript " << transcript.name << ": " << transcript.method << " " << transcript.target << "\n"
                     << reply.body.substr(0, 400));
  CHECK(reply.status == transcript.status);
  const auto header = [](const std::map<std::string, std::string>& headers, const char* name) {
    auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  };
  for (const char* name : {"Content-Type", "Warning", "X-Content-Type-Options"}) {
    INFO(name);
    CHECK(header(reply.headers, name) == header(transcript.headers, name));
  }
  if (transcript.json.is_null())
    CHECK(reply.body == transcript.raw);
  else
    CHECK(difference(transcript.json, reply.json(), options) == "");
}

inline void check_replay(LabApi& api, const std::string& name, const CompareOptions& options = {}) {
  const Transcript transcript = load_transcript(name);
  check_answer(transcript, api.replay(transcript), options);
}

}  // namespace ms2m::lab_test
