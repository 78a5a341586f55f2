#include "steps/run.hpp"

#include "steps/step.hpp"
#include "undo/operations.hpp"

namespace ms2m {

void Run::tell(Phase phase, const std::string& text) const {
  Event event;
  event.type = Event::Type::detail;
  event.phase = phase;
  event.text = text;
  observer.on(event);
}

void Run::warn(const std::string& text, const std::string& remedy) const {
  Event event;
  event.type = Event::Type::warning;
  event.text = text;
  event.remedy = remedy;
  observer.on(event);
}

void Run::set_lease_phase(Phase phase, const StopToken& stop) const {
  const Json change{{"metadata", {{"annotations", {{"ms2m.io/phase", to_string(phase)}}}}}};
  ports.cluster.patch({Kind::lease, plan.ns, "ms2m-" + plan.source_pod}, PatchType::merge, change, stop);
}

int journal_announced(Run& run, Phase phase, const Announced& announced) {
  if (!announced.undo && !announced.finish) return 0;
  const std::string text = announced.text.empty() ? planned_words(*announced.finish) : announced.text;
  return run.journal.effect(phase, text, announced.undo, announced.finish);
}

std::vector<Announced> nothing(const Move&) { return {}; }

}  // namespace ms2m
