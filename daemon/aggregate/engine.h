// The engine: folds units into tables and tells what is in them.
//
//   Client& client = *engine.attach(user, hello_facts, now);      a connection said HELLO
//   dictionary.define(…)                                          its ids, resolved once
//   engine.fold(client, dictionary, unit, arrival);               each UNIT
//   engine.disconnect(client, ClientState::Ended, now);
//   engine.tick(now);                                             about once a second
//
// Every user has tables of its own (series, statements, samples), so users never share a row or a limit. The
// tables are bounded by the limits of proto/limits.json: over one, facts go to a series or statement named
// `(overflow)`, totals stay right, and `overflowed` counts. A unit that breaks a rule of PROTOCOL.md §5 or §6
// is refused whole: everything is checked before anything is folded.
//
// Ownership: owns the tables and the Clients; a Client reference is valid until it is forgotten, which never
// happens while it is connected. Threads: the loop's. No clock: time is an argument.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aggregate/client.h"
#include "aggregate/dictionary.h"
#include "aggregate/observer.h"
#include "aggregate/tables.h"
#include "analysis/verdict.h"
#include "base/clock.h"
#include "base/result.h"
#include "model/engine_state.h"
#include "model/loss.h"
#include "model/snapshot.h"
#include "model/unit.h"

namespace mercury::aggregate {

// What HELLO says about a client.
struct ClientFacts {
  std::string incarnation;
  model::Labels labels;  // user from the kernel, the rest from HELLO
  std::int64_t pid = 0;
  std::string client;
  std::string release;
  std::uint64_t next_unit = 1;
  model::Thresholds thresholds{};
  std::vector<model::IgnoreRule> ignore{};
  model::Loss said{};  // created and dropped by the client's word; `folded` = what it holds as acknowledged
};

// When a unit ended and when it came, as `session` worked it out from BATCH.
struct Arrival {
  base::Time end;
  base::Time now;
};

enum class Folded { Counted, Duplicate };
using Window = std::optional<std::chrono::minutes>;  // the last 1 to 15 minutes; nullopt: since the start

struct ForgottenCounts {
  std::uint64_t routes = 0;
  std::uint64_t statements = 0;
  std::uint64_t units = 0;
};

class Engine {
 public:
  // `observer`, if there is one, is told of what is judged; it outlives the engine.
  explicit Engine(Observer* observer = nullptr);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // ---- record ----
  // The client of (user, incarnation), new or come back. Error `users_max` if there is no room for another user.
  base::Result<Client*> attach(const ClientFacts& facts, base::Time now);
  // The client's word on how many frames it has numbered so far; a smaller one than before is ignored.
  void on_created(Client& client, std::uint64_t created);
  // Cumulative drops by reason, the client's word. Error `dropped_invalid` if one went down.
  base::Status on_dropped(Client& client, const std::array<std::uint64_t, model::kDropReasons>& totals,
                          std::uint64_t created);
  // Counts one frame. Errors, with nothing folded: id_unknown, id_kind, totals_mismatch, number_invalid, too_many_open.
  base::Result<Folded> fold(Client& client, Dictionary& dictionary, const model::Unit& unit, Arrival arrival);
  // The verdict on the unit that fold() was given last; null: it was not judged, for more parts follow, or it is a
  // duplicate, or was closed as incomplete before. Valid until the next fold().
  [[nodiscard]] const model::Verdict* verdict() const { return verdict_; }
  void disconnect(Client& client, model::ClientState state, base::Time now);
  // Closes units whose parts stopped coming, forgets the oldest clients over the limit.
  void tick(base::Time now);

  // ---- snapshot: what a reader may see; `user` empty: all users ----
  [[nodiscard]] model::Totals totals(std::string_view user) const;
  // At most `most` of them: the connected first, then the newest.
  [[nodiscard]] std::vector<model::ClientRow> clients(std::string_view user, std::size_t most) const;
  // Row keys stay good while rows come and go: a key whose row is gone gives nullopt.
  [[nodiscard]] std::vector<RouteKey> route_keys(std::string_view user) const;
  [[nodiscard]] std::optional<model::RouteRow> route(const RouteKey& key, Window window, base::Time now) const;
  struct RouteName {
    std::string_view service, route;  // valid until the next call that records or resets
  };
  [[nodiscard]] std::optional<RouteName> route_name(const RouteKey& key) const;
  [[nodiscard]] std::optional<model::RouteDetail> route_detail(const RouteKey& key, base::Time now) const;
  [[nodiscard]] std::vector<StatementKey> statement_keys(std::string_view user) const;
  [[nodiscard]] std::optional<model::StatementRow> statement(const StatementKey& key) const;
  [[nodiscard]] std::vector<model::UnitRow> units(std::string_view user) const;  // slowest and open
  [[nodiscard]] std::vector<std::string> users() const;
  struct FindingFilter {
    std::string route{};  // substring, "" for all
    std::string kind{};   // as it is shown, "" for all
    std::string id{};     // hex digits it begins with, "" for all
    bool all = false;     // also those that are gone, constant or ignored
  };
  // The largest saving first, and findings of a whole unit last: they name no place.
  [[nodiscard]] std::vector<FindingKey> finding_keys(std::string_view user, const FindingFilter& filter) const;
  [[nodiscard]] std::optional<model::FindingRow> finding(const FindingKey& key, bool with_sample) const;

  ForgottenCounts reset(std::string_view user);

  // ---- state on disk ----
  [[nodiscard]] model::EngineState save(base::Time now) const;
  // Precondition: nothing was recorded yet. Clients are disconnected until they come back, and open units have
  // part_gap_ms from `now` on.
  void restore(const model::EngineState& state, base::Time now);

  // Grows with everything that would change a saved state: unchanged, nothing needs to be written.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }

 private:
  // What one unit adds to its series, whether it came in one frame or in parts.
  struct Closing {
    const model::UnitHeader& header;
    std::string_view route;
    std::uint64_t cache_hits = 0;
    std::uint64_t cache_misses = 0;
    bool incomplete = false;
    Arrival arrival;
    std::optional<std::uint64_t> memory_bytes{};
  };

  UserTables* tables_of(const std::string& user);
  // Puts the unit's queries into `queries_`, every id resolved. Refuses what PROTOCOL.md §5 does; nothing is folded
  // yet.
  base::Status read(const Client& client, const Dictionary& dictionary, const model::Unit& unit);
  // Folds `queries_` into their statements; `route`: kNoName if it has no series of its own.
  void fold_statements(NameIndex route);
  [[nodiscard]] std::uint32_t same_as(const model::Query& query, std::uint32_t last) const;
  Series& series_of(Client& client, KnownSeries& known, const Closing& closing);
  void fold_series(Series& series, const Closing& closing);
  void note_alias(std::uint8_t id) { aliases_.push_back(id); }
  void note_aliases(Client& client, const Dictionary& dictionary) const;
  // Keeps the sites of the first `most` queries alive in `sites_`, for a unit that they wait for.
  void hold_sites(const Dictionary& dictionary, const model::Unit& unit, std::size_t most);
  void keep_part(Client& client, const Dictionary& dictionary, const model::Unit& unit, HeldQueries& keep);
  // Judges `queries_` with what is held of sub-units, folds the verdict into the series, hands all to the parent.
  void judge(Client& client, Series& series, const Closing& closing, HeldQueries* own);
  void fold_verdict(Client& client, Series& series, const Closing& closing, const model::Verdict& verdict,
                    const HeldQueries& below);
  void hold_for_parent(Client& client, const model::UnitHeader& header, HeldQueries below,
                       const model::Verdict& verdict);
  std::unique_ptr<model::FindingSample> sample_of(const Client& client, const Closing& closing,
                                                  const model::Finding& finding) const;
  base::Status fold_part(Client& client, const Dictionary& dictionary, const model::Unit& unit, Arrival arrival);
  void close_open_units(Client& client, base::Time now);
  void forget_clients(base::Time now);
  void forget(const std::string& key, base::Time now);

  Observer* observer_;
  std::unordered_map<std::string, std::unique_ptr<UserTables>> users_;
  std::unordered_map<std::string, std::unique_ptr<Client>> clients_;  // key: user + '/' + incarnation
  std::uint64_t mark_ = 0;  // the unit that is being read, for Statement's scratch
  analysis::Judge judge_;
  const model::Verdict* verdict_ = nullptr;                      // judge_'s, on the unit that was folded last
  std::vector<model::Query> queries_;                            // scratch: of the unit that is being folded
  std::vector<std::uint8_t> aliases_;                            // scratch: of queries_, neighbours differ
  bool is_sorted_ = true;                                        // whether queries_ are in the order of their start
  std::vector<std::shared_ptr<const model::JudgedSite>> sites_;  // scratch: keeps the sites of queries_ for the parent
  std::uint64_t revision_ = 0;
  base::Time expired_;  // when slots that left the windows were last freed
};

}  // namespace mercury::aggregate
