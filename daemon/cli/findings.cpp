#include "cli/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <tuple>

#include "cli/field.h"
#include "cli/text.h"

namespace mercury::cli {
namespace {

using nlohmann::json;

FindingLevel level_of(const json& finding) {
  const std::string level = field::raw_text(finding, {"level"});
  if (level == "notice") return FindingLevel::Notice;
  return level == "warn" ? FindingLevel::Warn : FindingLevel::Fail;
}

std::string kind_of(const json& finding) { return field::raw_text(finding, {"kind"}); }

// Of the whole unit: it names no place, so it stands behind those that do.
bool is_of_unit(const json& finding) {
  return kind_of(finding) == "too_many_queries" || kind_of(finding) == "slow_response";
}

bool is_flag(const json& finding, const char* key) { return field::at(finding, {key}) == json(true); }

auto name_of(const json& finding) {
  const auto text = [&finding](const char* key) { return field::raw_text(finding, {key}); };
  return std::tuple(text("id"), text("service"), text("environment"), text("run"), text("user"), text("unit_kind"),
                    text("method"), text("route"), text("status_class"));
}

// What is counted in one unit.
std::string_view counted_noun(const json& finding) {
  const std::string kind = kind_of(finding);
  if (kind == "write_loop") return "write";
  return kind == "slow_query" ? "slow query" : "query";
}

std::string counted_text(double count, const json& finding) {
  const std::string_view noun = counted_noun(finding);
  if (count == 1 || !noun.ends_with('y')) return plural(count, noun);
  return fmt::format("{} {}ies", number_text(count), noun.substr(0, noun.size() - 1));
}

std::string lost_text(const json& finding) {
  const auto saving = field::number(finding, {"saving_ms"});
  if (!saving) return {};
  const bool over = kind_of(finding) == "slow_query" || kind_of(finding) == "slow_response";
  return fmt::format("{} ms {}", ms_text(saving), over ? "over the limit" : "lost");
}

}  // namespace

std::vector<RankedFinding> rank_findings(const json& rows) {
  std::vector<RankedFinding> ranked;
  for (const json& row : rows) ranked.push_back({0, &row});
  std::sort(ranked.begin(), ranked.end(), [](const RankedFinding& left, const RankedFinding& right) {
    if (is_open(*left.row) != is_open(*right.row)) return is_open(*left.row);
    if (is_of_unit(*left.row) != is_of_unit(*right.row)) return is_of_unit(*right.row);
    const double left_saving = field::number_or(*left.row, {"saving_ms"}, 0);
    const double right_saving = field::number_or(*right.row, {"saving_ms"}, 0);
    if (left_saving != right_saving) return left_saving > right_saving;
    return name_of(*left.row) < name_of(*right.row);
  });
  for (std::size_t i = 0; i < ranked.size(); ++i) ranked[i].rank = i + 1;
  return ranked;
}

bool is_open(const json& finding) {
  const std::string state = field::raw_text(finding, {"state"});
  return state != "gone" && state != "constant" && state != "ignored";
}

bool is_in_route(const json& finding, const json& route) {
  if (field::raw_text(finding, {"unit_kind"}) != field::raw_text(route, {"kind"})) return false;
  constexpr std::array<const char*, 6> kKeys{"user", "service", "environment", "run", "method", "route"};
  return std::ranges::all_of(
      kKeys, [&](const char* key) { return field::raw_text(finding, {key}) == field::raw_text(route, {key}); });
}

LeftOut leave_out_closed(std::vector<RankedFinding>& findings) {
  LeftOut left_out;
  for (const RankedFinding& finding : findings) {
    const std::string state = field::raw_text(*finding.row, {"state"});
    left_out.gone += state == "gone" ? 1 : 0;
    left_out.constant += state == "constant" ? 1 : 0;
    left_out.ignored += state == "ignored" ? 1 : 0;
  }
  std::erase_if(findings, [](const RankedFinding& finding) { return !is_open(*finding.row); });
  return left_out;
}

std::string left_out_text(const LeftOut& left_out) {
  std::vector<std::string> parts;
  if (left_out.gone > 0) parts.push_back(fmt::format("{} gone", left_out.gone));
  if (left_out.constant > 0) parts.push_back(fmt::format("{} constant (never grew)", left_out.constant));
  if (left_out.ignored > 0) parts.push_back(fmt::format("{} ignored", left_out.ignored));
  return parts.empty() ? "" : fmt::format("Left out: {}.", fmt::join(parts, ", "));
}

bool fails(const json& finding, const Gate& gate) {
  return is_open(finding) && (gate.kind == "any" || gate.kind == kind_of(finding)) && level_of(finding) >= gate.level;
}

std::string finding_route(const json& finding) {
  std::string method = field::text(finding, {"method"});
  if (method.empty()) method = field::text(finding, {"unit_kind"});
  std::string out = method + (method.empty() ? "" : " ") + field::text(finding, {"route"});
  const std::string status = field::text(finding, {"status_class"});
  return status.empty() || status == "2xx" ? out : fmt::format("{} ({})", out, status);
}

std::string finding_title(const json& finding) {
  std::string title = field::text(finding, {"lesson", "title"});
  if (title.empty()) title = field::text(finding, {"kind"});
  return fmt::format("{} in {}", title.empty() ? "Finding" : title, finding_route(finding));
}

std::string standing_text(const json& finding) {
  std::vector<std::string> words;
  const std::string state = field::text(finding, {"state"});
  const auto gone = field::number(finding, {"gone_s"});
  if (state == "gone") words.push_back("gone" + (gone ? fmt::format(" for {}", seconds_text(gone)) : ""));
  if (state == "constant") words.emplace_back("constant");
  if (state == "ignored") words.push_back(fmt::format("ignored ({})", field::text(finding, {"ignored"})));
  for (const char* key : {"level", "severity_name"}) {
    const std::string word = field::text(finding, {key});
    if (!word.empty() && word != "none") words.push_back(word);
  }
  if (is_flag(finding, "proven")) words.emplace_back("proven");
  if (is_flag(finding, "likely")) words.emplace_back("likely");
  return fmt::format("{}", fmt::join(words, ", "));
}

Tone tone_of(const json& finding) {
  if (!is_open(finding)) return Tone::Dim;
  switch (level_of(finding)) {
    case FindingLevel::Notice: return Tone::Plain;
    case FindingLevel::Warn: return Tone::Warn;
    case FindingLevel::Fail: return Tone::Bad;
  }
  return Tone::Plain;
}

std::string short_id(const json& finding) { return printable(field::raw_text(finding, {"id"}).substr(0, 8)); }

bool is_loop(const json& finding) {
  const std::string kind = kind_of(finding);
  return kind == "n_plus_one" || kind == "query_in_loop" || kind == "repeated_query" || kind == "write_loop";
}

std::string unit_noun(const json& finding) {
  std::string kind = field::raw_text(finding, {"unit_kind"});
  if (kind == "command") return "run";
  for (const char* same : {"request", "task", "test", "block"}) {
    if (kind == same) return kind;
  }
  return "unit";
}

std::string units_text(double count, const json& finding) { return plural(count, unit_noun(finding)); }

std::string seen_in_text(const json& finding) {
  const double units = field::number_or(finding, {"units"}, 0);
  const double all = field::number_or(finding, {"route_units"}, units);
  return (all > units ? number_text(units) + " of " : "") + units_text(std::max(all, units), finding);
}

std::string numbers_text(const json& finding) {
  std::vector<std::string> parts;
  const auto most = field::number(finding, {"repeats_max"});
  const auto least = field::number(finding, {"repeats_min"});
  if (most && kind_of(finding) != "slow_response") {
    parts.push_back(fmt::format("{} in one {}", counted_text(*most, finding), unit_noun(finding)));
    if (least && *least < *most) parts.back() += fmt::format(" ({} to {})", number_text(least), number_text(most));
  }
  parts.push_back(seen_in_text(finding));
  if (std::string lost = lost_text(finding); !lost.empty()) parts.push_back(std::move(lost));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace mercury::cli
