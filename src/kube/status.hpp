// Answers that are no success, turned into errors. The API server speaks in Status objects (JSON); what comes as plain
// text was said by somebody else: a kubelet behind the proxy subresource, a load balancer. Facts: kube-facts.md.
#pragma once
#include <optional>
#include <string>

#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "wrap/curl/http_client.hpp"

namespace ms2m {

/// The Status object in the body, if it is one.
std::optional<Json> parse_status(const std::string& body);
/// The API server's message whole, else the plain text (first 300 bytes), else "HTTP 502".
std::string message_of(const HttpResponse& answer);
ErrorKind kind_of(int status);
/// kind_of + message_of + a remedy where one is known.
Error status_error(const HttpResponse& answer);
/// A 404 of the named object itself, not of a path, a namespace or another object that the request needs.
bool is_object_missing(const HttpResponse& answer, const std::string& name);

}  // namespace ms2m
