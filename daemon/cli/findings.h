// The rows of `findings`, as every command that shows or judges them sees them: ranked, filtered, in words.
//
// The rank that a person types after `mercuryctl explain` is a place among all findings of the daemon, open ones
// first, so it is the same whatever `findings` was filtered by: rank_findings() is total, and filters come after it.
//
// Thread rules: pure functions. Texts are printable().
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"
#include "cli/place.h"
#include "cli/style.h"

namespace mercury::cli {

// A row and its place from 1; 0 where a page has no ranks. The row belongs to whoever ranked it.
struct RankedFinding {
  std::size_t rank = 0;
  const nlohmann::json* row = nullptr;
};

// Open ones first, then the largest saving first; equal ones by their id and route. `rows` must outlive the result.
std::vector<RankedFinding> rank_findings(const nlohmann::json& rows);

// Neither gone, constant nor ignored. A state that is not known is open.
bool is_open(const nlohmann::json& finding);

// Of the route that a row of `routes` is about.
bool is_in_route(const nlohmann::json& finding, const nlohmann::json& route);

// Takes those that are not open out of `findings`.
struct LeftOut {
  std::size_t gone = 0;
  std::size_t constant = 0;
  std::size_t ignored = 0;
};
LeftOut leave_out_closed(std::vector<RankedFinding>& findings);
// "Left out: 3 gone, 1 ignored." or "".
std::string left_out_text(const LeftOut& left_out);

// Open, of the gate's kind, and of its level or worse. A level that is not known is the worst.
bool fails(const nlohmann::json& finding, const Gate& gate);

// "GET shop/orders/"; a status class other than 2xx stands behind it.
std::string finding_route(const nlohmann::json& finding);
// "N+1 queries in GET shop/orders/"
std::string finding_title(const nlohmann::json& finding);
// "fail, severe, likely"; for one that is not open its state stands in front.
std::string standing_text(const nlohmann::json& finding);
Tone tone_of(const nlohmann::json& finding);
// The first 8 digits.
std::string short_id(const nlohmann::json& finding);

// "request", "task", "run" …, of what the finding was seen in; with a count: "1 request", "3 requests".
std::string unit_noun(const nlohmann::json& finding);
std::string units_text(double count, const nlohmann::json& finding);
// "12 of 40 requests"
std::string seen_in_text(const nlohmann::json& finding);
// "31 queries in one request (25 to 31), 12 of 40 requests, 340 ms lost"
std::string numbers_text(const nlohmann::json& finding);

bool is_loop(const nlohmann::json& finding);  // its kind counts calls of one statement

// One block for each, as `findings` and `route` show them: at most `limit` of them.
std::string finding_blocks(const std::vector<RankedFinding>& findings, std::size_t limit, const Here& here,
                           const Style& style);

}  // namespace mercury::cli
