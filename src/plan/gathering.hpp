// How the facts are gathered: every question by itself, side by side.
#pragma once
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/task_group.hpp"
#include "ms2m/error.hpp"
#include "plan/facts.hpp"

namespace ms2m {

/// Each start_...() begins the questions of one peer; finish() waits for all of them. Facts that several tasks add to
/// are guarded by the mutex, every other one is written by one task.
class Gathering {
 public:
  Gathering(const Migrator::Ports& ports, const MigrationRequest& request, Facts& facts, const StopToken& stop)
      : ports_(ports), request_(request), facts_(facts), stop_(stop) {}

  void start_cluster();
  void start_nodes();
  void start_broker();
  /// Throws Cancelled; whatever was not answered is a fact.
  void finish();

 private:
  using Work = std::function<void()>;
  /// What to say of a question that the caller has no right to ask, and whether a migration needs the answer.
  struct Otherwise {
    bool needed = true;
    Trouble trouble{};  ///< without a text: as the error says
  };
  void ask(Question question, Work work) { ask(question, {}, std::move(work)); }
  void ask(Question question, Otherwise otherwise, Work work);
  bool attempt(Question question, const Otherwise& otherwise, const Work& work);
  void note(Question question, const Otherwise& otherwise, const Error& error);

  void ask_rights();
  void ask_handler_class();
  void ask_owner();
  void ask_autoscalers();
  template <class Scaler>
  void read_autoscalers(Kind kind, const char* plural, Scaler (*parse)(const Json&), std::vector<Scaler>& into);
  void ask_claims();
  bool ask_heartbeat();
  void ask_bindings() {
    facts_.bindings = ports_.admin.bindings(request_.queue, stop_);
    std::erase_if(*facts_.bindings, [](const QueueBinding& binding) { return binding.exchange.empty(); });
  }
  void read_claim(const std::string& name);
  void ask_gates();
  void source_node();
  void target_node();
  void ask_archives(const std::string& node);
  void ask_images(const std::string& node, NodeFacts& facts, std::optional<Trouble>& find_trouble);
  void find_image(const std::string& node, const std::string& name, NodeFacts& facts,
                  std::optional<Trouble>& find_trouble);
  void tell_image_names();
  void ask_way();
  void ask_registry(const std::string& from, const std::string& to);
  void ask_broker();
  void ask_offset();
  void ask_management();

  const Migrator::Ports& ports_;
  const MigrationRequest& request_;
  Facts& facts_;
  const StopToken stop_;
  std::mutex mutex_;
  std::optional<Trouble> source_find_, target_find_;  // of the image; the tool's own trouble explains it better
  TaskGroup tasks_{kWidth};                           // last: its tasks use the others

  static constexpr std::size_t kWidth = 24;
};

}  // namespace ms2m
