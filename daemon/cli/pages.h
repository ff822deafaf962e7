// The pages of mercuryctl: rows of PROTOCOL.md §8 in, text for a person out. One .cpp a page.
//
// Pure functions of what the daemon sent and a Style: no clock, no terminal, no connection; a test compares whole
// pages. A key that is missing or null becomes "–". Every page ends with a newline, fits style.columns where it can,
// and contains no control character that came from the daemon.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/findings.h"
#include "cli/place.h"
#include "cli/style.h"

namespace mercury::cli {

// `now_s`: Unix time, for "since".
std::string render_status(const nlohmann::json& status, std::int64_t now_s, const Style& style);

// What was asked for, to be said below a list.
struct Listing {
  std::string window;  // empty: the list has none
  std::string sort;
  std::size_t limit = 0;  // rows shown; the others are counted
};

// The last line of a list: "60 rows, last 1m, by time; 10 more with --limit 0".
std::string listing_line(std::size_t rows, std::string_view noun, const Listing& listing, const Style& style);

// `rows` sorted already (routes.h).
std::string render_routes(const nlohmann::json& rows, const Listing& listing, const Style& style);
// `rows`: the series of one route, one a status class. `findings`: all of that route; null if nobody judges.
std::string render_route(const nlohmann::json& rows, const nlohmann::json& findings, std::size_t statements_max,
                         const Here& here, const Style& style);
// The routes that a pattern matches, or those nearest to it; each once.
std::string render_matches(const std::vector<std::string>& titles, const Style& style);

// What `findings` shows, and what it says where there is nothing to show.
struct FindingsList {
  std::vector<RankedFinding> findings;
  std::size_t limit = 0;
  std::string kind;  // asked for; empty: all
  LeftOut left_out;
  double units_judged = 0;  // counted only if there are no findings
  std::size_t routes_judged = 0;
};
std::string render_findings(const FindingsList& list, const Here& here, const Style& style);
// `rows` of `explain`, the finding to be explained first and behind it the same one in other routes.
std::string render_explain(const nlohmann::json& rows, const Here& here, const Style& style);

// Sorts by `listing.sort`: time, calls, p95, rows, repeat.
void sort_statements(nlohmann::json& rows, const std::string& order);
std::string render_statements(const nlohmann::json& rows, const Listing& listing, const Style& style);
// The table alone, for `route` too.
std::string statements_table(const nlohmann::json& rows, std::size_t limit, const Style& style, std::size_t indent);

// Sorts by: duration, queries, db, age.
void sort_units(nlohmann::json& rows, const std::string& order);
std::string render_units(const nlohmann::json& rows, const Listing& listing, const Style& style);

// How much came in between two looks at the daemon; nothing at the first.
struct Rates {
  std::optional<double> units_per_s;
  std::optional<double> queries_per_s;
};
Rates rates_between(const nlohmann::json& earlier, const nlohmann::json& later, double seconds);
// At most `lines` lines.
std::string render_top(const nlohmann::json& status, const nlohmann::json& routes, const Rates& rates,
                       const Listing& listing, std::size_t lines, const Style& style);

// One line of `doctor`.
struct Check {
  enum class State { Ok, Warn };
  State state = State::Ok;
  std::string name;
  std::string finding;
  std::string remedy;  // empty if ok
};
// What the daemon's own status says about its health.
std::vector<Check> check_status(const nlohmann::json& status, const std::string& own_version);
std::string render_doctor(const std::vector<Check>& checks, const Style& style);
nlohmann::json doctor_json(const std::vector<Check>& checks);

}  // namespace mercury::cli
