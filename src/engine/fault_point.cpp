#include "engine/fault_point.hpp"

#ifdef MS2M_FAULTS

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <utility>

#include "ms2m/error.hpp"

namespace ms2m {
namespace {

enum class Mode { kill, stop, hang, fail, cancel };

constexpr std::pair<const char*, EntryWatch::Point> kPoints[] = {{"begin", EntryWatch::Point::begin},
                                                                 {"begun", EntryWatch::Point::begun},
                                                                 {"done", EntryWatch::Point::done},
                                                                 {"ended", EntryWatch::Point::ended}};
constexpr std::pair<const char*, Mode> kModes[] = {
    {"kill", Mode::kill}, {"stop", Mode::stop}, {"hang", Mode::hang}, {"fail", Mode::fail}, {"cancel", Mode::cancel}};

template <class Value, std::size_t N>
std::optional<Value> one_of(const std::pair<const char*, Value> (&words)[N], const std::string& word) {
  for (const auto& [name, value] : words)
    if (word == name) return value;
  return std::nullopt;
}

bool names_entry(const std::string& step) {
  if (step == "pivot" || step == "turned_back" || step == "may_have_served" || step == "move") return true;
  return !step.empty() && step.size() <= 6 && step.front() != '0' &&
         std::all_of(step.begin(), step.end(), [](char c) { return c >= '0' && c <= '9'; });
}

class FaultPoint final : public EntryWatch {
 public:
  FaultPoint(std::string step, Point point, Mode mode, std::string said, StopToken stop)
      : step_(std::move(step)), point_(point), mode_(mode), said_(std::move(said)), stop_(std::move(stop)) {}

  void at(std::string_view entry, Point point) override {
    if (point != point_ || entry != step_ || happened_.exchange(true)) return;
    switch (mode_) {
      case Mode::kill:
        ::kill(::getpid(), SIGKILL);
        return;
      case Mode::stop:
        ::kill(::getpid(), SIGSTOP);
        return;
      case Mode::hang:
        stop_.within(kHang).sleep(kHang + kHang, said_);
        return;
      case Mode::fail:
        throw Error(ErrorKind::failed, said_);
      case Mode::cancel:
        ::kill(::getpid(), SIGINT);
        return;
    }
  }

 private:
  const std::string step_;
  const Point point_;
  const Mode mode_;
  const std::string said_;
  const StopToken stop_;
  std::atomic<bool> happened_{false};
};

}  // namespace

std::unique_ptr<EntryWatch> fault_point(const std::function<std::optional<std::string>(const char* name)>& variable,
                                        const StopToken& stop) {
  const auto value = variable("MS2M_FAULT");
  if (!value) return nullptr;
  const std::size_t first = std::min(value->find(':'), value->size());
  const std::size_t second = std::min(value->find(':', first + 1), value->size());
  const std::string step = value->substr(0, first);
  const auto point =
      first < value->size() ? one_of(kPoints, value->substr(first + 1, second - first - 1)) : std::nullopt;
  const auto mode = second < value->size() ? one_of(kModes, value->substr(second + 1)) : std::nullopt;
  if (!names_entry(step) || !point || !mode)
    throw Error(
        ErrorKind::usage,
        fmt::format("MS2M_FAULT '{}' is not STEP:POINT:MODE with STEP the number of an entry, pivot, turned_back, "
                    "may_have_served or move, POINT begin, begun, done or ended, and MODE kill, stop, hang, "
                    "fail or cancel",
                    *value));
  return std::make_unique<FaultPoint>(step, *point, *mode, "MS2M_FAULT " + *value, stop);
}

}  // namespace ms2m

#else

namespace ms2m {

std::unique_ptr<EntryWatch> fault_point(const std::function<std::optional<std::string>(const char* name)>&,
                                        const StopToken&) {
  return nullptr;
}

}  // namespace ms2m

#endif
