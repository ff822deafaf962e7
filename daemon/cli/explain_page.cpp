// The page that teaches: what happened, why it matters, where, what to write, and the worst unit over time.
// For a reader who never heard of N+1: every number says what it is of, and what is not known says so.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/explain.h"
#include "cli/field.h"
#include "cli/findings.h"
#include "cli/pages.h"
#include "cli/source_lines.h"
#include "cli/text.h"
#include "cli/timeline.h"

namespace mercury::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kStatementShown = 400;  // columns of SQL; `--json` has all
constexpr std::size_t kOthersShown = 5;

std::string kind_of(const json& finding) { return field::raw_text(finding, {"kind"}); }

std::string paragraph(const std::string& text, const Style& style) {
  return text.empty() ? "" : hanging("  ", text, style.columns);
}

// A heading and what stands below it; nothing without that.
std::string section(const char* heading, const std::string& body, const Style& style) {
  return body.empty() ? "" : "\n" + paint(heading, Tone::Strong, style) + "\n" + body;
}

// "level fail, severity high (3 of 5), proven by its growth"
std::string standing_sentence(const json& finding) {
  std::string out = is_open(finding) ? "" : field::text(finding, {"state"}) + ", ";
  out += "level " + field::text(finding, {"level"});
  if (const auto severity = field::number(finding, {"severity"}); severity > 0)
    out += fmt::format(", severity {} ({} of 5)", field::text(finding, {"severity_name"}), number_text(severity));
  if (field::at(finding, {"proven"}) == json(true)) out += ", proven by its growth";
  return out + (field::at(finding, {"likely"}) == json(true) ? ", likely" : "");
}

std::string head(const json& finding, const Style& style) {
  std::string out;
  for (const std::string& line : wrapped(finding_title(finding), style.columns))
    out += paint(line, Tone::Strong, style) + "\n";
  out += paint_lines(hanging("  ", standing_sentence(finding), style.columns), tone_of(finding), style);
  std::string about = "id " + field::text(finding, {"id"});
  for (const char* key : {"service", "environment", "run", "user"}) {
    const std::string value = field::text(finding, {key});
    if (!value.empty()) about += fmt::format(", {} {}", key, value);
  }
  return out + paragraph(about, style);
}

std::string state_text(const json& finding) {
  const std::string state = field::raw_text(finding, {"state"});
  if (state == "gone")
    return fmt::format("It is gone: the latest {}s of this route did not have it any more.", unit_noun(finding));
  if (state == "ignored") return "It is ignored: " + field::text(finding, {"ignored"}) + ".";
  return {};
}

std::string times_text(const json& finding) {
  const auto most = field::number(finding, {"repeats_max"});
  const auto least = field::number(finding, {"repeats_min"});
  if (least && most && *least < *most) return fmt::format("between {} and {}", number_text(least), number_text(most));
  return number_text(most);
}

// The numbers, as sentences.
std::string numbers_paragraph(const json& finding) {
  const std::string kind = kind_of(finding);
  const std::string unit = unit_noun(finding);
  const auto total = ms_text(field::number(finding, {"total_time_ms"}));
  const auto saving = ms_text(field::number(finding, {"saving_ms"}));
  const std::string times = times_text(finding);
  const std::string seen = seen_in_text(finding);
  if (is_loop(finding))
    return fmt::format(
        "The statement below ran {} times in one {}. That was seen in {}. All of it took {} ms, of which about {} ms "
        "were for the repeats.",
        times, unit, seen, total, saving);
  if (kind == "slow_query")
    return fmt::format(
        "The statement below took longer than the limit for one query, {} {} in one {}. That was seen in {}. The "
        "slow calls took {} ms, {} ms over the limit.",
        times, times == "1" ? "time" : "times", unit, seen, total, saving);
  if (kind == "too_many_queries")
    return fmt::format(
        "There were {} queries in one {}, which is over its limit. That was seen in {}. The queries "
        "took {} ms.",
        times, unit, seen, total);
  return fmt::format("That was seen in {}, which took {} ms, {} ms over the limit.", seen, total, saving);
}

std::string what_happened(const json& finding, const Style& style) {
  std::string out = paragraph(state_text(finding), style) + paragraph(field::text(finding, {"lesson", "what"}), style) +
                    paragraph(numbers_paragraph(finding), style);
  std::string sql = field::text(finding, {"text"});
  if (sql.empty()) sql = field::text(finding, {"summary"});
  if (sql.empty()) return out;
  const std::string indented = hanging("      ", shorten_end(sql, kStatementShown), style.columns);
  return out + "\n" + paint_lines(indented, Tone::Dim, style);
}

std::string growth_text(const json& finding) {
  if (!is_loop(finding) || kind_of(finding) == "repeated_query") return {};
  const std::string times = times_text(finding);
  const double units = field::number_or(finding, {"units"}, 0);
  if (field::raw_text(finding, {"state"}) == "constant") {
    return fmt::format(
        "It does not grow: it ran {} times in each of {}. That costs time, but more data does not make it worse.",
        times, units_text(units, finding));
  }
  if (field::at(finding, {"proven"}) == json(true))
    return fmt::format("Proven: it varied {} with the data. More rows mean more of these queries.", times);
  return fmt::format("Not proven yet: it ran {} times in {}. If that number changes, it grows with the data.", times,
                     units == 1 ? "the one " + unit_noun(finding) + " that had it" : units_text(units, finding));
}

std::string likely_text(const json& finding) {
  if (field::at(finding, {"likely"}) != json(true)) return {};
  if (kind_of(finding) == "n_plus_one")
    return "Likely, not certain: the query that fetched the rows was not found, so look for it before the loop.";
  return "Likely, not certain: it is not known whether the values were the same each time.";
}

struct Repeats {
  double calls = 0;
  double ms = 0;
};

Repeats repeats_of(const json& sample) {
  Repeats out;
  const json& records = field::at(sample, {"records"});
  if (!records.is_array()) return out;
  for (const json& record : records) {
    if (field::raw_text(record, {"role"}) != "repeat") continue;
    out.calls += field::number_or(record, {"calls"}, 1);
    out.ms += field::number_or(record, {"duration_ms"}, 0);
  }
  return out;
}

// What ten times the data would cost, from the mean of the repeats in the worst unit.
std::string projection_text(const json& finding) {
  constexpr double kTimes = 10;
  const std::string kind = kind_of(finding);
  const bool grows = kind == "n_plus_one" || field::at(finding, {"proven"}) == json(true);
  const auto count = field::number(finding, {"sample", "count"});
  const Repeats repeats = repeats_of(field::at(finding, {"sample"}));
  if (!grows || !is_open(finding) || !count || repeats.calls < 1 || repeats.ms <= 0) return {};
  const double ms = repeats.ms / repeats.calls * *count;
  return fmt::format(
      "The {} repeats in the worst {} took {} ms. With ten times the rows that is about {} repeats and {} ms.",
      number_text(count), unit_noun(finding), ms_text(ms), number_text(*count * kTimes), ms_text(ms * kTimes));
}

std::string why_it_matters(const json& finding, const Style& style) {
  return paragraph(field::text(finding, {"lesson", "why"}), style) + paragraph(growth_text(finding), style) +
         paragraph(likely_text(finding), style) + paragraph(projection_text(finding), style);
}

std::string quoted_place(const json& place, const std::string& remark, const Here& here, const Style& style) {
  const std::string text = place_text(place, here);
  if (text.empty()) return {};
  std::string out = paragraph(text + remark, style);
  const std::string file = field::raw_text(place, {"file"});
  if (file.empty() || !here.read) return out;
  if (const auto source = here.read(file)) out += excerpt(*source, field::index(place, {"line"}), style);
  return out;
}

std::string where_it_runs(const json& finding, const Here& here, const Style& style) {
  const json& trigger = field::at(finding, {"trigger"});
  std::string out = quoted_place(trigger, "", here, style);
  if (out.empty() && is_loop(finding)) {
    return paragraph(
        "Its place was not captured. With \"CALL_SITES\": \"all\" in the setting MERCURY the client looks up every "
        "query.",
        style);
  }
  const json& places = field::at(finding, {"places"});
  if (!places.is_array()) return out;
  for (const json& place : places) {
    if (const std::string text = place_text(place, here); !text.empty() && place != trigger)
      out += hanging("  also at ", text, style.columns);
  }
  return out;
}

std::string where_the_rows_came_from(const json& finding, const Here& here, const Style& style) {
  const json& sources = field::at(finding, {"sources"});
  std::string out;
  if (!sources.is_array()) return out;
  for (const json& source : sources) {
    const std::string summary = field::text(source, {"summary"});
    const std::string remark = summary.empty() ? "" : ": " + summary;
    const std::string quoted = quoted_place(field::at(source, {"place"}), remark, here, style);
    out += quoted.empty() && !summary.empty() ? paragraph("a place not captured" + remark, style) : quoted;
  }
  return out;
}

std::string worst_unit(const json& finding, const Style& style) {
  const json& sample = field::at(finding, {"sample"});
  if (!sample.is_object()) return {};
  const auto ms = [&sample](const char* key) { return ms_text(field::number(sample, {key})); };
  std::string about = fmt::format("{} ms, of it {} ms in {} queries", ms("duration_ms"), ms("db_time_ms"),
                                  number_text(field::number(sample, {"queries"})));
  if (const auto count = field::number(sample, {"count"}); count && is_loop(finding))
    about += fmt::format(", {} of them the repeats", number_text(count));
  if (const double status = field::number_or(sample, {"status"}, 0); status > 0)
    about += fmt::format("; status {:.0f}", status);
  if (const auto age = field::number(sample, {"age_s"})) about += fmt::format("; {} ago", seconds_text(age));
  std::string out = paragraph(about, style) + timeline(sample, Marks::Roles, 2, style);
  std::string legend;
  if (repeats_of(sample).calls > 0) legend = is_loop(finding) ? "● the repeated statement" : "● this statement";
  const json& sources = field::at(finding, {"sources"});
  if (sources.is_array() && !sources.empty()) legend = "→ fetched the rows" + (legend.empty() ? "" : ", " + legend);
  return out + paragraph(legend, style);
}

// Not wrapped: an address that is broken cannot be opened.
std::string reading(const json& finding) {
  const std::string address = field::text(finding, {"suggestion", "read"});
  return address.empty() ? "" : "  " + address + "\n";
}

// The same code in other routes.
std::string elsewhere(const json& rows, const Style& style) {
  std::string out;
  for (std::size_t i = 1; i < rows.size() && i <= kOthersShown; ++i)
    out += hanging("  ", fmt::format("{}: {}", finding_route(rows[i]), numbers_text(rows[i])), style.columns);
  if (rows.size() > kOthersShown + 1) out += fmt::format("  and {} more routes\n", rows.size() - kOthersShown - 1);
  return out;
}

}  // namespace

std::string render_explain(const json& rows, const Here& here, const Style& style) {
  if (rows.empty()) return "There is nothing to explain.\n";
  const json& finding = rows.front();
  const std::string worst = "The worst " + unit_noun(finding);
  return head(finding, style) + section("What happened", what_happened(finding, style), style) +
         section("Why it matters", why_it_matters(finding, style), style) +
         section("Where it happens", where_it_runs(finding, here, style), style) +
         section("Where the rows came from", where_the_rows_came_from(finding, here, style), style) +
         section("What to write", explain_fix(finding, here, style), style) +
         section("Read more", reading(finding), style) + section(worst.c_str(), worst_unit(finding, style), style) +
         section("The same code in other routes", elsewhere(rows, style), style);
}

}  // namespace mercury::cli
