#include "cli/source_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/text.h"

namespace mercury::cli {
namespace {

constexpr std::size_t kAround = 2;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
    at = end + 1;
  }
  return lines;
}

std::string shown(const std::string& line) {
  std::string spaced;
  for (const char c : line) spaced += c == '\t' ? std::string(4, ' ') : std::string(1, c);
  return printable(spaced);
}

// The byte at which character `column` begins; nothing behind the end of the line.
std::optional<std::size_t> byte_of(const std::string& line, std::size_t column) {
  std::size_t at = 0;
  for (; column > 0; --column) {
    if (at >= line.size()) return std::nullopt;
    ++at;
    while (at < line.size() && (static_cast<unsigned char>(line[at]) & 0xC0U) == 0x80U) ++at;
  }
  return at;
}

std::string without_line_end(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace

std::string excerpt(const std::string& text, std::size_t line, const Style& style) {
  const std::vector<std::string> lines = lines_of(text);
  if (line == 0 || line > lines.size()) return {};
  const std::size_t first = line > kAround ? line - kAround : 1;
  const std::size_t last = std::min(line + kAround, lines.size());
  const std::size_t digits = fmt::format("{}", last).size();
  std::string out;
  for (std::size_t number = first; number <= last; ++number) {
    const bool marked = number == line;
    std::string row = fmt::format("  {} {:>{}}  {}", marked ? ">" : " ", number, digits, shown(lines[number - 1]));
    row.erase(row.find_last_not_of(' ') + 1);
    out += paint(shorten_end(row, style.columns), marked ? Tone::Strong : Tone::Dim, style) + "\n";
  }
  return out;
}

Fits fits(const std::string& text, const Insertion& insertion) {
  const std::vector<std::string> lines = lines_of(text);
  if (insertion.line == 0 || insertion.line > lines.size()) return Fits::No;
  const std::string& line = lines[insertion.line - 1];
  const auto at = byte_of(line, insertion.column);
  if (!at) return Fits::No;
  const std::string wanted = without_line_end(insertion.insert);
  return line.compare(*at, wanted.size(), wanted) == 0 ? Fits::AlreadyThere : Fits::Yes;
}

std::string insertion_diff(const std::string& text, const Insertion& insertion, const Style& style) {
  if (fits(text, insertion) != Fits::Yes) return {};
  const std::vector<std::string> lines = lines_of(text);
  const std::size_t index = insertion.line - 1;
  const std::string& old = lines[index];
  std::string changed = old;
  changed.insert(*byte_of(old, insertion.column), insertion.insert);
  std::string out;
  const auto add = [&out, &style](const char* mark, const std::string& line, Tone tone) {
    std::string row = fmt::format("  {} {}", mark, shown(line));
    row.erase(row.find_last_not_of(' ') + 1);
    out += paint(row, tone, style) + "\n";
  };
  if (index > 0) add(" ", lines[index - 1], Tone::Dim);
  std::vector<std::string> after = lines_of(changed);
  const bool whole_lines = !after.empty() && after.back() == old && after.size() > 1;  // `old` itself stays as it is
  if (whole_lines) after.pop_back();
  if (!whole_lines) add("-", old, Tone::Bad);
  for (const std::string& line : after) add("+", line, Tone::Good);
  if (whole_lines) add(" ", old, Tone::Dim);
  if (index + 1 < lines.size()) add(" ", lines[index + 1], Tone::Dim);
  return out;
}

}  // namespace mercury::cli
