#include "report/outcome_report.hpp"
#include "report/plan_report.hpp"

namespace ms2m::report {

namespace {

Json findings_json(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const auto& f : findings)
    list.push_back(
        {{"check", f.check}, {"level", to_word(f.level)}, {"reason", reason(f)}, {"cure", f.cure}, {"asked", f.asked}});
  return list;
}

Json steps_json(const std::vector<PlannedStep>& steps) {
  Json list = Json::array();
  for (const auto& step : steps)
    list.push_back({{"phase", to_string(step.phase)},
                    {"do", step.text},
                    {"undo", step.undo.empty() ? Json(nullptr) : Json(step.undo)}});
  return list;
}

Json predicted_json(const std::vector<PredictedPhase>& predicted) {
  Json list = Json::array();
  for (const auto& phase : predicted)
    list.push_back({{"phase", to_string(phase.phase)},
                    {"seconds", seconds_json(phase.elapsed)},
                    {"least_s", seconds_json(phase.least)},
                    {"most_s", seconds_json(phase.most)},
                    {"basis", phase.basis}});
  return list;
}

Json predicted_total(const std::vector<PredictedPhase>& predicted) {
  const PredictedPhase total = sum(predicted);
  return {{"seconds", seconds_json(total.elapsed)},
          {"least_s", seconds_json(total.least)},
          {"most_s", seconds_json(total.most)}};
}

Json head(const Plan& plan, const char* kind, int status) {
  return {{"schema", kSchema},
          {"kind", kind},
          {"exit_status", status},
          {"refused", plan.refused()},
          {"namespace", plan.ns},
          {"source", {{"pod", plan.source_pod}, {"node", plan.source_node}}},
          {"target", {{"pod", plan.target_pod}, {"node", plan.target_node}}},
          {"container", plan.container},
          {"queue", plan.queue},
          {"findings", findings_json(plan.findings)}};
}

}  // namespace

namespace {

Json procedure_json(const Procedure& p) {
  const auto of_memory = [&p](const char* word) { return p.moves_memory() ? Json(word) : Json(nullptr); };
  return {{"course", to_string(p.course)},
          {"source_end", to_string(p.source_end)},
          {"carrier", of_memory(to_string(p.carriage))},
          {"compress", of_memory(to_string(p.compression))},
          {"checkpoint", of_memory(to_string(p.checkpoint))},
          {"pages", of_memory(to_string(p.pages))},
          {"restore", to_string(p.restoring)},
          {"source_runtime", p.source_runtime},
          {"target_runtime", p.target_runtime}};
}

}  // namespace

Json plan_json(const Plan& plan, const Brought& brought, int status) {
  Json json = head(plan, "plan", status);
  json["id"] = plan.id;
  json["strategy"] = to_string(plan.procedure.strategy);
  json["procedure"] = procedure_json(plan.procedure);
  json["workload"] = to_string(plan.procedure.workload);
  json["owner"] = plan.owner.empty() ? Json(nullptr) : Json(plan.owner);
  json["image"] = plan.image;
  json["steps"] = steps_json(plan.steps);
  json["diff"] = plan.diff;
  json["target_spec"] = plan.target_spec;
  json["predicted"] = predicted_json(plan.predicted);
  json["predicted_total"] = predicted_total(plan.predicted);
  json["lazy_window_s"] = plan.lazy_window ? seconds_json(*plan.lazy_window) : Json(nullptr);
  json["notes"] = plan.notes;
  json["node_program_brought_to"] = brought;
  return json;
}

Json check_json(const Plan& plan, const Brought& brought, int status) {
  Json json = head(plan, "check", status);
  json["node_program_brought_to"] = brought;
  return json;
}

}  // namespace ms2m::report
