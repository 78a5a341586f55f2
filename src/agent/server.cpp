#include "agent/server.hpp"

#include <fmt/format.h>
#include <httplib.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <thread>

#include "agent/refusals.hpp"
#include "agent/watchdog.hpp"
#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "node/protocol/agent_paths.hpp"

namespace ms2m::agent {
namespace {

constexpr std::size_t kThreads = 128, kMostUnknown = 32, kShortestToken = 32;
constexpr Millis kHandshake{10000};
/// Of a handshake, or of a head and what surrounds a body, at most: the library takes a head of any length.
constexpr std::size_t kHeadBytes = 64u << 10;
constexpr const char *kJson = "application/json", *kHealth = "/healthz";

enum Status {
  kOk = 200,
  kBad = 400,
  kWrongToken = 401,
  kMissing = 404,
  kGap = 409,
  kGone = 410,
  kNoLength = 411,
  kPacked = 415,
  kTooMany = 429,
  kFull = 503
};

std::string read_token(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string token;
  if (!std::getline(in, token)) throw Error(ErrorKind::usage, file.string() + " cannot be read, or is empty");
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  if (token.size() < kShortestToken)
    throw Error(ErrorKind::usage,
                fmt::format("the token in {} has less than {} characters", file.string(), kShortestToken));
  return token;
}

/// Of our own: other contexts of this process have none.
int watchdog_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}
Watchdog* watchdog_of(const SSL* ssl) {
  return static_cast<Watchdog*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), watchdog_index()));
}

/// Every SSL of ours is a connection, which is over with it.
void forget_connection(void* parent, void*, CRYPTO_EX_DATA*, int, long, void*) {
  if (Watchdog* watchdog = watchdog_of(static_cast<SSL*>(parent))) watchdog->forget();
}

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_owner(const std::string& text) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '.'; };
  return !text.empty() && text.size() <= node::kAgentOwner && std::all_of(text.begin(), text.end(), fits);
}

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

void answer(httplib::Response& response, int status, const Json& body) {
  response.status = status;
  response.set_content(text_of(body), kJson);
}

/// What the library would read without an end, unpack without a limit, or otherwise than a proxy does; 0: nothing.
std::pair<int, const char*> fault_of_body(const httplib::Request& request) {
  const std::size_t lengths = request.get_header_value_count("Content-Length");
  const bool chunked = request.has_header("Transfer-Encoding");
  const bool may_have_none = request.method == "GET" || request.method == "HEAD";
  if (chunked || (lengths == 0 && !may_have_none)) return {kNoLength, "a body without a length"};
  if (lengths > 1) return {kBad, "a body with two lengths"};
  if (request.has_header("Content-Encoding")) return {kPacked, "a body that is packed"};
  return {0, ""};
}

/// Bytes behind the head of a request that has reached its handler, which the library has not read: they must not be
/// taken for the next request, which may be somebody else's on the same connection of a proxy.
bool leaves_bytes(const httplib::Request& request) {
  return request.method != "POST" && request.has_header("Content-Length") &&
         request.get_header_value("Content-Length") != "0";
}

/// What comes in it and around it, with what TLS adds.
std::size_t bytes_of(const httplib::Request& request) {
  const auto length = number(request.get_header_value("Content-Length"));
  const std::size_t body = std::min<std::uint64_t>(length.value_or(0), node::kAgentBody);
  return kHeadBytes + body + body / 32;
}

/// Counts what a connection brings, where the library does not.
long count_bytes(BIO* bio, int operation, const char*, std::size_t, int, long, int result, std::size_t* bytes) {
  if (operation == (BIO_CB_READ | BIO_CB_RETURN) && result > 0 && bytes != nullptr)
    reinterpret_cast<Watchdog*>(BIO_get_callback_arg(bio))->came(*bytes);
  return result;
}

void watch(const SSL* ssl) {
  Watchdog* const watchdog = watchdog_of(ssl);
  watchdog->watch(SSL_get_fd(ssl), Clock::now() + kHandshake, kHeadBytes);
  BIO* const bio = SSL_get_rbio(ssl);
  BIO_set_callback_arg(bio, reinterpret_cast<char*>(watchdog));
  BIO_set_callback_ex(bio, &count_bytes);
}

}  // namespace

bool same_secret(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct Server::Impl {
  Impl(ServerSettings given, Program program, Log to)
      : settings(std::move(given)),
        log(std::move(to)),
        token(read_token(settings.keys / "token")),
        refusals(settings.refusals_per_second, settings.refusals_at_once),
        watchdog(kMostUnknown),
        server([this](SSL_CTX& context) { return set_up(context); }),
        sessions(std::move(program), settings.most_sessions, log, settings.farewell) {
    if (!server.is_valid())
      throw Error(ErrorKind::usage,
                  fmt::format("tls.crt and tls.key in {} are no certificate and its key", settings.keys.string()));
    declare();
  }

  bool set_up(SSL_CTX& context) {
    SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
    SSL_CTX_set_options(&context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_ex_data(&context, watchdog_index(), &watchdog);
    static const int once = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &forget_connection);
    SSL_CTX_set_info_callback(&context, [](const SSL* ssl, int where, int) {
      if ((where & SSL_CB_HANDSHAKE_START) != 0) watch(ssl);
    });
    return once >= 0 && SSL_CTX_use_certificate_chain_file(&context, (settings.keys / "tls.crt").c_str()) == 1 &&
           SSL_CTX_use_PrivateKey_file(&context, (settings.keys / "tls.key").c_str(), SSL_FILETYPE_PEM) == 1 &&
           SSL_CTX_check_private_key(&context) == 1;
  }

  void declare() {
    using httplib::Request;
    using httplib::Response;
    server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server.set_payload_max_length(node::kAgentBody);
    server.set_keep_alive_max_count(1u << 30);
    server.set_keep_alive_timeout(std::chrono::ceil<std::chrono::seconds>(settings.idle).count());
    server.set_tcp_nodelay(true);
    server.set_default_headers({{node::kAgentHeader, std::to_string(node::kAgentVersion)}});
    server.set_pre_routing_handler([this](const Request& request, Response& response) {
      return let_in(request, response) ? httplib::Server::HandlerResponse::Unhandled
                                       : httplib::Server::HandlerResponse::Handled;
    });
    // Called behind the answer. What was answered before its handler was reached may have a body that nobody has read.
    server.set_logger([this](const Request& request, const Response&) {
      if (!watchdog.was_served() || leaves_bytes(request)) return watchdog.end();
      watchdog.extend(Clock::now() + settings.idle + settings.request_limit);
      watchdog.allow(kHeadBytes);
    });
    server.set_exception_handler([this](const Request&, Response& response, const std::exception_ptr& thrown) {
      std::string why = "unknown";
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& error) {
        why = error.what();
      } catch (...) {
      }
      log("a request failed: " + why);
      answer(response, 500, {{"error", why}});
    });
    server.set_error_handler([this](const Request&, Response& response) {
      if (response.body.empty()) refuse(response, response.status, "no such request");
    });
    const std::string session = fmt::format("/v1/sessions/([0-9a-f]{{{}}})", node::kAgentId);
    server.Get(kHealth, served([](const Request&, Response& response) { response.set_content("ok\n", "text/plain"); }));
    server.Get("/v1/agent", served([this](const Request&, Response& response) {
                 answer(response, kOk,
                        {{"protocol", node::kAgentVersion},
                         {"build", settings.build},
                         {"machine", settings.machine},
                         {"node", settings.node}});
               }));
    server.Post(session, served([this](const Request& q, Response& r) { open(q, r); }));
    server.Post(session + "/end", with_session([](Session& s, const Request&, Response& r) {
                  s.close();
                  answer(r, kOk, Json::object());
                }));
    server.Post(session + "/in", with_session([this](Session& s, const Request& q, Response& r) { take(s, q, r); }));
    server.Get(session + "/out", with_session([this](Session& s, const Request& q, Response& r) { give(s, q, r); }));
  }

  void refuse(httplib::Response& response, int status, const std::string& why) {
    if (!refusals.allow(Clock::now())) {
      response.set_header("Retry-After", "1");
      return answer(response, kTooMany, {{"error", "too many requests were refused"}});
    }
    log(fmt::format("refused with {}: {}", status, why));
    answer(response, status, {{"error", why}});
  }

  /// Known by its head alone, before a body is read. False: it is answered.
  bool let_in(const httplib::Request& request, httplib::Response& response) {
    if (!watchdog.extend(Clock::now() + settings.request_limit)) {
      answer(response, kBad, {{"error", "this connection is over"}});
      return false;
    }
    if (request.path != kHealth) {
      if (!same_secret(request.get_header_value(node::kTokenHeader), token)) {
        refuse(response, kWrongToken, "the token is not this agent's");
        return false;
      }
      watchdog.trust();
    }
    const auto [status, why] = fault_of_body(request);
    if (status != 0) answer(response, status, {{"error", why}});
    watchdog.allow(bytes_of(request));
    return status == 0;
  }

  httplib::Server::Handler served(httplib::Server::Handler handler) {
    return [this, handler = std::move(handler)](const httplib::Request& request, httplib::Response& response) {
      watchdog.serve();
      // Answers may wait for bytes as long as the silence of a session lets them.
      watchdog.extend(Clock::now() + settings.request_limit + node::kLongestSilence);
      handler(request, response);
    };
  }

  using SessionHandler = std::function<void(Session&, const httplib::Request&, httplib::Response&)>;
  httplib::Server::Handler with_session(SessionHandler handler) {
    return served([this, handler = std::move(handler)](const httplib::Request& request, httplib::Response& response) {
      const auto session = sessions.find(request.matches[1], request.get_header_value(node::kOwnerHeader));
      if (!session) return refuse(response, kMissing, "no such session");
      handler(*session, request, response);
    });
  }

  void open(const httplib::Request& request, httplib::Response& response) {
    const std::string owner = request.get_header_value(node::kOwnerHeader);
    const Json body = Json::parse(request.body, nullptr, false);
    const Json silence = body.is_object() ? body.value("silence_ms", Json()) : Json();
    const auto within = [](std::uint64_t ms) {
      return ms >= static_cast<std::uint64_t>(node::kShortestSilence.count()) &&
             ms <= static_cast<std::uint64_t>(node::kLongestSilence.count());
    };
    if (!is_owner(owner)) return refuse(response, kBad, "no migration is named");
    if (!silence.is_number_unsigned() || !within(silence.get<std::uint64_t>()))
      return refuse(response, kBad, "no silence is named, or one that is too short or too long");
    switch (sessions.open(request.matches[1], owner, Millis{silence.get<std::int64_t>()})) {
      case Sessions::Opened::yes:
        return answer(response, kOk, Json::object());
      case Sessions::Opened::others:
        return refuse(response, kMissing, "no such session");
      case Sessions::Opened::full:
        return refuse(response, kFull, "there are too many sessions");
    }
  }

  void take(Session& session, const httplib::Request& request, httplib::Response& response) {
    const auto at = number(request.get_param_value("at"));
    if (!at) return refuse(response, kBad, "no number of the first byte");
    bool ended = false;
    const auto taken = session.take(*at, request.body, ended);
    if (!taken) return refuse(response, kGap, "bytes before these are missing");
    answer(response, ended ? kGone : kOk, {{"taken", *taken}});
  }

  void give(Session& session, const httplib::Request& request, httplib::Response& response) {
    const auto at = number(request.get_param_value("at"));
    if (!at) return refuse(response, kBad, "no number of the first byte");
    Session::Output output = session.give(*at);
    if (output.misplaced) return refuse(response, kGap, "these bytes are not there, or not any more");
    if (output.ended) return answer(response, kGone, {{"end", output.end}, {"said", output.said}});
    response.set_content(std::move(output.bytes), "application/octet-stream");
  }

  const ServerSettings settings;
  const Log log;
  const std::string token;
  Refusals refusals;
  Watchdog watchdog;
  httplib::SSLServer server;
  Sessions sessions;
};

Server::Server(ServerSettings settings, Program program, Log log)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(program), std::move(log))) {}
Server::~Server() = default;

int Server::bind() {
  const ServerSettings& settings = impl_->settings;
  int port = settings.port;
  if (port == 0)
    port = impl_->server.bind_to_any_port(settings.address);
  else if (!impl_->server.bind_to_port(settings.address, port))
    port = -1;
  if (port < 0) throw Error(ErrorKind::failed, fmt::format("cannot listen on {}:{}", settings.address, settings.port));
  return port;
}

void Server::run(const StopToken& stop) {
  std::thread serving([this] { impl_->server.listen_after_bind(); });
  pollfd fd{stop.fd(), POLLIN, 0};
  while (!stop.stop_requested()) ::poll(&fd, 1, -1);
  impl_->sessions.close_all();
  impl_->server.stop();
  impl_->watchdog.end_all();
  serving.join();
}

}  // namespace ms2m::agent
