// man/ms2m.1 says what the code has: commands, options, variables, keys, exit statuses and the fields of documents.
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "cli/command_line.hpp"
#include "cli/keys.hpp"
#include "report/config_report.hpp"
#include "report/drain_report.hpp"
#include "report/journal_report.hpp"
#include "report/outcome_report.hpp"
#include "report/plan_report.hpp"
#include "report/status_report.hpp"
#include "samples.hpp"
#include "support/catch.hpp"

using namespace ms2m;

namespace {

std::string manual() {
  std::ifstream in(std::string(MS2M_SOURCE_DIR) + "/man/ms2m.1");
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string section(const std::string& name) {
  const std::string text = manual();
  const auto begin = text.find(".Sh " + name + "\n");
  REQUIRE(begin != std::string::npos);
  return text.substr(begin, text.find("\n.Sh ", begin) - begin);
}

std::set<std::string> found(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::set<std::string> all;
  for (std::sregex_iterator at(text.begin(), text.end(), regex); at != std::sregex_iterator(); ++at)
    all.insert((*at)[1]);
  return all;
}

void must_be_told(const Json& document, const std::set<std::string>& told) {
  for (const auto& [key, value] : document.items()) {
    INFO("key " << key << " of kind " << document.value("kind", "?"));
    CHECK(told.count(key) == 1);
    if (key != "items") continue;
    REQUIRE_FALSE(value.empty());
    for (const auto& field : value.front().items()) {
      INFO("items' key " << field.key());
      CHECK(told.count(field.key()) == 1);
    }
  }
}

}  // namespace

TEST_CASE("the manual has every command and every option") {
  const std::string text = manual();
  const auto options = found(text, "Fl -([a-z][a-z-]*)");
  std::set<std::string> known{"help", "token"};
  for (const cli::OptionRow& row : cli::option_rows()) {
    INFO(row.command << " --" << row.name);
    CHECK(options.count(row.name) == 1);
    known.insert(row.name);
  }
  for (const std::string& name : options) {
    INFO("--" << name);
    CHECK(known.count(name) == 1);
  }
  for (const cli::CommandRow& row : cli::command_rows()) {
    if (row.name.empty() || row.group) continue;
    INFO(row.name);
    CHECK(text.find("\n.It Cm " + row.name) != std::string::npos);
  }
}

TEST_CASE("the manual has every variable, and no other") {
  const auto told = found(section("ENVIRONMENT"), "(MS2M_[A-Z_]+)");
  std::set<std::string> known;
  for (const cli::OptionRow& row : cli::option_rows()) known.insert(cli::variable_of(row.name));
  for (const cli::Key& key : cli::keys()) known.insert(cli::variable_of(key.name));
  for (const std::string& name : known) {
    INFO(name);
    CHECK(told.count(name) == 1);
  }
  for (const std::string& name : told) {
    INFO(name);
    CHECK(known.count(name) == 1);
  }
}

TEST_CASE("the manual has every key of config.yaml") {
  const auto told = found(section("FILES"), "Ql ([a-z_]+)");
  for (const cli::Key& key : cli::keys()) {
    INFO(key.name);
    CHECK(told.count(key.name) == 1);
  }
  for (const cli::Setting& setting : cli::settings()) {
    std::string key = cli::key_of(setting.name);
    if (key.ends_with("_timeout")) key.resize(key.size() - std::string("_timeout").size());
    INFO(key);
    CHECK(told.count(key) == 1);
  }
}

TEST_CASE("the manual has every exit status") {
  std::set<std::string> codes{"2", "130"};
  for (const Result result :
       {Result::done, Result::undone, Result::leftovers, Result::refused, Result::cleanup_incomplete}) {
    Outcome outcome;
    outcome.result = result;
    codes.insert(std::to_string(exit_status(outcome)));
  }
  Outcome hooked;
  hooked.result = Result::done;
  hooked.hooks.push_back({});
  hooked.hooks.back().failure = "exit status 1";
  codes.insert(std::to_string(exit_status(hooked)));
  CHECK(found(section("EXIT STATUS"), "\n.It ([0-9]+)\n") == codes);
}

TEST_CASE("the manual has every field of a document") {
  std::string text = section("JSON OUTPUT");
  const auto told = found(text, "[ (]([a-z][a-z_]*)");
  must_be_told(report::outcome_json(test::shadow_outcome(), "migrate", 0), told);
  must_be_told(report::plan_json(test::deployment_plan(), {}, 0), told);
  must_be_told(report::check_json(test::deployment_plan(), {}, 0), told);
  must_be_told(report::journals_json({JournalSummary{}}), told);
  must_be_told(report::statuses_json({report::Status{}}), told);
  must_be_told(report::config_json({{"key", std::nullopt, ""}}, "", ""), told);
  report::Drain drain;
  drain.pods.resize(1);
  must_be_told(report::drain_json(drain, 0), told);
}
