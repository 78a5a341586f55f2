// What a registry answers to a node: HTTP.
#include <algorithm>
#include <cstring>

#include "node/program/http.hpp"
#include "target.hpp"

using namespace ms2m;

namespace {

/// The input in pieces.
class Said final : public tls::Stream {
 public:
  Said(const std::uint8_t* data, std::size_t size, std::size_t step) : data_(data), left_(size), step_(step) {}
  void send(std::string_view, const StopToken&) override {}
  std::size_t receive(std::span<char> into, const StopToken&) override {
    const std::size_t some = std::min({into.size(), left_, step_});
    if (some > 0) std::memcpy(into.data(), data_, some);
    data_ += some;
    left_ -= some;
    return some;
  }
  void end(const StopToken&) override {}

 private:
  const std::uint8_t* data_;
  std::size_t left_;
  const std::size_t step_;
};

/// Status and body, as far as it is an answer.
std::string answer(const std::uint8_t* data, std::size_t size, std::size_t step, bool bodiless) {
  Said said(data, size, step);
  std::string got;
  test::read([&] {
    node::HttpAnswer answer(said);
    answer.read_head(bodiless, {});
    got = std::to_string(answer.status()) + " ";
    char chunk[333];
    while (const std::size_t some = answer.read(chunk, {})) got.append(chunk, some);
  });
  return got;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const bool bodiless : {false, true}) {
    const std::string whole = answer(data, size, size, bodiless);
    test::must(whole.size() <= size + 30, "no more than came");
    test::must(answer(data, size, 1, bodiless) == whole, "however it is cut");
  }
  Said said(data, size, 100);
  test::read([&] {
    node::HttpAnswer answer(said);
    answer.read_head(false, {});
    test::must(answer.text(10, {}).size() <= 10, "no more than was asked for");
  });
  return 0;
}
