// A unit's statements over time, in text:
//
//        at ms      ms  0 to 1,234 ms                   statement             calls
//         1.20    0.40  █·····························  SELECT shop_order         1
//         2.10     970  █████████████████████████·····  SELECT shop_customer     51
//
// Calls of one statement in a row are one line, from the first's start to the last's end: an N+1 shows as what it is.
// So does a loop that makes several: statements that come round again three times or more are shown once, and a line
// below them says how often they did.
//
// Thread rules: pure functions.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/style.h"

namespace mercury::cli {

// Roles: what a record is to a finding (PROTOCOL.md §8, `explain`): a mark in front of it instead of the column calls.
enum class Marks { None, Roles };

// `unit`: a row of `units`, or the sample of one of `explain`.
std::string timeline(const nlohmann::json& unit, Marks marks, std::size_t indent, const Style& style);

}  // namespace mercury::cli
