#include "cli/route_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "cli/commands.h"
#include "cli/field.h"
#include "cli/nearest.h"
#include "cli/routes.h"
#include "cli/text.h"

namespace mercury::cli {
namespace {

using base::Result;
using nlohmann::json;

constexpr std::size_t kListedMax = 20;
constexpr std::size_t kNearestShown = 3;

void keep_same(json& rows, const json& wanted) {
  json kept = json::array();
  for (json& row : rows) {
    if (same_route(row, wanted)) kept.push_back(std::move(row));
  }
  rows = std::move(kept);
}

// One row for each route among its series.
std::vector<const json*> distinct(const json& rows) {
  std::vector<const json*> out;
  for (const json& row : rows) {
    if (std::ranges::none_of(out, [&row](const json* other) { return same_route(*other, row); })) out.push_back(&row);
  }
  return out;
}

// A title, and where the route is if its title alone does not tell it from the others.
std::vector<std::string> titles_of(const std::vector<const json*>& routes) {
  std::vector<std::string> titles;
  for (const json* route : routes) {
    std::string title = route_title(*route);
    const auto same =
        std::ranges::count_if(routes, [&title](const json* other) { return route_title(*other) == title; });
    for (const char* key : {"service", "environment", "run", "user"}) {
      const std::string value = field::text(*route, {key});
      if (same > 1 && !value.empty()) title += fmt::format("  {} {}", key, value);
    }
    titles.push_back(std::move(title));
  }
  std::sort(titles.begin(), titles.end());
  return titles;
}

Result<RouteChoice> by_number(DaemonClient& daemon, const Options& options, platform::Deadline deadline, json& rows) {
  json wanted;
  auto choice = listed_route(daemon, options, deadline, wanted);
  if (!choice || !choice->complaint.empty()) return choice;
  auto found = daemon.rows("route",
                           {{"route", field::raw_text(wanted, {"route"})},
                            {"service", field::raw_text(wanted, {"service"})},
                            {"method", field::raw_text(wanted, {"method"})},
                            {"user", options.user}},
                           deadline);
  if (!found) return found.error();
  rows = std::move(*found);
  keep_same(rows, wanted);
  return RouteChoice{};
}

Result<RouteChoice> by_name(DaemonClient& daemon, const Options& options, platform::Deadline deadline, json& rows) {
  const auto [method, part] = split_pattern(options.pattern);
  auto found = daemon.rows(
      "route", {{"route", part}, {"service", options.service}, {"method", method}, {"user", options.user}}, deadline);
  if (!found) return found.error();
  rows = std::move(*found);
  keep_service(rows, options.service);
  std::vector<const json*> routes = distinct(rows);
  if (routes.empty()) return no_such_route(daemon, options, deadline);
  if (routes.size() > 1) {
    std::vector<const json*> whole;
    std::ranges::copy_if(routes, std::back_inserter(whole),
                         [&wanted = part](const json* route) { return field::raw_text(*route, {"route"}) == wanted; });
    if (!whole.empty()) routes = whole;
  }
  if (routes.size() > 1) {
    RouteChoice choice{
        fmt::format(
            "'{}' is in the names of {} routes; say more of it, its method in front, --service, or its row number:",
            printable(options.pattern), routes.size()),
        titles_of(routes)};
    if (choice.titles.size() > kListedMax) {
      const std::size_t more = choice.titles.size() - kListedMax;
      choice.titles.resize(kListedMax);
      choice.titles.push_back(fmt::format("and {} more", more));
    }
    return choice;
  }
  const json wanted = *routes.front();
  keep_same(rows, wanted);
  return RouteChoice{};
}

}  // namespace

bool is_row_number(const std::string& pattern) {
  return !pattern.empty() && std::ranges::all_of(pattern, [](char c) { return c >= '0' && c <= '9'; });
}

Result<RouteChoice> listed_route(DaemonClient& daemon, const Options& options, platform::Deadline deadline, json& row) {
  auto listed = routes_in_order(daemon, options, deadline);
  if (!listed) return listed.error();
  std::size_t number = 0;
  const auto [end, error] =
      std::from_chars(options.pattern.data(), options.pattern.data() + options.pattern.size(), number);
  if (error != std::errc() || number == 0 || number > listed->size()) {
    return RouteChoice{fmt::format("there is no row {}, `mercuryctl routes` has {} with these options", options.pattern,
                                   plural(static_cast<double>(listed->size()), "row")),
                       {}};
  }
  row = std::move((*listed)[number - 1]);
  return RouteChoice{};
}

Result<RouteChoice> no_such_route(DaemonClient& daemon, const Options& options, platform::Deadline deadline) {
  Options everything = options;
  everything.window = "all";
  const auto listed = routes_in_order(daemon, everything, deadline);
  if (!listed) return listed.error();
  std::vector<std::string> names;
  for (const json& row : *listed) names.push_back(route_title(row));
  RouteChoice choice{fmt::format("no route has '{}' in its name", printable(options.pattern)),
                     nearest(options.pattern, names, kNearestShown)};
  choice.complaint += choice.titles.empty() ? "; nothing was measured yet" : "; the nearest:";
  return choice;
}

std::pair<std::string, std::string> split_pattern(const std::string& pattern) {
  constexpr std::array<std::string_view, 10> kMethods{"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                                      "CONNECT", "OPTIONS", "TRACE", "PATCH", "_OTHER"};
  const std::size_t space = pattern.find(' ');
  if (space == std::string::npos) return {"", pattern};
  const std::string method = pattern.substr(0, space);
  if (std::ranges::find(kMethods, method) == kMethods.end()) return {"", pattern};
  return {method, pattern.substr(space + 1)};
}

Result<RouteChoice> choose_route(DaemonClient& daemon, const Options& options, platform::Deadline deadline,
                                 json& rows) {
  return is_row_number(options.pattern) ? by_number(daemon, options, deadline, rows)
                                        : by_name(daemon, options, deadline, rows);
}

}  // namespace mercury::cli
