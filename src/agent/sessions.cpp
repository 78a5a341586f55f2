#include "agent/sessions.hpp"

#include <fmt/format.h>

#include <vector>

namespace ms2m::agent {
namespace {

constexpr Millis kLook{200};
constexpr Seconds kDying{1200};  // dumps are ended, containers woken: by then all of that has had its limits

}  // namespace

Sessions::Sessions(Program program, std::size_t most, Log log, Millis farewell)
    : program_(std::move(program)), most_(most), log_(std::move(log)), farewell_(farewell) {
  thread_ = std::thread([this] { run(); });
}

Sessions::~Sessions() {
  close_all();
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, farewell_, [this] { return sessions_.empty(); });
  for (const auto& [id, session] : sessions_) let_go(id, *session);
  closing_ = true;
  lock.unlock();
  changed_.notify_all();
  thread_.join();
}

Sessions::Opened Sessions::open(const std::string& id, const std::string& owner, Millis silence) {
  const std::lock_guard lock(mutex_);
  if (const auto found = sessions_.find(id); found != sessions_.end())
    return found->second->owner() == owner ? Opened::yes : Opened::others;
  if (ending_ || sessions_.size() >= most_) return Opened::full;
  sessions_[id] = std::make_shared<Session>(owner, program_(), silence);
  log_(fmt::format("session {} of {} begins", id.substr(0, 8), owner));
  return Opened::yes;
}

std::shared_ptr<Session> Sessions::find(const std::string& id, const std::string& owner) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  return found != sessions_.end() && found->second->owner() == owner ? found->second : nullptr;
}

void Sessions::close_all() {
  std::vector<std::shared_ptr<Session>> all;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const auto& [id, session] : sessions_) all.push_back(session);
  }
  for (const auto& session : all) session->close();
}

void Sessions::let_go(const std::string& id, Session& session) {
  log_(fmt::format("the program of session {} of {} still has to do, and runs on", id.substr(0, 8), session.owner()));
  session.let_go();
}

void Sessions::run() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    changed_.wait_for(lock, kLook);
    const TimePoint now = Clock::now();
    std::vector<std::shared_ptr<Session>> silent, over;
    for (auto each = sessions_.begin(); each != sessions_.end();) {
      const auto& session = each->second;
      const auto closed = session->closed_for(now);
      const bool ended = session->has_ended();
      if (!closed && session->silent(now)) {
        log_(fmt::format("session {} of {} is silent and ends", each->first.substr(0, 8), session->owner()));
        silent.push_back(session);
      }
      // Whoever may still ask how it ended is told.
      if ((ended && closed && session->silent(now)) || (ended && ending_) || (closed && *closed >= kDying)) {
        if (!ended) let_go(each->first, *session);
        log_(fmt::format("session {} of {} is over", each->first.substr(0, 8), session->owner()));
        over.push_back(std::move(each->second));
        each = sessions_.erase(each);
      } else {
        ++each;
      }
    }
    lock.unlock();
    for (const auto& session : silent) session->close();
    over.clear();
    lock.lock();
    if (sessions_.empty()) changed_.notify_all();
  }
}

}  // namespace ms2m::agent
