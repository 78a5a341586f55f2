#include "base/main_line.hpp"

#include <algorithm>
#include <utility>

namespace ms2m {
namespace {

/// Who waits sleeps longer than that: it is the way from one call to the next.
constexpr Millis kBetween{1};
/// So short a call in the middle of a wait does not interrupt it.
constexpr Millis kShort{10};

}  // namespace

bool MainLine::Piece::same(const Piece& other) const {
  return waited.on == other.waited.on && waited.phase == other.waited.phase && waited.what == other.waited.what;
}

bool MainLine::Piece::is_short() const { return length < kShort; }
bool MainLine::Piece::may_be_in_a_wait() const { return called && (look || is_short()); }

void MainLine::Piece::take(const Piece& other) {
  length += other.length;
  look = look && other.look;
  if (other.longest > std::exchange(longest, std::max(longest, other.longest))) waited.what = other.waited.what;
}

MainLine::Call::Call(MainLine& line, WaitFor on, std::string what, Kind kind) : line_(line) {
  const std::lock_guard lock(line.mutex_);
  if (line.runs_ == 0) return;
  const bool called = std::this_thread::get_id() == line.thread_;
  if (called ? line.called_.has_value() : kind == Kind::look) return;
  line.turn(line.clock_());
  number_ = ++line.last_;
  if (called)
    line.called_ = Asked{number_, on, std::move(what), kind == Kind::look};
  else
    line.beside_.push_back({number_, on, std::move(what)});
}

MainLine::Call::~Call() {
  if (number_ == 0) return;
  const std::lock_guard lock(line_.mutex_);
  line_.turn(line_.clock_());
  if (line_.called_ && line_.called_->number == number_) line_.called_.reset();
  line_.beside_.remove_if([this](const Asked& each) { return each.number == number_; });
}

void MainLine::Call::turns_out(WaitFor on) {
  const std::lock_guard lock(line_.mutex_);
  if (line_.called_ && line_.called_->number == number_) line_.called_->on = on;
}

MainLine::Run::Run(MainLine& line, TimePoint begin) : line_(line) {
  const std::lock_guard lock(line.mutex_);
  if (line.runs_++ > 0) return;
  line.thread_ = std::this_thread::get_id();
  line.since_ = begin;
  line.phase_ = Phase::preparing;
  line.wait_ = {};
  line.pieces_.clear();
  line.begun_.reset();
}

MainLine::Run::~Run() {
  const std::lock_guard lock(line_.mutex_);
  if (--line_.runs_ > 0) return;
  line_.called_.reset();
  line_.beside_.clear();
}

std::vector<Waited> MainLine::Run::path(TimePoint end) {
  const std::lock_guard lock(line_.mutex_);
  std::vector<Waited> path;
  if (line_.runs_ > 1) return path;
  line_.turn(end);
  for (Piece& each : std::exchange(line_.pieces_, {})) {
    each.waited.length = each.length;
    path.push_back(std::move(each.waited));
  }
  return path;
}

void MainLine::enter(Phase phase, const Wait& wait) {
  const std::lock_guard lock(mutex_);
  if (runs_ == 0) return;
  turn(clock_());
  if (runs_ == 1) phase_ = phase;
  wait_ = wait;
}

void MainLine::waits_for(const Wait& wait) {
  const std::lock_guard lock(mutex_);
  if (runs_ == 0) return;
  turn(clock_());
  wait_ = wait;
}

void MainLine::begins(WaitFor on) {
  const std::lock_guard lock(mutex_);
  if (runs_ == 0) return;
  turn(clock_());
  begun_ = Begun{on, phase_, pieces_.size()};
}

WaitFor MainLine::now() const {
  const std::lock_guard lock(mutex_);
  if (runs_ == 0) return WaitFor::ms2m;
  const Asked* call = asked();
  return call == nullptr || call->on == WaitFor::broker ? wait_.on : call->on;
}

const MainLine::Asked* MainLine::asked() const {
  if (called_) return &*called_;
  return beside_.empty() ? nullptr : &beside_.front();
}

MainLine::Piece MainLine::present(Clock::duration length) const {
  const Asked* call = asked();
  const Waited waited = call != nullptr ? Waited{call->on, call->what, phase_} : Waited{wait_.on, wait_.what, phase_};
  return {waited, called_.has_value(), called_ && called_->look, length, length};
}

void MainLine::turn(TimePoint now) {
  if (now > since_) keep(present(now - std::exchange(since_, now)));
}

bool MainLine::goes_on(const Piece& wait) {
  if (wait.called || wait.waited.on == WaitFor::ms2m) return false;
  const auto looks =
      std::find_if_not(pieces_.rbegin(), pieces_.rend(), [](const Piece& p) { return p.may_be_in_a_wait(); });
  if (looks == pieces_.rend() || !looks->same(wait)) return false;
  for (auto each = looks.base(); each != pieces_.end(); ++each) looks->length += each->length;
  looks->take(wait);
  pieces_.erase(looks.base(), pieces_.end());
  return true;
}

void MainLine::hide_behind(const Piece& wait) {
  // What is waited for later on is another one: this was over before anybody waited for it.
  if (begun_ && begun_->phase != wait.waited.phase) begun_.reset();
  if (!begun_ || begun_->on != wait.waited.on || wait.length < kBetween) return;
  const std::size_t first = std::exchange(begun_, std::nullopt)->before;
  std::vector<Piece> since(std::make_move_iterator(pieces_.begin() + std::min(first, pieces_.size())),
                           std::make_move_iterator(pieces_.end()));
  pieces_.resize(pieces_.size() - since.size());
  for (Piece& each : since) {
    if (is_own(each.waited.on)) {
      each.waited.on = wait.waited.on;
      each.waited.what = wait.waited.what;
      each.called = wait.called;
      each.look = wait.look;
    }
    if (!pieces_.empty() && pieces_.size() > first && pieces_.back().same(each)) {
      pieces_.back().take(each);
    } else {
      pieces_.push_back(std::move(each));
    }
  }
}

void MainLine::keep(Piece piece) {
  hide_behind(piece);
  if (pieces_.empty()) {
    pieces_.push_back(std::move(piece));
    return;
  }
  Piece& last = pieces_.back();
  const auto between = [](const Piece& each) { return !each.called && each.length < kBetween; };
  if (between(piece)) {
    last.length += piece.length;
    return;
  }
  if (between(last)) {  // the very first
    piece.length += last.length;
    last = std::move(piece);
    return;
  }
  if (goes_on(piece)) return;
  const bool between_calls = last.called && piece.called && last.waited.on == piece.waited.on &&
                             last.waited.phase == piece.waited.phase && (last.is_short() || piece.is_short());
  if (last.same(piece) || between_calls) {
    last.take(piece);
  } else {
    pieces_.push_back(std::move(piece));
  }
}

}  // namespace ms2m
