#include "session/reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>

#include "proto/limits.h"
#include "session/session.h"
#include "view/rows.h"
#include "wire/frame.h"

namespace mercury::session {
namespace {

using base::Error;

constexpr std::size_t kRowBytesMax = static_cast<std::size_t>(limits::frame_bytes_max) - 64 * 1024;
constexpr std::size_t kRowsBytes = 32 * 1024;  // a REPLY frame is written when its rows reach this

std::string reply_head(std::int64_t request_id, bool more) {
  return fmt::format(R"({{"request_id":{},"more":{},"schema_version":{},)", request_id, more, view::kSchemaVersion);
}

// A reply that would not fit a frame is an error of ours, and the peer must be able to read on.
std::string reply_frame(std::int64_t request_id, std::string_view json) {
  if (json.size() <= static_cast<std::size_t>(limits::frame_bytes_max))
    return wire::encode_frame(wire::FrameType::Reply, json);
  return wire::encode_frame(
      wire::FrameType::Reply,
      view::error_reply(request_id, "internal",
                        fmt::format("an answer of {} bytes is longer than a frame", json.size())));
}

// An answer of one frame that is known when the command arrives.
class ShortReply final : public ReplyStream {
 public:
  explicit ShortReply(std::string frame) : frame_(std::move(frame)) {}
  bool next(std::string& out, base::Time /*now*/, const std::function<bool()>& /*more_time*/) override {
    out += frame_;
    return false;
  }

 private:
  std::string frame_;
};

std::unique_ptr<ReplyStream> short_result(std::int64_t request_id, const std::string& row) {
  return std::make_unique<ShortReply>(
      reply_frame(request_id, reply_head(request_id, false) + "\"result\":" + row + "}"));
}

std::unique_ptr<ReplyStream> short_error(std::int64_t request_id, const Error& error) {
  return std::make_unique<ShortReply>(
      reply_frame(request_id, view::error_reply(request_id, error.code, error.sentence)));
}

// Rows made from keys that are listed when the first row is wanted; a key whose row is gone by its turn is skipped.
template <typename Key>
class RowsReply final : public ReplyStream {
 public:
  using ListKeys = std::function<std::vector<Key>()>;
  using MakeRow = std::function<std::optional<std::string>(const Key&, base::Time)>;
  RowsReply(std::int64_t request_id, ListKeys list_keys, MakeRow make_row)
      : request_id_(request_id), list_keys_(std::move(list_keys)), make_row_(std::move(make_row)) {}

  bool next(std::string& out, base::Time now, const std::function<bool()>& more_time) override {
    if (list_keys_) keys_ = std::exchange(list_keys_, nullptr)();
    do {
      std::string rows;
      bool first = true;
      while (at_ < keys_.size() && rows.size() < kRowsBytes && (std::exchange(first, false) || more_time())) {
        // A row that would not fit a frame would take the others with it.
        if (auto row = make_row_(keys_[at_++], now); row && row->size() <= kRowBytesMax) {
          if (!rows.empty()) rows += ',';
          rows += *row;
        }
      }
      const bool more = at_ < keys_.size();
      out += reply_frame(request_id_, reply_head(request_id_, more) + "\"rows\":[" + rows + "]}");
      if (!more) return false;
    } while (more_time());
    return true;
  }

 private:
  std::int64_t request_id_;
  ListKeys list_keys_;
  std::vector<Key> keys_;
  MakeRow make_row_;
  std::size_t at_ = 0;
};

template <typename ListKeys, typename MakeRow>
std::unique_ptr<ReplyStream> rows_reply(std::int64_t request_id, ListKeys list_keys, MakeRow make_row) {
  using Key = typename std::invoke_result_t<ListKeys>::value_type;
  return std::make_unique<RowsReply<Key>>(request_id, std::move(list_keys), std::move(make_row));
}

base::Result<aggregate::Window> window_of(std::string_view text) {
  using namespace std::chrono_literals;
  constexpr std::array<std::pair<std::string_view, aggregate::Window>, 5> kWindows{
      {{"", std::nullopt}, {"all", std::nullopt}, {"1m", 1min}, {"5m", 5min}, {"15m", 15min}}};
  for (const auto& [name, window] : kWindows) {
    if (name == text) return window;
  }
  return Error{"arguments_invalid", fmt::format("window is '{}', allowed are 1m, 5m, 15m and all", text)};
}

// Whose rows the peer gets to see: "" for all users.
base::Result<std::string> scope_of(const wire::Command& command, const PeerIdentity& peer) {
  const std::string wanted(command.argument("user"));
  if (peer.privileged) return wanted == "all" ? std::string() : wanted;
  if (wanted.empty() || wanted == peer.user) return peer.user;
  return Error{"permission_denied",
               fmt::format("user {} may not see what belongs to '{}'; root, the daemon's user and the group "
                           "mercury-admin may",
                           peer.user, wanted)};
}

std::string status_of(Registry& registry, const std::string& scope, base::Time now) {
  const Facts& facts = registry.facts();
  view::StatusFacts out;
  out.version = facts.version;
  out.pid = facts.pid;
  out.address = facts.address;
  out.draining = registry.draining();
  out.started = facts.started;
  out.memory_bytes = registry.host().memory_bytes();
  out.restarts = facts.restarts;
  out.restored_from = facts.restored_from;
  const SnapshotFacts snapshot = registry.host().snapshot();
  out.snapshot_path = snapshot.path;
  out.snapshot_written = snapshot.written;
  out.snapshot_behind = snapshot.behind;
  out.connections = registry.connections();
  out.errors = registry.errors();
  out.rejects = registry.rejects();
  return view::status_row(out, registry.engine().totals(scope),
                          registry.engine().clients(scope, view::kClientsShownMax), now);
}

// Status is made when it is written, not when it was asked for.
class StatusReply final : public ReplyStream {
 public:
  StatusReply(std::int64_t request_id, Registry& registry, std::string scope)
      : request_id_(request_id), registry_(registry), scope_(std::move(scope)) {}
  bool next(std::string& out, base::Time now, const std::function<bool()>& /*more_time*/) override {
    out += reply_frame(request_id_,
                       reply_head(request_id_, false) + "\"result\":" + status_of(registry_, scope_, now) + "}");
    return false;
  }

 private:
  std::int64_t request_id_;
  Registry& registry_;
  std::string scope_;
};

std::vector<aggregate::RouteKey> matching_routes(Registry& registry, const std::string& scope,
                                                 const wire::Command& command) {
  std::vector<aggregate::RouteKey> keys = registry.engine().route_keys(scope);
  const auto differs = [&](std::string_view name, std::string_view value) {
    const std::string_view wanted = command.argument(name);
    return !wanted.empty() && wanted != value;
  };
  std::erase_if(keys, [&](const aggregate::RouteKey& key) {
    const auto name = registry.engine().route_name(key);
    return !name || name->route.find(command.argument("route")) == std::string::npos ||
           differs("service", name->service) || differs("method", model::name_of(key.key.method));
  });
  return keys;
}

constexpr std::size_t kIdDigitsMin = 4;

std::unique_ptr<ReplyStream> findings(const wire::Command& command, const std::string& scope,
                                      aggregate::Engine& engine) {
  aggregate::Engine::FindingFilter filter;
  const bool explain = command.command == "explain";
  if (explain) {
    filter.id = command.argument("id");
    filter.all = true;
    const bool is_hex = filter.id.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (filter.id.size() < kIdDigitsMin || !is_hex) {
      return short_error(command.request_id,
                         {"arguments_invalid", fmt::format("id is '{}', it must be at least {} lower-case hex digits",
                                                           filter.id, kIdDigitsMin)});
    }
  } else {
    filter.route = command.argument("route");
    filter.kind = command.argument("kind");
    filter.all = command.argument("all") == "true";
  }
  return rows_reply(
      command.request_id, [&engine, scope, filter] { return engine.finding_keys(scope, filter); },
      [&engine, explain](const aggregate::FindingKey& key, base::Time now) -> std::optional<std::string> {
        const auto row = engine.finding(key, explain);
        if (!row) return std::nullopt;
        return view::finding_row(*row, explain, now);
      });
}

std::unique_ptr<ReplyStream> listing(const wire::Command& command, const std::string& scope, Registry& registry) {
  aggregate::Engine& engine = registry.engine();
  const std::int64_t id = command.request_id;
  if (command.command == "status") return std::make_unique<StatusReply>(id, registry, scope);
  if (command.command == "routes") {
    auto window = window_of(command.argument("window"));
    if (!window) return short_error(id, window.error());
    return rows_reply(
        id, [&engine, scope] { return engine.route_keys(scope); },
        [&engine, window = *window](const aggregate::RouteKey& key, base::Time now) -> std::optional<std::string> {
          const auto row = engine.route(key, window, now);
          if (!row || row->window.count == 0) return std::nullopt;
          return view::route_row(*row, now);
        });
  }
  if (command.command == "route") {
    return rows_reply(
        id, [&registry, scope, command] { return matching_routes(registry, scope, command); },
        [&engine](const aggregate::RouteKey& key, base::Time now) -> std::optional<std::string> {
          const auto detail = engine.route_detail(key, now);
          if (!detail) return std::nullopt;
          return view::route_detail_row(*detail, now);
        });
  }
  if (command.command == "statements") {
    return rows_reply(
        id, [&engine, scope] { return engine.statement_keys(scope); },
        [&engine](const aggregate::StatementKey& key, base::Time /*now*/) -> std::optional<std::string> {
          const auto row = engine.statement(key);
          if (!row) return std::nullopt;
          return view::statement_row(*row);
        });
  }
  if (command.command == "findings" || command.command == "explain") return findings(command, scope, engine);
  return rows_reply(
      id, [&engine, scope] { return engine.units(scope); },
      [](const model::UnitRow& row, base::Time now) -> std::optional<std::string> { return view::unit_row(row, now); });
}

std::unique_ptr<ReplyStream> shutdown(const wire::Command& command, const PeerIdentity& peer, Registry& registry) {
  if (!peer.privileged) {
    return short_error(command.request_id,
                       {"permission_denied", fmt::format("user {} may not stop the daemon; root, the daemon's user "
                                                         "and the group mercury-admin may",
                                                         peer.user)});
  }
  registry.host().request_shutdown();
  return short_result(command.request_id, R"({"stopping":true})");
}

}  // namespace

std::unique_ptr<ReplyStream> make_reply(const wire::Command& command, const PeerIdentity& peer, Registry& registry) {
  constexpr std::array<std::string_view, 7> kListings{"status", "routes",   "route",  "statements",
                                                      "units",  "findings", "explain"};
  const bool lists = std::ranges::find(kListings, command.command) != kListings.end();
  if (command.command == "shutdown") return shutdown(command, peer, registry);
  if (!lists && command.command != "reset") {
    return short_error(
        command.request_id,
        {"command_unknown", fmt::format("command '{}', known are status, routes, route, statements, units, findings, "
                                        "explain, reset and shutdown",
                                        command.command)});
  }
  auto scope = scope_of(command, peer);
  if (!scope) return short_error(command.request_id, scope.error());
  if (lists) return listing(command, *scope, registry);
  const aggregate::ForgottenCounts forgotten = registry.engine().reset(*scope);
  return short_result(command.request_id, view::reset_row(forgotten.routes, forgotten.statements, forgotten.units));
}

}  // namespace mercury::session
