// Small helpers of the kube tests.
#pragma once
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "support/catch.hpp"
#include "wrap/curl/http_client.hpp"

namespace ms2m::test {

inline void write_file(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  INFO(path);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The Error that `body` throws.
template <typename Body>
Error error_of(Body&& body) {
  try {
    body();
  } catch (const Error& e) {
    return e;
  }
  FAIL("no error was thrown");
  throw;
}

inline Json transcript(const std::string& name) {
  const std::string path = std::string(MS2M_TEST_DATA) + "/kube-transcripts/" + name + ".json";
  std::ifstream in(path);
  INFO(path);
  REQUIRE(in);
  return Json::parse(in);
}

/// The recorded answer as the client would have received it.
inline HttpResponse recorded_answer(const Json& transcript) {
  const Json& from = transcript.at("response");
  HttpResponse answer;
  answer.status = from.at("status").get<int>();
  answer.body = from.value("body_raw", "");
  const auto add = [&](std::string name, const std::string& value) {
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    answer.headers.emplace_back(std::move(name), value);
  };
  if (from.at("headers").is_object())
    for (const auto& [name, value] : from.at("headers").items()) add(name, value.get<std::string>());
  else
    for (const Json& pair : from.at("headers")) add(pair.at(0).get<std::string>(), pair.at(1).get<std::string>());
  return answer;
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace ms2m::test
