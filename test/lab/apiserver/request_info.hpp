// What a request asks for, as the authorizer and the handlers see it (k8s.io/apiserver/pkg/endpoints/request).
#pragma once

#include <map>
#include <string>

namespace ms2m::lab {

using Query = std::multimap<std::string, std::string>;

struct RequestInfo {
  bool is_resource = false;
  std::string path;
  std::string verb;  // get, list, watch, create, update, patch, delete, deletecollection; else the method in lower case
  std::string group;
  std::string version;
  std::string space;  // the namespace
  std::string resource;
  std::string subresource;
  std::string name;
  std::string rest;  // what follows the subresource, with its leading slash (nodes/proxy)
};

RequestInfo parse_request(const std::string& method, const std::string& path, const Query& query);

// What follows the question mark of a target. A value may hold further "=" ("labelSelector=app=web").
Query parse_query(const std::string& target);

// The first value of a parameter, or "".
std::string query_value(const Query& query, const std::string& key);
bool query_flag(const Query& query, const std::string& key);

}  // namespace ms2m::lab
