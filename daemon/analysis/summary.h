// A statement in a few words: the operation and its targets, `SELECT shop_order shop_customer`.
//
// This is OpenTelemetry's `db.query.summary`: what a person reads in a table of statements, with far fewer
// different values than there are statements. It is read off the normalised text (fingerprint.h), so it holds no
// literal, and needs no vendor.
//
// The definition:
// - Operations: SELECT wherever it stands; INSERT, UPDATE, DELETE, REPLACE, MERGE, TRUNCATE, CREATE, ALTER, DROP
//   where a statement can start (first, or after `;` `(` `)`, or first of its kind after EXPLAIN) and no `(` follows.
//   CREATE, ALTER and DROP take the first TABLE, VIEW or INDEX after them along. An operation equal to the one
//   before is not repeated: a sub-query adds its tables. A text without any has its first word, in upper case.
// - Targets: the names after INTO, UPDATE, TRUNCATE, TABLE, VIEW, the ON of an INDEX (tables), and after FROM, JOIN,
//   the USING of DELETE and MERGE (sources); after FROM, USING, UPDATE, TRUNCATE and DROP also behind each comma.
//   Not: a source that is a call (`unnest(…)`), a name that the statement itself defines (`x AS (…)`, `x(a, b) AS
//   (…)`), the FROM of `EXTRACT(YEAR FROM …)` and `IS DISTINCT FROM`, the UPDATE of `FOR UPDATE` and `DO UPDATE`.
//   A target is written once per operation.
// - A name is written with its dots and without quotes; with them if it holds anything but letters, digits, `_`,
//   `$`, `#` and bytes ≥ 0x80.
// - At most 255 bytes: the first operation or target that does not fit ends the summary.
//
// What the verdicts ask for is read off in the same way: `targets`, each once in the whole text and in the order of
// the summary, at most the first 64; `operation`, the first one, or "" where the summary would have the first word.
//
// Thread rules: pure. Failure: none but std::bad_alloc. Cost: linear.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mercury::analysis {

inline constexpr std::size_t kSummaryBytesMax = 255;
inline constexpr std::size_t kTargetsMax = 64;

std::string summary(std::string_view normalised);

std::vector<std::string> targets(std::string_view normalised);

// SELECT, INSERT, UPDATE, DELETE, REPLACE, MERGE, TRUNCATE, CREATE, ALTER, DROP or ""; the view never dangles.
std::string_view operation(std::string_view normalised);

}  // namespace mercury::analysis
