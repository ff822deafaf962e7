// What the views share: nlohmann values from times and distributions. Only for .cpp files of this room.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/clock.h"
#include "model/snapshot.h"

namespace mercury::view {

using Json = nlohmann::ordered_json;

// A distribution's value in its own unit (ns, or a count) divided by `unit`; null if there is nothing.
inline Json number(const model::Distribution& of, double value, double unit) {
  return of.count == 0 ? Json(nullptr) : Json(value / unit);
}
inline constexpr double kMs = 1e6;

inline double seconds_between(base::Time from, base::Time to) {
  return std::max(0.0, std::chrono::duration<double>(to - from).count());
}

inline double mean(const model::Distribution& of) { return of.count == 0 ? 0 : of.sum / static_cast<double>(of.count); }

std::string hex(std::uint64_t id);
std::string dump(const Json& value);
std::string status_class_text(std::uint8_t status_class);  // "2xx", ""
Json record_flags_json(std::uint16_t flags);               // ["many", …]
Json statement_json(const model::StatementRow& row);
Json loss_json(const model::Loss& loss, std::uint64_t open, std::uint64_t incomplete);

}  // namespace mercury::view
