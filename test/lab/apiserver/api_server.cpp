#include "api_server.hpp"

#include <iostream>
#include <thread>

#include "discovery.hpp"
#include "reviews.hpp"
#include "values.hpp"

namespace ms2m::lab {

ApiServer::ApiServer(Store& store, Authenticator& authenticator, KubeletProxy proxy, bool with_faults)
    : store_(store),
      authenticator_(authenticator),
      proxy_(std::move(proxy)),
      rbac_(store),
      reader_(store, faults_),
      writer_(store),
      with_faults_(with_faults) {}

Answer ApiServer::handle(Call& call) {
  try {
    call.info = parse_request(call.method, call.path, call.query);
    call.user = authenticator_.identify(call);
    try {
      authorize(rbac_, call);
    } catch (const ApiError& error) {
      Answer answer = error_answer(error);
      answer.headers.emplace_back("X-Content-Type-Options", "nosniff");
      return answer;
    }
    const bool injects = with_faults_ && call.path != "/lab/faults";
    const auto fault = injects ? faults_.take(call) : std::nullopt;
    if (!fault) return dispatch(call);
    Answer dropped;
    dropped.drop_connection = true;
    if (fault->action == "status") return error_answer(fault_status(fault->code));
    if (fault->action == "drop") return dropped;
    if (fault->action == "delay") std::this_thread::sleep_for(std::chrono::milliseconds(fault->delay_ms));
    Answer answer = dispatch(call);
    return fault->action == "drop-after" ? dropped : answer;
  } catch (const ApiError& error) {
    return error_answer(error);
  } catch (const std::exception& error) {
    std::cerr << call.method << " " << call.target << ": " << error.what() << std::endl;
    return error_answer({500, "InternalError", std::string("Internal error occurred: ") + error.what()});
  }
}

Answer ApiServer::dispatch(const Call& call) {
  if (!call.info.is_resource) return non_resource(call);
  if (auto review = answer_review(call, rbac_, authenticator_)) return std::move(*review);
  return resource(call);
}

Answer ApiServer::resource(const Call& call) {
  const RequestInfo& info = call.info;
  const ResourceType* type = find_resource(info.group, info.version, info.resource);
  if (type == nullptr) throw no_such_path();
  if (!info.subresource.empty()) return subresource(call, *type);
  if (type->namespaced() && info.space.empty() && info.verb != "list" && info.verb != "watch") throw no_such_path();
  if (info.verb == "get" && query_flag(call.query, "watch"))
    throw bad_request("watch of a single object by its path is not served");
  if (info.verb == "get") return reader_.get(call, *type);
  if (info.verb == "list") return reader_.list(call, *type);
  if (info.verb == "watch") return reader_.watch(call, *type);
  if (info.verb == "create" && info.name.empty()) return writer_.create(call, *type);
  if (info.verb == "update" && !info.name.empty()) return writer_.update(call, *type);
  if (info.verb == "patch" && !info.name.empty()) return writer_.patch(call, *type);
  if (info.verb == "delete") return writer_.remove(call, *type);
  throw method_not_allowed();
}

Answer ApiServer::subresource(const Call& call, const ResourceType& type) {
  const RequestInfo& info = call.info;
  if (type.plural == "nodes" && info.subresource == "proxy") return proxy_.node(call);
  if (type.plural == "pods" && info.subresource == "proxy") return proxy_.pod(call);
  if (type.plural == "pods" && info.subresource == "log" && info.verb == "get") return proxy_.pod_log(call);
  if (type.plural == "pods" && info.subresource == "binding" && info.verb == "create") return writer_.bind(call);
  if (type.plural == "pods" && info.subresource == "eviction" && info.verb == "create") return writer_.evict(call);
  if (type.plural == "serviceaccounts" && info.subresource == "token" && info.verb == "create")
    return issue_token(call);
  if (type.has_scale && info.subresource == "scale") return writer_.scale(call, type);
  if (!type.has_status || info.subresource != "status") throw no_such_path();
  if (info.verb == "get") return reader_.get(call, type);
  if (info.verb == "update") return writer_.update(call, type);
  if (info.verb == "patch") return writer_.patch(call, type);
  throw method_not_allowed();
}

Answer ApiServer::issue_token(const Call& call) {
  const ObjectPtr account = store_.get(type_of("serviceaccounts"), call.info.space, call.info.name);
  Json request = parse_body(call, "TokenRequest");
  const std::int64_t seconds = number(request, {"spec", "expirationSeconds"}, 3600);
  request["status"] = {
      {"token", authenticator_.issue_service_account_token(call.info.space, call.info.name, uid_of(*account))},
      {"expirationTimestamp", rfc3339(std::chrono::system_clock::now() + std::chrono::seconds(seconds))}};
  return json_answer(201, request);
}

Answer ApiServer::non_resource(const Call& call) {
  if (with_faults_ && call.path == "/lab/faults") return fault_endpoint(call);
  if (call.method == "GET")
    if (auto answer = answer_discovery(call)) return std::move(*answer);
  throw no_such_path();
}

Answer ApiServer::fault_endpoint(const Call& call) {
  if (call.method == "DELETE") faults_.clear();
  if (call.method == "POST") {
    const Json spec = Json::parse(call.body, nullptr, false);
    faults_.add(spec);
    if (text(spec, {"action"}) == "expire-watches") store_.compact();
  }
  return json_answer(200, faults_.list());
}

}  // namespace ms2m::lab
