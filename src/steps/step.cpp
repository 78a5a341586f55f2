#include "steps/step.hpp"

#include "undo/operations.hpp"

namespace ms2m {

void tell(Observer& observer, Phase phase, const std::string& text) {
  Event event;
  event.type = Event::Type::detail;
  event.phase = phase;
  event.text = text;
  observer.on(event);
}

void warn(Observer& observer, const std::string& text, const std::string& remedy) {
  Event event;
  event.type = Event::Type::warning;
  event.text = text;
  event.remedy = remedy;
  observer.on(event);
}

int journal_announced(Journal& journal, Phase phase, const Announced& announced) {
  if (!announced.undo && !announced.finish) return 0;
  const std::string text = announced.text.empty() ? planned_words(*announced.finish) : announced.text;
  return journal.effect(phase, text, announced.undo, announced.finish);
}

}  // namespace ms2m
