// "What to write" of an explain page: code to paste with its place, an edit as a diff, or a sketch that says so.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/explain.h"
#include "cli/field.h"
#include "cli/findings.h"
#include "cli/source_lines.h"
#include "cli/text.h"

namespace mercury::cli {
namespace {

using nlohmann::json;

std::string paragraph(const std::string& text, const Style& style) {
  return text.empty() ? "" : hanging("  ", text, style.columns);
}

// Code is never wrapped nor cut: it is there to be copied.
std::string code_block(const std::string& code, const Style& style) {
  std::string out = "\n";
  for (std::size_t at = 0; at < code.size();) {
    const std::size_t end = std::min(code.find('\n', at), code.size());
    out += "      " + paint(printable(code.substr(at, end - at)), Tone::Good, style) + "\n";
    at = end + 1;
  }
  return out + "\n";
}

std::string unindented(std::string line) {
  line.erase(0, line.find_first_not_of(' '));
  return line;
}

std::string edit_text(const json& edit, const Here& here, const Style& style) {
  const std::string file = field::raw_text(edit, {"file"});
  const std::string place = file_line_text(edit, here);
  const Insertion insertion{field::index(edit, {"line"}), field::index(edit, {"column"}),
                            field::raw_text(edit, {"insert"})};
  std::string out = code_block(unindented(insertion.insert), style);
  const auto text = here.read ? here.read(file) : std::nullopt;
  switch (text ? fits(*text, insertion) : Fits::No) {
    case Fits::Yes: return out + paragraph("In " + place + ":", style) + "\n" + insertion_diff(*text, insertion, style);
    case Fits::AlreadyThere:
      out += paragraph("It is there already, at " + place + ".", style);
      return out + paragraph("Once the site runs the new code, this finding goes away.", style);
    case Fits::No: break;
  }
  const std::string where =
      insertion.insert.ends_with('\n')
          ? fmt::format("It is a line of its own, before {}.", place)
          : fmt::format("It goes in at {}, behind the first {} characters of that line.", place, insertion.column);
  return out + paragraph(where, style) +
         paragraph(text ? "The file here is another version: it has no such place."
                        : "The file cannot be read from here, so the change is not shown.",
                   style);
}

// Where code without an exact place belongs: at the query that fetched the rows, else around the loop.
std::string belongs_text(const json& finding, const Here& here) {
  const json& sources = field::at(finding, {"sources"});
  if (sources.is_array() && !sources.empty()) {
    const std::string place = place_text(field::at(sources.front(), {"place"}), here);
    if (!place.empty()) return "It belongs to the queryset at " + place + ".";
  }
  const std::string place = place_text(field::at(finding, {"trigger"}), here);
  return place.empty() ? "" : "It belongs around " + place + ".";
}

}  // namespace

std::string explain_fix(const json& finding, const Here& here, const Style& style) {
  const json& suggestion = field::at(finding, {"suggestion"});
  std::string out = paragraph(field::text(suggestion, {"text"}), style);
  if (const json& edit = field::at(suggestion, {"edit"}); edit.is_object()) return out + edit_text(edit, here, style);
  const std::string code = field::raw_text(suggestion, {"code"});
  if (code.empty()) return out;
  out += code_block(code, style);
  if (field::at(suggestion, {"is_template"}) != json(false)) {
    out +=
        paragraph("This is a sketch to adapt, not code to paste: put in the names and values of your own code.", style);
  }
  return out + paragraph(belongs_text(finding, here), style);
}

}  // namespace mercury::cli
