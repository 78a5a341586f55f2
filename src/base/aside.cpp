#include "base/aside.hpp"

#include <utility>

#include "ms2m/error.hpp"

namespace ms2m {
namespace {

constexpr std::chrono::hours kLimit{24};

}  // namespace

Aside::Aside(Work work)
    : thread_([this, work = std::move(work)] {
        try {
          work(over_.token().within(kLimit));
        } catch (const Cancelled&) {
        } catch (...) {
          failure_ = std::current_exception();
        }
        ended_ = true;
      }) {}

Aside::~Aside() {
  over_.request_stop();
  thread_.join();
}

void Aside::check() const {
  if (ended_ && failure_) std::rethrow_exception(failure_);
}

}  // namespace ms2m
