#include "cli/completion.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace ms2m::cli {

namespace {

constexpr const char* kWordsPrefix = "words:";
constexpr std::array<std::pair<Ask, const char*>, 5> kAskNames{{{Ask::pods, "ask:pods"},
                                                                {Ask::nodes, "ask:nodes"},
                                                                {Ask::namespaces, "ask:namespaces"},
                                                                {Ask::contexts, "ask:contexts"},
                                                                {Ask::migrations, "ask:migrations"}}};

/// CLI11 has no way to count an option's validators.
std::vector<std::string> validator_names(const CLI::Option& option) {
  std::vector<std::string> names;
  auto& mutable_option = const_cast<CLI::Option&>(option);  // NOLINT: get_validator() lacks its const
  try {
    for (int index = 0;; ++index) names.push_back(mutable_option.get_validator(index)->get_name());
  } catch (const CLI::OptionNotFound&) {
    return names;
  }
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

void offer(Candidates& result, const std::string& word, const std::string& description) {
  if (word.starts_with(result.value)) result.words.push_back({result.before + word, description});
}

void offer_value(const CLI::Option& option, Candidates& result) {
  if (option.get_type_name() == "FILE") result.ask = Ask::files;
  for (const auto& name : validator_names(option)) {
    for (const auto& [ask, ask_name] : kAskNames)
      if (name == ask_name) result.ask = ask;
    if (!name.starts_with(kWordsPrefix)) continue;
    std::string rest = name.substr(std::string(kWordsPrefix).size());
    for (auto end = rest.find(' '); end != std::string::npos; end = rest.find(' ')) {
      offer(result, rest.substr(0, end), "");
      rest.erase(0, end + 1);
    }
  }
}

/// The words before the cursor, understood as CLI11 will understand them.
class Reader {
 public:
  explicit Reader(const CLI::App& root) : root_(root), current_(&root) {}

  void take(const std::string& word) {
    ++taken_;
    if (pending_ != nullptr) {
      note(*pending_, word);
      pending_ = nullptr;
    } else if (!only_positionals_ && word == "--") {
      only_positionals_ = true;
    } else if (is_option(word)) {
      take_option(word);
    } else if (const auto commands = current_->get_subcommands([](const CLI::App*) { return true; });
               !commands.empty()) {
      const CLI::App* before = current_;
      for (const auto* command : commands)
        if (command->get_name() == word) current_ = command;
      lost_ = current_ == before;
      if (lost_) return;
      commands_.push_back(word);
      behind_ = taken_;
    } else {
      ++positionals_;
    }
  }

  Understood understood() const { return {commands_, behind_, result_.given}; }

  Candidates at_cursor(const std::string& word) {
    result_.value = word;
    if (lost_) return result_;
    const auto equals = word.find('=');
    if (pending_ != nullptr) {
      offer_value(*pending_, result_);
    } else if (is_option(word) && equals != std::string::npos) {
      result_.before = word.substr(0, equals + 1);
      result_.value = word.substr(equals + 1);
      if (const auto* option = find(word.substr(0, equals)); option != nullptr && takes_value(*option))
        offer_value(*option, result_);
    } else if (!only_positionals_ && word.starts_with('-')) {
      offer_options();
    } else if (const auto commands = current_->get_subcommands([](const CLI::App*) { return true; });
               !commands.empty()) {
      for (const auto* command : commands)
        if (!command->get_group().empty()) offer(result_, command->get_name(), command->get_description());
    } else {
      offer_positional();
    }
    return result_;
  }

 private:
  bool is_option(const std::string& word) const {
    return !only_positionals_ && word.size() > 1 && word.front() == '-' && word != "--";
  }

  const CLI::Option* find(const std::string& name) const {
    for (const auto* app : {current_, &root_})
      for (const auto* option : app->get_options())
        if (option->check_name(name) && option->nonpositional()) return option;
    return nullptr;
  }

  void note(const CLI::Option& option, const std::string& value) {
    used_.insert(&option);
    for (const auto& name : option.get_lnames()) result_.given[name] = value;
  }

  void take_option(const std::string& word) {
    const bool is_long = word.starts_with("--");
    const auto name_end = is_long ? std::min(word.find('='), word.size()) : 2;
    const auto* option = find(word.substr(0, name_end));
    if (option == nullptr) return;
    if (takes_value(*option) && name_end == word.size())
      pending_ = option;
    else
      note(*option, name_end == word.size() ? "" : word.substr(is_long ? name_end + 1 : name_end));
  }

  void offer_options() {
    for (const auto* app : {current_, &root_}) {
      for (const auto* option : app->get_options()) {
        if (!option->nonpositional() || option->get_group().empty() || used_.count(option) != 0) continue;
        if (app == &root_ && current_ != &root_ && own_help(*option)) continue;
        for (const auto& name : option->get_lnames()) offer(result_, "--" + name, option->get_description());
        if (result_.value == "-")
          for (const auto& name : option->get_snames()) offer(result_, "-" + name, option->get_description());
      }
      if (current_ == &root_) return;
    }
  }

  /// The program's --help and --version, which behind a command are the command's own or nothing.
  bool own_help(const CLI::Option& option) const {
    return &option == root_.get_help_ptr() || &option == root_.get_version_ptr();
  }

  static bool takes_more(const CLI::Option& option) { return option.get_items_expected_max() > 1; }

  void offer_positional() {
    std::size_t index = 0;
    for (const auto* option : current_->get_options())
      if (option->get_positional() && (index++ == positionals_ || (index <= positionals_ && takes_more(*option))))
        return offer_value(*option, result_);
    if (result_.value.empty() && !only_positionals_) offer_options();
  }

  const CLI::App& root_;
  const CLI::App* current_;
  const CLI::Option* pending_ = nullptr;
  bool only_positionals_ = false;
  std::size_t taken_ = 0, behind_ = 0;
  std::vector<std::string> commands_;
  bool lost_ = false;  ///< behind a word that is no command
  std::size_t positionals_ = 0;
  std::set<const CLI::Option*> used_;
  Candidates result_;
};

}  // namespace

Understood understand(const CLI::App& app, const std::vector<std::string>& words) {
  Reader reader(app);
  for (const auto& word : words) reader.take(word);
  return reader.understood();
}

CLI::Validator completed_by(Ask ask) {
  std::string name;
  for (const auto& [known, text] : kAskNames)
    if (known == ask) name = text;
  return CLI::Validator([](std::string&) { return std::string(); }, "", name);
}

std::string words_name(const std::vector<std::string>& words) {
  std::string name = kWordsPrefix;
  for (const auto& word : words) name += word + " ";
  return name;
}

Candidates candidates(const CLI::App& app, const std::vector<std::string>& words) {
  Reader reader(app);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) reader.take(words[i]);
  return reader.at_cursor(words.empty() ? "" : words.back());
}

}  // namespace ms2m::cli
