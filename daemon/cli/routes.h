// The rows of `routes`, as every command that names a route sees them: filtered, in order, numbered.
//
// The number that a person types after `mercuryctl route` is a place in this order, so it must come out the same in
// both commands: sort_routes() is total (equal rows are told apart by their names), and both use the same options.
//
// Thread rules: pure functions.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/style.h"

namespace mercury::cli {

// Drops the rows of other services. An empty `service` keeps all.
void keep_service(nlohmann::json& rows, const std::string& service);

// `order` is one of time, p95, count, queries, errors, db; the largest first. time: all the time spent in the route.
void sort_routes(nlohmann::json& rows, const std::string& order);

// "GET shop/orders/"; for a unit that is no request its kind stands in the method's place: "task shop.tasks.mail".
std::string route_title(const nlohmann::json& row);

// The same route in the same place, whatever its status class: what `route` shows as one.
bool same_route(const nlohmann::json& left, const nlohmann::json& right);

// Grades in rows of a window, which have none: those that the same series has since the start.
void take_grades(nlohmann::json& rows, const nlohmann::json& since_the_start);

// The table of `rows`, numbered from 1. The columns that tell rows apart (status, service, environment, user, run)
// are there only if they do, the findings and
// the grade only if the daemon judges.
std::string routes_table(const nlohmann::json& rows, std::size_t limit, const Style& style);

}  // namespace mercury::cli
