// Which route a person means by "3", "orders" or "POST orders".
//
// A number is a place in `routes` with the same options; anything else is a part of the route's name, with a method
// in front if that is needed to tell two apart. The whole name wins over a part of a longer one. If that does not
// leave exactly one route, `complaint` says so and `titles` are those that match, or the nearest.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/daemon_client.h"
#include "cli/options.h"
#include "platform/stream.h"

namespace mercury::cli {

struct RouteChoice {
  std::string complaint;            // empty: a route was found
  std::vector<std::string> titles;  // for the complaint
};

// `rows` becomes the route's series, one a status class; it is of no use with a complaint.
base::Result<RouteChoice> choose_route(DaemonClient& daemon, const Options& options, platform::Deadline deadline,
                                       nlohmann::json& rows);

// The row of `routes` with the number that options.pattern is, with the same options; null with a complaint.
base::Result<RouteChoice> listed_route(DaemonClient& daemon, const Options& options, platform::Deadline deadline,
                                       nlohmann::json& row);
bool is_row_number(const std::string& pattern);

// What to say if no route has options.pattern in its name: those nearest to it.
base::Result<RouteChoice> no_such_route(DaemonClient& daemon, const Options& options, platform::Deadline deadline);

// "POST orders/" → {"POST", "orders/"}; without a method before it: {"", pattern}.
std::pair<std::string, std::string> split_pattern(const std::string& pattern);

}  // namespace mercury::cli
