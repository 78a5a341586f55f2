#include "wrap/curl/http_client.hpp"

#include <mutex>

#include "wrap/curl/easy.hpp"
#include "wrap/curl/transfer.hpp"

namespace ms2m {

namespace curl {

void initialize() {
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  check(once, "to start");
}

namespace {

/// One request at a time; its multi handle owns the kept connections, so a slot's next request finds them.
struct Slot {
  EasyHandle easy{curl_easy_init()};
  MultiHandle multi{curl_multi_init()};
  Slot() {
    if (!easy || !multi) throw Error(ErrorKind::failed, "out of memory for an HTTP connection");
  }
};

void check_multi(CURLMcode code) {
  if (code != CURLM_OK) throw Error(ErrorKind::failed, std::string("libcurl: ") + curl_multi_strerror(code));
}

/// Keeps the easy handle in the multi for one transfer; taking it out in the middle of one closes its connection.
class Added {
 public:
  explicit Added(Slot& slot) : slot_(slot) { check_multi(curl_multi_add_handle(slot.multi.get(), slot.easy.get())); }
  ~Added() { curl_multi_remove_handle(slot_.multi.get(), slot_.easy.get()); }
  Added(const Added&) = delete;
  Added& operator=(const Added&) = delete;

 private:
  Slot& slot_;
};

CURLcode drive(Slot& slot, const StopToken& stop, const std::string& doing) {
  const Added added(slot);
  for (;;) {
    stop.check(doing);
    int running = 0;
    check_multi(curl_multi_perform(slot.multi.get(), &running));
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(slot.multi.get(), &left))
      if (message->msg == CURLMSG_DONE) return message->data.result;
    if (running == 0) throw Error(ErrorKind::failed, "libcurl lost the transfer " + doing);
    curl_waitfd wake{stop.fd(), CURL_WAIT_POLLIN, 0};
    const auto limit = static_cast<int>(stop.remaining(Millis{60000}).count());
    check_multi(curl_multi_poll(slot.multi.get(), &wake, stop.fd() >= 0 ? 1 : 0, limit, nullptr));
  }
}

}  // namespace
}  // namespace curl

struct HttpClient::Impl {
  explicit Impl(HttpOptions given) : options(std::move(given)) {}

  std::unique_ptr<curl::Slot> take() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        auto slot = std::move(idle.back());  // the one used last: most likely still connected
        idle.pop_back();
        return slot;
      }
    }
    return std::make_unique<curl::Slot>();
  }

  HttpResponse run(const HttpRequest& request, const ChunkFn* on_chunk, const StopToken& stop) {
    const std::string doing = "waiting for the answer to " + request.method + " " + printable_url(request.url);
    stop.check(doing);
    const std::string token = options.bearer_token ? options.bearer_token(stop) : std::string();
    auto slot = take();
    // A slot whose transfer ends by an exception is thrown away with its connection.
    HttpResponse response = [&] {
      curl::Transfer transfer(slot->easy.get(), options, request, token, on_chunk);
      return transfer.finish(curl::drive(*slot, stop, doing));
    }();
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(slot));
    return response;
  }

  const HttpOptions options;
  std::mutex mutex;
  std::vector<std::unique_ptr<curl::Slot>> idle;
};

HttpClient::HttpClient(HttpOptions options) {
  curl::initialize();
  impl_ = std::make_unique<Impl>(std::move(options));
}
HttpClient::~HttpClient() = default;

HttpResponse HttpClient::request(const HttpRequest& request, const StopToken& stop) {
  return impl_->run(request, nullptr, stop);
}

HttpResponse HttpClient::stream(const HttpRequest& request, const ChunkFn& on_chunk, const StopToken& stop) {
  return impl_->run(request, &on_chunk, stop);
}

std::string HttpResponse::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers)
    if (name == lower_case_name) return value;
  return {};
}

}  // namespace ms2m
