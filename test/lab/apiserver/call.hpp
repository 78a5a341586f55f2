// One request and its answer, free of the HTTP library.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "request_info.hpp"
#include "resources.hpp"

namespace ms2m::lab {

struct User {
  std::string name;
  std::string uid;
  std::vector<std::string> groups;
};

struct ClientCertificate {
  bool presented = false;
  bool trusted = false;
  std::string common_name;
  std::vector<std::string> organizations;
};

// True once the client has gone away; cheap enough to ask several times a second.
using ClientGone = std::function<bool()>;

struct Call {
  std::string method;
  std::string path;    // decoded
  std::string target;  // as on the wire, with the query
  Query query;
  std::string body;
  std::string content_type;
  std::string accept;
  std::string authorization;
  std::vector<std::pair<std::string, std::string>> headers;  // all of them, as they came
  ClientCertificate certificate;
  ClientGone client_gone;

  RequestInfo info;
  User user;

  std::string param(const std::string& key) const { return query_value(query, key); }
  bool dry_run() const { return !param("dryRun").empty(); }
};

// Writes one piece of a streamed answer at once; false when the client is gone.
using StreamWrite = std::function<bool(std::string_view)>;

struct Answer {
  int code = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // When set, the answer is chunked and written by this function, which runs until the stream is over.
  std::function<void(const StreamWrite&)> stream;
  bool drop_connection = false;  // an injected fault: no answer at all
};

Answer json_answer(int code, const Json& body);
Answer error_answer(const ApiError& error);

}  // namespace ms2m::lab
