// Reading what the daemon sent without trusting it: a key that is missing, null or of another type is simply not
// there. A daemon of another version must never make a page throw.
//
//   field::number(row, {"duration_ms", "p95"})   → 12.3, or nothing
//   field::text(row, {"route"})                  → printable text, or ""
//
// Thread rules: pure functions.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace mercury::cli::field {

using Path = std::initializer_list<const char*>;

// What stands at `path`; a null where there is nothing. The reference lives as long as `row`.
const nlohmann::json& at(const nlohmann::json& row, Path path);

std::optional<double> number(const nlohmann::json& row, Path path);
double number_or(const nlohmann::json& row, Path path, double missing);

// A line or a column: a whole number of a sensible size, else 0.
std::size_t index(const nlohmann::json& row, Path path);

// The sum of an object's numbers: all drops, all errors. 0 if it is none.
double sum(const nlohmann::json& counts);

// As it came: to compare, to send back. Never print it.
std::string raw_text(const nlohmann::json& row, Path path);
// To print: through printable(). A number is shown as its digits.
std::string text(const nlohmann::json& row, Path path);

}  // namespace mercury::cli::field
