#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "cli/explain.h"
#include "cli/field.h"
#include "cli/findings.h"
#include "cli/text.h"

namespace mercury::cli {
namespace {

using base::Result;
using nlohmann::json;

constexpr std::size_t kIdDigitsMin = 4;
constexpr std::size_t kIdDigits = 16;
constexpr std::size_t kListedMax = 20;

bool only_of(const std::string& text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string::npos;
}

std::string in_lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::string id_of(const json& finding) { return field::raw_text(finding, {"id"}); }

// The finding that `findings` shows with this number; null if it shows none.
Result<json> at_rank(DaemonClient& daemon, const Options& options, platform::Deadline deadline) {
  const auto rows = daemon.rows("findings", {{"all", "true"}, {"user", options.user}}, deadline);
  if (!rows) return rows.error();
  const std::vector<RankedFinding> ranked = rank_findings(*rows);
  std::size_t rank = 0;
  const char* end = options.pattern.data() + options.pattern.size();
  if (std::from_chars(options.pattern.data(), end, rank).ec != std::errc() || rank == 0 || rank > ranked.size())
    return json();
  return *ranked[rank - 1].row;
}

bool same_finding(const json& left, const json& right) {
  return std::ranges::all_of(
      std::initializer_list<const char*>{"id", "user", "service", "environment", "run", "unit_kind", "method", "route",
                                         "status_class"},
      [&](const char* key) { return field::raw_text(left, {key}) == field::raw_text(right, {key}); });
}

Result<json> explained(DaemonClient& daemon, const std::string& id, const Options& options,
                       platform::Deadline deadline) {
  auto rows = daemon.rows("explain", {{"id", id}, {"user", options.user}}, deadline);
  if (!rows) return rows;
  json ordered = json::array();
  for (const RankedFinding& finding : rank_findings(*rows)) ordered.push_back(*finding.row);
  return ordered;
}

FindingChoice not_found(const Options& options) {
  return {fmt::format("no finding has the id or the number '{}'; `mercuryctl findings --all` lists them",
                      printable(options.pattern)),
          {}};
}

Result<FindingChoice> by_rank(DaemonClient& daemon, const Options& options, platform::Deadline deadline, json& rows) {
  const auto wanted = at_rank(daemon, options, deadline);
  if (!wanted) return wanted.error();
  if (id_of(*wanted).empty()) return not_found(options);
  auto found = explained(daemon, id_of(*wanted), options, deadline);
  if (!found) return found.error();
  rows = std::move(*found);
  std::stable_partition(rows.begin(), rows.end(), [&wanted](const json& row) { return same_finding(row, *wanted); });
  return rows.empty() ? not_found(options) : FindingChoice{};
}

FindingChoice ambiguous(const json& rows, const Options& options) {
  FindingChoice choice{fmt::format("'{}' is the beginning of more than one id; say more of it:", options.pattern), {}};
  for (const json& row : rows) choice.candidates.push_back(field::text(row, {"id"}) + "  " + finding_title(row));
  if (choice.candidates.size() > kListedMax) {
    const std::size_t more = choice.candidates.size() - kListedMax;
    choice.candidates.resize(kListedMax);
    choice.candidates.push_back(fmt::format("and {} more", more));
  }
  return choice;
}

}  // namespace

Result<FindingChoice> choose_finding(DaemonClient& daemon, const Options& options, platform::Deadline deadline,
                                     json& rows) {
  const bool number = only_of(options.pattern, "0123456789");
  const std::string id = in_lower_case(options.pattern);
  const bool is_id = only_of(id, "0123456789abcdef") && id.size() >= kIdDigitsMin && id.size() <= kIdDigits;
  if (!number && !is_id) {
    return FindingChoice{fmt::format("'{}' is no finding: give the beginning of its id, at least {} of the digits 0-9 "
                                     "and a-f, or its number in `mercuryctl findings`",
                                     printable(options.pattern), kIdDigitsMin),
                         {}};
  }
  if (is_id) {
    auto found = explained(daemon, id, options, deadline);
    if (!found) return found.error();
    rows = std::move(*found);
  }
  if (!is_id || rows.empty()) return number ? by_rank(daemon, options, deadline, rows) : not_found(options);
  const bool one = std::ranges::all_of(rows, [&rows](const json& row) { return id_of(row) == id_of(rows.front()); });
  return one ? FindingChoice{} : ambiguous(rows, options);
}

}  // namespace mercury::cli
