// One connection as a state machine without I/O: bytes in, bytes out.
//
// `transport` owns a Session for each accepted stream and does nothing but move bytes and time:
//
//   std::span<std::byte> room = session.prepare();     read into it
//   session.commit(bytes_read, now);                   decode, fold, answer
//   session.on_time(now)                               when session.deadline() has passed
//   while (session.produce(now)) write(session.take_output());
//   if (session.finished()) close();                   after the last output is written
//   session.on_closed(now);                            exactly once, however the stream ended
//
//        HELLO            BYE, ERROR, REJECT, GOAWAY+BYE
//   Greeting ──▶ Open ──────────────▶ Discarding ──▶ Finished
//      └── ERROR, REJECT ─────────────────▲     deadline or peer closes
//
// Whatever the peer does wrong ends this session only: it answers with one structured ERROR (PROTOCOL.md §9),
// counts it by code in the Registry, reads on and discards until the peer closes or `discard_ms` passed.
//
// Replies are written in slices: produce() works for at most `reply_slice_ms`, so that transport can serve
// other connections between two slices; it adds nothing while more than a slice of output waits.
//
// Ownership: references to the Registry and the Engine in it, which outlive every session. Threads: the loop's.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "aggregate/engine.h"
#include "base/clock.h"
#include "session/registry.h"
#include "session/reply.h"
#include "wire/data_frames.h"
#include "wire/frame.h"
#include "wire/messages.h"

namespace mercury::session {

// Who is at the other end, by the kernel's word.
struct PeerIdentity {
  std::string user;         // decimal uid, or SID
  std::int64_t pid = 0;     // a label
  bool privileged = false;  // root, the daemon's user, or in mercury-admin: sees all, may reset and stop
};

class Session {
 public:
  // Counts itself in the registry. If the registry is full, the HELLO will be answered with REJECT.
  Session(PeerIdentity peer, Registry& registry, base::Time now);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  std::span<std::byte> prepare();
  void commit(std::size_t bytes, base::Time now);

  // The next moment at which on_time() has something to do.
  [[nodiscard]] std::optional<base::Time> deadline() const;
  void on_time(base::Time now);

  // Works on pending replies; true if take_output() has bytes for the peer.
  bool produce(base::Time now, const base::Clock& clock);
  std::string take_output();
  // Whether produce() has more to do without any input: call it again after other connections had their turn.
  [[nodiscard]] bool busy() const { return !replies_.empty(); }

  // Tells the peer that the daemon is about to end; it has `goaway_ms` to say BYE.
  void go_away(std::string_view reason, base::Time now);

  [[nodiscard]] bool finished() const { return state_ == State::Finished; }
  void on_closed(base::Time now);
  [[nodiscard]] const PeerIdentity& peer() const { return peer_; }

 private:
  friend class Registry;
  enum class State { Greeting, Open, Discarding, Finished };

  void on_frame(const wire::Frame& frame, base::Time now);
  void on_hello(const wire::Frame& frame, base::Time now);
  void on_define(const wire::Frame& frame, base::Time now);
  void on_batch(const wire::Frame& frame, base::Time now);
  void on_unit(const wire::Frame& frame, base::Time now);
  void on_dropped(const wire::Frame& frame, base::Time now);
  void on_bye(base::Time now);
  void on_command(const wire::Frame& frame, base::Time now);
  void greet(const wire::Hello& hello, base::Time now);
  [[nodiscard]] std::string daemon_name() const;
  void acknowledge(base::Time now);
  void report(const model::Unit& unit, base::Time now);
  void supersede(base::Time now);
  void fail(const base::Error& error, std::uint64_t number, base::Time now);
  void reject(const base::Error& error, base::Time now);
  void discard(base::Time now);
  void send(std::string_view frame, base::Time now);
  void set_pressing(bool pressing);

  PeerIdentity peer_;
  Registry& registry_;
  State state_ = State::Greeting;
  std::size_t read_bytes_;  // of the next read
  bool pressing_ = false;   // the last read came back full: more waits
  wire::FrameDecoder decoder_;
  std::string output_;
  std::deque<std::unique_ptr<ReplyStream>> replies_;
  aggregate::Client* client_ = nullptr;  // null: a reader; owned by the engine
  aggregate::Dictionary dictionary_;
  std::uint64_t last_number_ = 0;     // highest on this connection
  std::uint64_t unacknowledged_ = 0;  // frames since the last ACK
  std::optional<wire::Batch> batch_;
  base::Time batch_received_;
  base::Time state_deadline_;  // of Greeting and Discarding, and after GOAWAY of Open
  std::optional<base::Time> ack_deadline_;
  bool reports_ = false;  // the client has the capability
  bool going_away_ = false;
  bool closed_ = false;
};

}  // namespace mercury::session
