#include "session/registry.h"

#include <fmt/format.h>

#include <vector>

#include "proto/limits.h"
#include "session/session.h"

namespace mercury::session {

void Registry::enter(Session& session) {
  sessions_.insert(&session);
  ++by_user_[session.peer().user];
}

void Registry::leave(Session& session) {
  if (sessions_.erase(&session) == 0) return;
  const auto at = by_user_.find(session.peer().user);
  if (--at->second == 0) by_user_.erase(at);
}

// Called when the session has entered already, so the limits are compared with it counted.
std::optional<base::Error> Registry::refusal(const std::string& user) const {
  if (draining_) return base::Error{"stopping", "the daemon is stopping; connect again in a moment"};
  if (sessions_.size() > static_cast<std::size_t>(limits::connections_max)) {
    return base::Error{"connections_max",
                       fmt::format("{} connections are open, which is the limit", limits::connections_max)};
  }
  if (const auto at = by_user_.find(user);
      at != by_user_.end() && at->second > static_cast<std::size_t>(limits::connections_user_max)) {
    return base::Error{"connections_max", fmt::format("user {} has {} connections open, which is the limit", user,
                                                      limits::connections_user_max)};
  }
  return std::nullopt;
}

void Registry::serve(const aggregate::Client& client, Session& session, base::Time now) {
  Session*& place = serving_[&client];
  if (place != nullptr && place != &session) place->supersede(now);
  place = &session;
}

void Registry::release(const aggregate::Client& client, const Session& session) {
  const auto at = serving_.find(&client);
  if (at != serving_.end() && at->second == &session) serving_.erase(at);
}

void Registry::drain(base::Time now) {
  draining_ = true;
  const std::vector<Session*> open(sessions_.begin(), sessions_.end());
  for (Session* session : open) session->go_away("stopping", now);
}

}  // namespace mercury::session
