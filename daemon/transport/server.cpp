#include "transport/server.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>
#include <vector>

#include "base/log.h"
#include "platform/peer.h"
#include "proto/limits.h"

namespace mercury::transport {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr auto kNext = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds kPauseMin{20};
constexpr milliseconds kPauseMax{1000};
constexpr const char* kAdminGroup = "mercury-admin";

}  // namespace

Server::Server(asio::io_context& io, platform::Listener& listener, session::Registry& registry,
               const base::Clock& clock)
    : io_(io), listener_(listener), registry_(registry), clock_(clock), pause_(io), drain_timer_(io) {}

Server::~Server() { close(); }

session::PeerIdentity Server::identify(const platform::Peer& peer) const {
  const bool admin = admins_ && platform::is_member(peer, *admins_);
  return {peer.user, peer.pid, peer.user == "0" || peer.user == platform::user_id() || admin};
}

void Server::start() {
  admins_ = platform::group_id(kAdminGroup);  // once: the user database may be slow, and the loop must not wait for it
  asio::co_spawn(io_, accept_loop(), [](const std::exception_ptr& defect) {
    if (defect) std::rethrow_exception(defect);  // without it nobody is served any more: the daemon must end
  });
}

asio::awaitable<void> Server::accept_loop() {
  while (!stopping_) {
    auto [error, stream] = co_await listener_.acceptor().async_accept(kNext);
    if (stopping_) co_return;
    if (!error) {
      on_accepted(std::move(stream));
      continue;
    }
    if (error == asio::error::operation_aborted) co_return;
    if (error == asio::error::connection_aborted) continue;  // it was gone before we came
    on_accept_error(error);
    pause_.expires_after(pause_time_);
    co_await pause_.async_wait(kNext);
  }
}

void Server::on_accept_error(const boost::system::error_code& error) {
  if (pause_time_ == milliseconds::zero()) {
    base::log::warn("accepting failed, new clients wait",
                    {{"reason", error.message()}, {"connections", connections_.size()}});
  }
  pause_time_ = std::clamp(2 * pause_time_, kPauseMin, kPauseMax);
}

void Server::on_accepted(platform::Stream stream) {
  if (pause_time_ != milliseconds::zero()) base::log::info("accepting again");
  pause_time_ = milliseconds::zero();
  platform::hide_from_children(stream);
  const auto peer = platform::peer_of(stream);
  if (!peer) {
    if (!std::exchange(unknown_peer_logged_, true)) {
      base::log::warn("peer unknown, connection closed", {{"reason", peer.error().sentence}});
    }
    return;
  }
  auto connection = std::make_shared<Connection>(std::move(stream), identify(*peer), registry_, clock_,
                                                 static_cast<ConnectionOwner&>(*this));
  if (registry_.refusal(peer->user)) {
    if (refused_ >= kRefusedMax) return;
    connection->mark_refused();
    ++refused_;
  }
  connections_.insert(connection);
  connection->start();
}

void Server::nudge() {
  // A connection that ends leaves the set, so the walk is over a copy.
  for (const auto& connection : std::vector(connections_.begin(), connections_.end())) connection->advance();
}

void Server::on_ended(Connection& connection) {
  if (connection.refused()) --refused_;
  connections_.erase(connection.shared_from_this());
  if (drained_ && connections_.empty()) {
    drain_timer_.cancel();
    asio::post(io_, std::exchange(drained_, nullptr));
  }
}

void Server::drain(std::function<void()> done) {
  stopping_ = true;
  boost::system::error_code ignored;  // nothing to cancel is fine
  listener_.acceptor().cancel(ignored);
  pause_.cancel();
  registry_.drain(clock_.now());
  if (connections_.empty()) {
    asio::post(io_, std::move(done));
    return;
  }
  drained_ = std::move(done);
  drain_timer_.expires_after(milliseconds(limits::goaway_ms));
  drain_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) close();
  });
  nudge();
}

void Server::close() {
  stopping_ = true;
  boost::system::error_code ignored;
  if (listener_.acceptor().is_open()) listener_.acceptor().cancel(ignored);
  pause_.cancel();
  for (const auto& connection : std::vector(connections_.begin(), connections_.end())) connection->close();
}

}  // namespace mercury::transport
