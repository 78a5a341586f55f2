// Recorded exchanges with a real cluster (test/data/kube-transcripts), and how an answer is compared with one.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ms2m::lab_test {

using Json = nlohmann::json;

struct Transcript {
  std::string name;
  std::string method;
  std::string target;  // path and query
  std::string client;  // admin, nobody, viewer, ms2m-admin, bad-token, or "" for no credentials
  std::string body;
  std::string content_type;  // of the request
  int status = 0;
  std::map<std::string, std::string> headers;  // of the answer
  std::string raw;
  Json json;                 // null when the answer is no JSON
  std::vector<Json> events;  // of a watch
};

// Throws std::runtime_error when there is no such recording.
Transcript load_transcript(const std::string& name);

struct CompareOptions {
  std::vector<std::string> ignore;  // JSON pointers that are left out on both sides
};

// What differs, one line each, "" when nothing does: keys, lengths and values, after times, uids, revisions, generated
// names and hashes were made alike and managedFields left out (the stand-in has none).
std::string difference(const Json& expected, const Json& actual, const CompareOptions& options = {});

// The text with everything that differs from run to run made alike.
std::string normalized(const std::string& text);

}  // namespace ms2m::lab_test
