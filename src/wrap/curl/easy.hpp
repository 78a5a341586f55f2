// RAII and typed, checked setters for libcurl's handles. Private to wrap/curl.
#pragma once
#include <curl/curl.h>

#include <memory>
#include <string>

#include "ms2m/error.hpp"

namespace ms2m::curl {

/// curl_global_init, once, before any handle. Thread-safe.
void initialize();

struct EasyDeleter {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct MultiDeleter {
  void operator()(CURLM* handle) const noexcept { curl_multi_cleanup(handle); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;
using MultiHandle = std::unique_ptr<CURLM, MultiDeleter>;

class StringList {
 public:
  void add(const std::string& text) {
    curl_slist* longer = curl_slist_append(list_.get(), text.c_str());
    if (longer == nullptr) throw Error(ErrorKind::failed, "out of memory for a request header");
    list_.release();
    list_.reset(longer);
  }
  curl_slist* get() const noexcept { return list_.get(); }

 private:
  std::unique_ptr<curl_slist, ListDeleter> list_;
};

inline void check(CURLcode code, const char* what) {
  if (code != CURLE_OK)
    throw Error(ErrorKind::failed, std::string("libcurl refuses ") + what + ": " + curl_easy_strerror(code));
}

// curl_easy_setopt is variadic: a wrong type compiles and crashes. libcurl encodes the type in the option's number.
template <CURLoption option>
void set_long(CURL* easy, long value) {
  static_assert(option / 10000 * 10000 == CURLOPTTYPE_LONG);
  check(curl_easy_setopt(easy, option, value), "a number option");
}
template <CURLoption option>
void set_size(CURL* easy, std::size_t value) {
  static_assert(option / 10000 * 10000 == CURLOPTTYPE_OFF_T);
  check(curl_easy_setopt(easy, option, static_cast<curl_off_t>(value)), "a size option");
}
template <CURLoption option>
void set_pointer(CURL* easy, const void* value) {
  static_assert(option / 10000 * 10000 == CURLOPTTYPE_OBJECTPOINT);
  check(curl_easy_setopt(easy, option, value), "a pointer option");
}
/// libcurl copies strings, except CURLOPT_POSTFIELDS (use set_pointer for that).
template <CURLoption option>
void set_string(CURL* easy, const std::string& value) {
  static_assert(option / 10000 * 10000 == CURLOPTTYPE_STRINGPOINT && option != CURLOPT_POSTFIELDS);
  check(curl_easy_setopt(easy, option, value.c_str()), "a text option");
}
template <CURLoption option>
void set_blob(CURL* easy, const std::string& value) {
  static_assert(option / 10000 * 10000 == CURLOPTTYPE_BLOB);
  curl_blob blob{const_cast<char*>(value.data()), value.size(), CURL_BLOB_COPY};
  check(curl_easy_setopt(easy, option, &blob), "a certificate in memory");
}
template <CURLoption option, typename Function>
void set_function(CURL* easy, Function* function) {
  static_assert(option / 10000 * 10000 == CURLOPTTYPE_FUNCTIONPOINT);
  check(curl_easy_setopt(easy, option, function), "a callback");
}

}  // namespace ms2m::curl
