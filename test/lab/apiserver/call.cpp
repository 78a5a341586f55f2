#include "call.hpp"

namespace ms2m::lab {

Answer json_answer(int code, const Json& body) {
  Answer answer;
  answer.code = code;
  answer.body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return answer;
}

Answer error_answer(const ApiError& error) {
  Answer answer = json_answer(error.code(), error.body());
  const std::int64_t retry = number(error.body(), {"details", "retryAfterSeconds"});
  if (retry > 0) answer.headers.emplace_back("Retry-After", std::to_string(retry));
  return answer;
}

}  // namespace ms2m::lab
