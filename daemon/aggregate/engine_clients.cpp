// The clients of the engine: who they are, what they say they lost, what they left open, when they are forgotten.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <tuple>

#include "aggregate/engine.h"
#include "proto/limits.h"

namespace mercury::aggregate {
namespace {

using base::Error;

constexpr auto kPartGap = std::chrono::milliseconds(limits::part_gap_ms);
constexpr auto kExpireEvery = std::chrono::minutes(1);

std::string client_key(std::string_view user, std::string_view incarnation) {
  return fmt::format("{}/{}", user, incarnation);
}

// Forgets the queries that wait for their unit to be judged.
void let_go(Client& client) {
  client.held.clear();
  for (auto& [id, open] : client.open) {
    open.held = {};
    open.held.partial = true;
  }
  client.held_count = 0;
}

}  // namespace

Engine::Engine(Observer* observer) : observer_(observer) {}
Engine::~Engine() = default;

UserTables* Engine::tables_of(const std::string& user) {
  if (const auto found = users_.find(user); found != users_.end()) return found->second.get();
  if (users_.size() >= static_cast<std::size_t>(limits::users_max)) return nullptr;
  return users_.emplace(user, std::make_unique<UserTables>(user)).first->second.get();
}

base::Result<Client*> Engine::attach(const ClientFacts& facts, base::Time now) {
  UserTables* tables = tables_of(facts.labels.user);
  if (tables == nullptr) {
    return Error{"users_max", fmt::format("user {} would be one more than the {} users this daemon serves",
                                          facts.labels.user, limits::users_max)};
  }
  std::unique_ptr<Client>& place = clients_[client_key(facts.labels.user, facts.incarnation)];
  if (!place) {
    place = std::make_unique<Client>();
    place->incarnation = facts.incarnation;
    place->tables = tables;
  }
  Client& client = *place;
  client.labels = facts.labels;
  client.pid = facts.pid;
  client.client = facts.client;
  client.state = model::ClientState::Connected;
  client.connected = client.seen = now;
  client.thresholds = facts.thresholds;
  client.ignore = facts.ignore;
  client.loss.created =
      std::max({client.loss.created, facts.said.created, facts.next_unit > 0 ? facts.next_unit - 1 : 0});
  for (std::size_t i = 0; i < model::kDropReasons; ++i) {
    client.loss.dropped[i] = std::max(client.loss.dropped[i], facts.said.dropped[i]);
  }
  if (facts.said.folded > client.loss.acknowledged()) {
    client.loss.lost_in_restart += facts.said.folded - client.loss.acknowledged();
  }
  ++revision_;
  return &client;
}

void Engine::on_created(Client& client, std::uint64_t created) {
  if (created <= client.loss.created) return;
  client.loss.created = created;
  ++revision_;
}

base::Status Engine::on_dropped(Client& client, const std::array<std::uint64_t, model::kDropReasons>& totals,
                                std::uint64_t created) {
  for (std::size_t i = 0; i < model::kDropReasons; ++i) {
    if (totals[i] < client.loss.dropped[i]) {
      return Error{"dropped_invalid",
                   fmt::format("drops for {} went from {} to {}, totals never go down",
                               name_of(static_cast<model::DropReason>(i + 1)), client.loss.dropped[i], totals[i])};
    }
  }
  on_created(client, created);
  std::uint64_t sum = 0;
  for (const std::uint64_t total : totals)
    sum = total > client.loss.created ? UINT64_MAX : sum + std::min(total, UINT64_MAX - sum);
  if (sum > client.loss.created) {
    return Error{"dropped_invalid",
                 fmt::format("more frames are dropped than the {} that were created", client.loss.created)};
  }
  client.loss.dropped = totals;
  ++revision_;
  return base::Done{};
}

void Engine::close_open_units(Client& client, base::Time now) {
  const bool ended = client.state == model::ClientState::Ended;
  for (auto at = client.open.begin(); at != client.open.end();) {
    OpenUnit& open = at->second;
    if (!ended && now - open.seen <= kPartGap) {
      ++at;
      continue;
    }
    client.tables->open_records -= open.records.size();
    client.held_count -= open.held.queries.size();
    client.drop_held(at->first);
    if (!open.counted) {
      ++client.incomplete;
      const Closing closing{open.header, open.route, open.cache_hits, open.cache_misses, true, {open.end, now}};
      KnownSeries unknown;
      fold_series(series_of(client, unknown, closing), closing);
    }
    if (!ended && client.closed_early.size() < static_cast<std::size_t>(limits::open_units_client_max)) {
      client.closed_early[at->first] = open.header.queries;
    }
    client.tables->keep_sample({client.labels, client.incarnation, open.route, open.header, open.end, true,
                                std::move(open.records), open.records_left_out});
    at = client.open.erase(at);
    ++revision_;
  }
  if (client.state != model::ClientState::Connected && now - client.seen > kPartGap) {
    while (!client.held.empty()) client.drop_held(client.held.begin()->first);  // their parents died with it
  }
}

void Engine::disconnect(Client& client, model::ClientState state, base::Time now) {
  client.state = state;
  client.seen = now;
  ++revision_;
  close_open_units(client, now);
  if (state == model::ClientState::Ended) let_go(client);
}

void Engine::tick(base::Time now) {
  for (auto& [key, client] : clients_) close_open_units(*client, now);
  forget_clients(now);
  for (auto& [name, tables] : users_) tables->allow_sweep();
  if (now - expired_ < kExpireEvery) return;
  expired_ = now;
  for (auto& [name, tables] : users_) tables->expire(now);
}

// The user with the most clients pays for the room; of its clients those go first that said BYE, for good.
void Engine::forget_clients(base::Time now) {
  const auto most = static_cast<std::size_t>(limits::clients_max);
  while (clients_.size() > most) {
    std::unordered_map<std::string, std::size_t> counts;
    for (const auto& [key, client] : clients_) ++counts[client->labels.user];
    const std::string largest =
        std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; })->first;
    std::vector<std::tuple<bool, base::Time, std::string>> away;
    for (const auto& [key, client] : clients_) {
      if (client->labels.user != largest || client->state == model::ClientState::Connected) continue;
      away.emplace_back(client->state != model::ClientState::Ended, client->seen, key);
    }
    if (away.empty()) return;
    std::ranges::sort(away);
    away.resize(std::min(away.size(), clients_.size() - most));
    for (const auto& [returns, seen, key] : away) forget(key, now);
  }
}

void Engine::forget(const std::string& key, base::Time now) {
  Client& client = *clients_.at(key);
  client.state = model::ClientState::Ended;
  close_open_units(client, now);
  model::Totals& gone = client.tables->gone;
  gone.loss += client.loss;
  gone.queries += client.queries;
  gone.incomplete += client.incomplete;
  ++gone.clients_gone;
  clients_.erase(key);
  ++revision_;
}

ForgottenCounts Engine::reset(std::string_view user) {
  ForgottenCounts out;
  for (auto& [name, tables] : users_) {
    if (!user.empty() && name != user) continue;
    const UserTables::Forgotten forgotten = tables->forget_all();
    out.routes += forgotten.series;
    out.statements += forgotten.statements;
    out.units += forgotten.samples;
  }
  // What is held refers to statements that were forgotten.
  for (auto& [key, client] : clients_) {
    if (user.empty() || client->labels.user == user) let_go(*client);
  }
  ++revision_;
  return out;
}

}  // namespace mercury::aggregate
