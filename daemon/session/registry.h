// What the sessions of one daemon share: the engine, facts about the daemon, who is connected, and counters.
//
// The composition root makes one Registry and hands it to every Session. It holds the limits on connections,
// counts protocol errors and refused handshakes by code, and finds the session that a new connection of the
// same incarnation supersedes. Host is what a session may ask of the daemon around it; tests give a fake.
//
// Ownership: references to Engine and Host, which outlive it; sessions enter and leave by themselves.
// Threads: the loop's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "aggregate/engine.h"
#include "base/clock.h"
#include "base/result.h"

namespace mercury::session {

class Session;

// The state on disk, as the daemon keeps it.
struct SnapshotFacts {
  std::string path;                   // empty: nothing is kept on disk
  std::optional<base::Time> written;  // by this daemon
  bool behind = false;                // something changed since
};

class Host {
 public:
  virtual ~Host() = default;
  [[nodiscard]] virtual std::uint64_t memory_bytes() const = 0;
  [[nodiscard]] virtual SnapshotFacts snapshot() const = 0;
  // The daemon stops as on SIGTERM, after the reply that is being written.
  virtual void request_shutdown() = 0;
};

struct Facts {
  std::string version;  // "0.1.0"
  std::string address;  // as peers would write it
  std::int64_t pid = 0;
  base::Time started;
  std::uint64_t restarts = 0;               // starts of this state directory before this one
  std::optional<base::Time> restored_from;  // when the snapshot read at start was written
};

class Registry {
 public:
  Registry(aggregate::Engine& engine, Host& host, Facts facts)
      : engine_(engine), host_(host), facts_(std::move(facts)) {}

  void enter(Session& session);
  void leave(Session& session);
  // Why a new connection of this user must be refused, if it must.
  [[nodiscard]] std::optional<base::Error> refusal(const std::string& user) const;
  // The client is now served by `session`; the one that served it before gets the ERROR `superseded`.
  void serve(const aggregate::Client& client, Session& session, base::Time now);
  void release(const aggregate::Client& client, const Session& session);

  // From now on every HELLO is answered with REJECT `stopping`, and every open session is told to go away.
  void drain(base::Time now);
  [[nodiscard]] bool draining() const { return draining_; }
  [[nodiscard]] std::size_t connections() const { return sessions_.size(); }
  // Connections that are clients or have not said yet; readers do not keep an idle daemon alive.
  [[nodiscard]] std::size_t clients() const { return serving_.size(); }

  // Sessions whose last read came back full share what is read in one turn of the loop.
  void count_pressing(bool begins) { pressing_ += begins ? std::size_t{1} : ~std::size_t{0}; }
  [[nodiscard]] std::size_t share_of_turn() const {
    return std::clamp(kTurnBytes / std::max<std::size_t>(pressing_, 1), kShareMin, kTurnBytes);
  }

  void count_error(const std::string& code) { ++errors_[code]; }
  void count_reject(const std::string& code) { ++rejects_[code]; }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& errors() const { return errors_; }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& rejects() const { return rejects_; }

  aggregate::Engine& engine() { return engine_; }
  Host& host() { return host_; }
  [[nodiscard]] const Facts& facts() const { return facts_; }

 private:
  static constexpr std::size_t kTurnBytes = 256 * 1024;  // some 0.4 ms of folding
  static constexpr std::size_t kShareMin = 16 * 1024;

  aggregate::Engine& engine_;
  Host& host_;
  Facts facts_;
  std::unordered_set<Session*> sessions_;
  std::unordered_map<std::string, std::size_t> by_user_;
  std::unordered_map<const aggregate::Client*, Session*> serving_;
  std::map<std::string, std::uint64_t> errors_;
  std::map<std::string, std::uint64_t> rejects_;
  std::size_t pressing_ = 0;
  bool draining_ = false;
};

}  // namespace mercury::session
