#include "view/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <iterator>
#include <optional>
#include <string_view>

#include "view/json.h"

namespace mercury::view {
namespace {

using model::FindingKind;

// Writes JSON into a text, key by key. A test waits for this text: a tree of values, as the other views make, takes
// ten times the instructions.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  Writer& open(char bracket) {
    separate();
    out_ += bracket;
    return *this;
  }
  Writer& open(std::string_view key, char bracket) {
    name(key);
    out_ += bracket;
    return *this;
  }
  Writer& close(char bracket) {
    out_ += bracket;
    return *this;
  }
  Writer& text(std::string_view key, std::string_view value) {
    name(key);
    quote(value);
    return *this;
  }
  Writer& id(std::string_view key, std::uint64_t value) {
    name(key);
    fmt::format_to(std::back_inserter(out_), "\"{:016x}\"", value);
    return *this;
  }
  Writer& number(std::string_view key, std::unsigned_integral auto value) {
    name(key);
    const fmt::format_int digits(value);
    out_.append(digits.data(), digits.size());
    return *this;
  }
  Writer& truth(std::string_view key, bool value) {
    name(key);
    out_ += value ? "true" : "false";
    return *this;
  }
  Writer& null(std::string_view key) {
    name(key);
    out_ += "null";
    return *this;
  }

 private:
  void separate() {
    if (!out_.empty() && out_.back() != '{' && out_.back() != '[') out_ += ',';
  }
  void name(std::string_view key) {
    separate();
    out_ += '"';
    out_ += key;
    out_ += "\":";
  }
  void quote(std::string_view value) {
    const bool is_plain =
        std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
    if (is_plain) {
      out_ += '"';
      out_ += value;
      out_ += '"';
    } else {
      out_ += dump(Json(value));
    }
  }

  std::string& out_;
};

void write_place(Writer& out, std::string_view key, const model::Place& place) {
  out.open(key, '{')
      .text("file", place.file)
      .number("line", place.line)
      .text("function", place.function)
      .text("module", place.module)
      .text("template_name", place.template_name)
      .number("template_line", place.template_line)
      .text("view", place.view)
      .text("serializer_field", place.serializer_field)
      .text("admin_column", place.admin_column)
      .close('}');
}

void write_suggestion(Writer& out, const model::Suggestion& suggestion) {
  out.open("suggestion", '{')
      .text("action", suggestion.action)
      .text("path", suggestion.path)
      .text("text", suggestion.text)
      .text("code", suggestion.code);
  if (suggestion.edit) {
    out.open("edit", '{')
        .text("file", suggestion.edit->file)
        .number("line", suggestion.edit->line)
        .number("column", suggestion.edit->column)
        .text("insert", suggestion.edit->insert)
        .close('}');
  } else {
    out.null("edit");
  }
  out.truth("is_template", suggestion.is_template).close('}');
}

void write_finding(Writer& out, const model::Finding& finding, std::span<const std::string> aliases) {
  const bool of_unit = finding.kind == FindingKind::TooManyQueries || finding.kind == FindingKind::SlowResponse;
  const bool has_alias = !of_unit && finding.alias < aliases.size();
  out.open('{')
      .id("id", finding.id)
      .text("kind", name_of(finding.kind))
      .text("level", name_of(finding.level))
      .truth("likely", finding.likely)
      .number("severity", finding.severity)
      .id("fingerprint", finding.fingerprint)
      .text("alias", has_alias ? aliases[finding.alias] : std::string_view())
      .number("count", finding.count);
  if (finding.distinct) {
    out.number("distinct", *finding.distinct);
  } else {
    out.null("distinct");
  }
  out.number("time_ns", finding.time_ns)
      .number("saving_ns", finding.saving_ns)
      .text("relation", finding.relation)
      .text("relation_kind", finding.relation_kind)
      .text("operation", finding.operation);
  write_place(out, "trigger", finding.trigger);
  out.open("sources", '[');
  for (const model::Source& source : finding.sources) {
    out.open('{').id("fingerprint", source.fingerprint);
    write_place(out, "place", source.place);
    out.close('}');
  }
  out.close(']');
  write_suggestion(out, finding.suggestion);
  out.text("ignored", finding.ignored).close('}');
}

void write_points(Writer& out, std::string_view key, const std::optional<model::Points>& points) {
  if (points) {
    out.open(key, '{').number("points", points->points).number("of", points->of).close('}');
  } else {
    out.null(key);
  }
}

void write_score(Writer& out, const std::optional<model::Score>& score) {
  if (!score) {
    out.null("score");
    return;
  }
  out.open("score", '{').number("value", score->value).text("grade", score->grade);
  write_points(out, "response", score->response);
  write_points(out, "queries", score->queries);
  write_points(out, "memory", score->memory);
  write_points(out, "cache", score->cache);
  out.number("penalty", score->penalty).close('}');
}

// Appends each row by `write`, as long as `out` stays within `bytes_max`; how many rows were left out.
template <typename Rows, typename Write>
std::uint32_t append(std::string& out, const Rows& rows, std::size_t bytes_max, Write write) {
  std::size_t done = 0;
  for (const auto& row : rows) {
    const std::size_t before = out.size();
    write(row);
    if (out.size() > bytes_max) {
      out.resize(before);
      break;
    }
    ++done;
  }
  return static_cast<std::uint32_t>(rows.size() - done);
}

}  // namespace

Report report_of(const model::Verdict& verdict, std::span<const std::string> aliases, std::size_t bytes_max) {
  constexpr std::string_view kGroups = R"(],"groups":[)";
  std::string rest = "]";
  Writer end(rest);
  write_score(end, verdict.score);
  end.number("queries", verdict.queries).number("db_ns", verdict.db_ns).close('}');
  const std::size_t room = bytes_max - rest.size();
  Report out;
  out.verdict.reserve(std::min(bytes_max, 512 + 1024 * verdict.findings.size()));
  out.verdict = R"({"findings":[)";
  Writer text(out.verdict);
  out.findings_left_out = append(out.verdict, verdict.findings, room - kGroups.size(),
                                 [&](const model::Finding& finding) { write_finding(text, finding, aliases); });
  out.verdict += kGroups;
  out.groups_left_out = append(out.verdict, verdict.groups, room, [&](const model::GroupCount& group) {
    text.open('{').id("id", group.id).number("count", group.count).close('}');
  });
  out.verdict += rest;
  return out;
}

}  // namespace mercury::view
