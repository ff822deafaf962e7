#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/field.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "cli/text.h"

namespace mercury::cli {
namespace {

using nlohmann::json;

std::string count(const json& row, field::Path path) { return number_text(field::number(row, path)); }

std::string fact(const char* name, const std::string& value, const Style& style) {
  constexpr std::size_t kNameColumns = 10;
  return "  " + paint(pad_right(name, kNameColumns), Tone::Dim, style) + value + "\n";
}

// "buffer_full 12, exit 3", or "none".
std::string counts_text(const json& counts) {
  std::string out;
  if (!counts.is_object()) return "none";
  for (const auto& [name, value] : counts.items()) {
    if (!value.is_number() || value.get<double>() == 0) continue;
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", printable(name), number_text(value.get<double>()));
  }
  return out.empty() ? "none" : out;
}

// "7 (3 n_plus_one, 4 slow_query)"
std::string findings_text(const json& status) {
  const json& findings = field::at(status, {"findings"});
  if (findings.is_number()) return number_text(findings.get<double>());
  std::string kinds;
  if (const json& by_kind = field::at(findings, {"by_kind"}); by_kind.is_object()) {
    for (const auto& [kind, value] : by_kind.items()) {
      if (!value.is_number() || value.get<double>() == 0) continue;
      kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", number_text(value.get<double>()), printable(kind));
    }
  }
  return count(findings, {"total"}) + (kinds.empty() ? "" : " (" + kinds + ")");
}

std::string head(const json& status, std::int64_t now_s, const Style& style) {
  const auto uptime = field::number(status, {"uptime_s"});
  const std::string state = field::text(status, {"state"});
  std::string out = paint("mercuryd " + field::text(status, {"version"}), Tone::Strong, style);
  out += " is " + paint(state.empty() ? "running" : state, state == "draining" ? Tone::Warn : Tone::Good, style);
  out += ", pid " + field::text(status, {"pid"}) + ", protocol " + field::text(status, {"protocol"}) + "\n";
  if (uptime) {
    const std::string since = time_text(now_s - static_cast<std::int64_t>(std::clamp(*uptime, 0.0, 1e11)));
    out += fact("up", fmt::format("{}, since {}", seconds_text(uptime), since), style);
  }
  out += fact("address", field::text(status, {"address"}), style);
  out += fact("memory", bytes_text(field::number(status, {"memory_bytes"})), style);
  const auto restored = field::number(status, {"restored"});
  out += fact("restarts",
              count(status, {"restarts"}) +
                  (restored ? fmt::format("; began with a snapshot {} old", seconds_text(restored)) : ""),
              style);
  return out;
}

// PROTOCOL.md §6: created = acknowledged + Σ dropped + buffered. Checked here again, not believed.
std::string invariant(const json& units, const Style& style) {
  const double created = field::number_or(units, {"created"}, 0);
  const double dropped = field::sum(field::at(units, {"dropped"}));
  const double accounted =
      field::number_or(units, {"acknowledged"}, 0) + dropped + field::number_or(units, {"buffered"}, 0);
  const std::string line =
      fmt::format("{} created = {} acknowledged + {} dropped + {} buffered ", number_text(created),
                  count(units, {"acknowledged"}), number_text(dropped), count(units, {"buffered"}));
  if (created == accounted) return line + paint("✓", Tone::Good, style);
  return line +
         paint(fmt::format("✗ ({} not accounted for)", number_text(std::abs(created - accounted))), Tone::Bad, style);
}

// What the limits kept out of the findings; nothing, where they kept out nothing.
std::string findings_left_out(const json& status, const Style& style) {
  std::string out;
  for (const auto& [key, what] : {std::pair{"overflowed", " not listed: there is no room for more"},
                                  std::pair{"partial", " units judged without some of their queries"}}) {
    if (field::number_or(status, {"findings", key}, 0) == 0) continue;
    out += fact("", paint(count(status, {"findings", key}) + what, Tone::Warn, style), style);
  }
  return out;
}

std::string measured(const json& status, const Style& style) {
  const json& units = field::at(status, {"units"});
  const json& dropped = field::at(units, {"dropped"});
  std::string out = paint("Measured", Tone::Strong, style) + "\n";
  out += fact("units", invariant(units, style), style);
  out += fact("",
              fmt::format("{} received, {} duplicates, {} lost in restarts", count(units, {"received"}),
                          count(units, {"duplicates"}), count(units, {"lost_in_restart"})),
              style);
  out += fact("", fmt::format("{} open, {} incomplete", count(units, {"open"}), count(units, {"incomplete"})), style);
  const bool some_dropped = field::sum(dropped) > 0;
  out += fact("dropped", paint(counts_text(dropped), some_dropped ? Tone::Warn : Tone::Plain, style), style);
  out += fact("queries", count(status, {"queries", "received"}), style);
  const bool overflowed = field::number_or(status, {"series", "overflowed"}, 0) > 0;
  out += fact(
      "series",
      fmt::format(
          "{} routes, {} statements, {}", count(status, {"series", "routes"}), count(status, {"series", "statements"}),
          paint(count(status, {"series", "overflowed"}) + " overflowed", overflowed ? Tone::Warn : Tone::Plain, style)),
      style);
  out += fact("findings", findings_text(status), style);
  out += findings_left_out(status, style);
  for (const char* name : {"errors", "rejects"}) {
    const json& counts = field::at(status, {name});
    out += fact(name, paint(counts_text(counts), field::sum(counts) > 0 ? Tone::Warn : Tone::Plain, style), style);
  }
  return out;
}

Tone tone_of_state(const std::string& state) {
  if (state == "connected") return Tone::Good;
  return state == "disconnected" ? Tone::Warn : Tone::Dim;
}

std::string clients_table(const json& clients, const Style& style) {
  Table table({{"service", Align::Left, 8},
               {"environment", Align::Left, kRigid, 4},
               {"pid", Align::Right},
               {"user", Align::Left, kRigid, 3},
               {"client", Align::Left, 10, 2},
               {"state"},
               {"connected", Align::Right, kRigid, 1},
               {"units", Align::Right},
               {"acknow-\nledged", Align::Right},
               {"dropped", Align::Right},
               {"buffered", Align::Right},
               {"queries", Align::Right}});
  for (const json& client : clients) {
    const std::string state = field::text(client, {"state"});
    const double dropped = field::sum(field::at(client, {"units", "dropped"}));
    const json& since = field::at(client, {"connected_s"});
    table.add({field::text(client, {"service"}),
               field::text(client, {"environment"}),
               field::text(client, {"pid"}),
               field::text(client, {"user"}),
               field::text(client, {"client"}),
               {state, tone_of_state(state)},
               since.is_number() ? seconds_text(since.get<double>()) : std::string(kNothing),
               count(client, {"units", "created"}),
               count(client, {"units", "acknowledged"}),
               {number_text(dropped), dropped > 0 ? Tone::Warn : Tone::Plain},
               count(client, {"units", "buffered"}),
               count(client, {"queries"})});
  }
  return table.render(style, 2);
}

}  // namespace

std::string render_status(const json& status, std::int64_t now_s, const Style& style) {
  std::string page = head(status, now_s, style) + "\n" + measured(status, style) + "\n";
  const json& clients = field::at(status, {"clients"});
  page += paint("Clients", Tone::Strong, style);
  const double gone = field::number_or(status, {"gone", "clients"}, 0);
  if (gone > 0) page += fmt::format(" ({} more were forgotten; the sums above hold them)", number_text(gone));
  if (!clients.is_array() || clients.empty()) return page + "\n  none\n";
  page += "\n" + clients_table(clients, style);
  const double left_out = field::number_or(status, {"clients_left_out"}, 0);
  if (left_out > 0) page += fmt::format("  {} more are not listed\n", number_text(left_out));
  return page;
}

}  // namespace mercury::cli
