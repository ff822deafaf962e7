#include "transport/connection.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <exception>
#include <span>
#include <utility>

#include "base/log.h"
#include "proto/limits.h"

namespace mercury::transport {
namespace {

namespace asio = boost::asio;
constexpr auto kNext = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kWriteTime{10};  // for 64 KiB to a peer on the same machine

}  // namespace

Connection::Connection(platform::Stream stream, session::PeerIdentity peer, session::Registry& registry,
                       const base::Clock& clock, ConnectionOwner& owner)
    : stream_(std::move(stream)),
      clock_(clock),
      owner_(owner),
      session_(std::move(peer), registry, clock.now()),
      timer_(stream_.get_executor()) {}

void Connection::start() {
  base::log::debug("connection opened", {{"peer_user", session_.peer().user}, {"peer_pid", session_.peer().pid}});
  advance();
}

void Connection::advance() {
  if (closed_) return;
  resume_writing();
  if (closed_) return;
  const bool over = session_.finished() || input_ended_;
  if (over && !writing_) return close();
  if (over && !close_by_) close_by_ = clock_.now() + std::chrono::milliseconds(limits::discard_ms);
  resume_reading();
  arm_timer();
}

// Runs a coroutine, which keeps this connection alive until it has ended. An exception that escapes from it is a defect
// of ours: it costs this connection and says so.
template <typename Body>
void Connection::spawn(Body body) {
  asio::co_spawn(stream_.get_executor(), std::move(body),
                 [self = shared_from_this()](const std::exception_ptr& defect) {
                   if (!defect) return;
                   try {
                     std::rethrow_exception(defect);
                   } catch (const std::exception& error) {
                     base::log::error("connection failed", {{"defect", error.what()}});
                   }
                   self->close();
                 });
}

// ---- reading ----

void Connection::resume_reading() {
  if (reading_ || input_ended_ || session_.finished() || session_.busy()) return;
  reading_ = true;
  spawn([this] { return read_loop(); });
}

asio::awaitable<void> Connection::read_loop() {
  while (!closed_ && !session_.finished() && !session_.busy()) {
    const std::span<std::byte> room = session_.prepare();
    const auto [error, bytes] = co_await stream_.async_read_some(asio::buffer(room.data(), room.size()), kNext);
    if (closed_) co_return;
    if (error) {
      reading_ = false;
      on_input_end(error);
      co_return;
    }
    session_.commit(bytes, clock_.now());
    if (!std::exchange(greeted_, true)) owner_.on_greeting();
    advance();
  }
  reading_ = false;  // until the writer has caught up
}

void Connection::on_input_end(const boost::system::error_code& error) {
  input_ended_ = true;
  if (error != asio::error::eof) return close();
  advance();
}

// ---- writing ----

void Connection::resume_writing() {
  if (writing_) return;
  const bool has_output = session_.produce(clock_.now(), clock_);
  if (!has_output && !session_.busy()) return;
  writing_ = true;
  spawn([this, output = session_.take_output()]() mutable { return write_loop(std::move(output)); });
}

asio::awaitable<void> Connection::write_loop(std::string output) {
  for (;;) {
    if (!output.empty()) {
      write_by_ = clock_.now() + kWriteTime;
      arm_timer();
      const auto [error, bytes] = co_await asio::async_write(stream_, asio::buffer(output), kNext);
      write_by_.reset();
      if (closed_) co_return;
      if (error) {
        close();
        co_return;
      }
    }
    if (session_.busy()) co_await asio::post(stream_.get_executor(), kNext);
    if (closed_) co_return;
    const bool has_output = session_.produce(clock_.now(), clock_);
    if (!has_output && !session_.busy()) break;
    output = session_.take_output();
  }
  writing_ = false;
  advance();
}

// ---- time ----

std::optional<base::Time> Connection::deadline() const {
  std::optional<base::Time> first = session_.deadline();
  for (const std::optional<base::Time>& other : {close_by_, write_by_}) {
    if (other && (!first || *other < *first)) first = other;
  }
  return first;
}

// A timer that would fire too early is left alone: on_timer() finds nothing to do and arms it again. Most deadlines
// are those of an ACK that was sent long before.
void Connection::arm_timer() {
  const std::optional<base::Time> next = deadline();
  if (!next || (armed_ && *armed_ <= *next)) return;
  armed_ = next;
  timer_.expires_after(std::max(base::Duration::zero(), *next - clock_.now()));
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->on_timer();
  });
}

void Connection::on_timer() {
  if (closed_) return;
  armed_.reset();
  const base::Time now = clock_.now();
  if ((close_by_ && now >= *close_by_) || (write_by_ && now >= *write_by_)) return close();
  if (const auto due = session_.deadline(); due && now >= *due) session_.on_time(now);
  advance();
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  session_.on_closed(clock_.now());
  timer_.cancel();
  boost::system::error_code ignored;  // the descriptor is gone either way
  stream_.close(ignored);
  base::log::debug("connection closed", {{"peer_user", session_.peer().user}, {"peer_pid", session_.peer().pid}});
  owner_.on_ended(*this);
}

}  // namespace mercury::transport
