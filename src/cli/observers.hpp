// What is heard of a migration that is one of many.
#pragma once
#include <string>
#include <utility>

#include "ms2m/event.hpp"

namespace ms2m::cli {

/// Tells whose event it is; phases are told as they begin, and of the rest what went wrong.
class Named final : public Observer {
 public:
  Named(std::string pod, Observer& inner) : pod_(std::move(pod)), inner_(inner) {}
  void on(const Event& event) noexcept override try {
    Event named = event;
    switch (event.type) {
      case Event::Type::warning:
      case Event::Type::undo:
      case Event::Type::hook:
        break;
      case Event::Type::phase_started:
        named.type = Event::Type::note;
        named.text = to_string(event.phase);
        break;
      default:
        return;
    }
    named.text = pod_ + ": " + named.text;
    inner_.on(named);
  } catch (...) {
    // It could not be told.
  }

 private:
  const std::string pod_;
  Observer& inner_;
};

}  // namespace ms2m::cli
