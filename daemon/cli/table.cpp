#include "cli/table.h"

#include <algorithm>
#include <cassert>
#include <optional>

#include "cli/text.h"

namespace mercury::cli {
namespace {

struct HeaderLines {
  std::string upper;  // empty: a header of one line, which stands at the bottom
  std::string lower;
};

HeaderLines split(const std::string& header) {
  const std::size_t at = header.find('\n');
  if (at == std::string::npos) return {"", header};
  return {header.substr(0, at), header.substr(at + 1)};
}

}  // namespace

// Which columns are shown, how wide each is, and how far apart they stand.
struct Table::Layout {
  std::vector<std::size_t> widths;
  std::vector<bool> shown;
  std::size_t gap = 2;

  [[nodiscard]] std::size_t total() const {
    std::size_t sum = 0;
    std::size_t count = 0;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (!shown[i]) continue;
      sum += widths[i];
      ++count;
    }
    return count == 0 ? 0 : sum + (count - 1) * gap;
  }
};

void Table::add(std::vector<Cell> cells) {
  assert(cells.size() == columns_.size());
  rows_.push_back(std::move(cells));
}

Table::Layout Table::fit(std::size_t width) const {
  Layout layout;
  std::vector<std::size_t> natural;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const HeaderLines header = split(columns_[i].header);
    std::size_t widest = std::max(display_width(header.upper), display_width(header.lower));
    for (const auto& row : rows_) widest = std::max(widest, display_width(row[i].text));
    natural.push_back(widest);
  }
  layout.shown.assign(columns_.size(), true);

  // Takes what is too much from the widest flexible column, a column of the terminal at a time.
  const auto shrink = [&] {
    layout.widths = natural;
    while (layout.total() > width) {
      std::optional<std::size_t> widest;
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        const bool can = layout.shown[i] && columns_[i].least != kRigid && layout.widths[i] > columns_[i].least;
        if (can && (!widest || layout.widths[i] > layout.widths[*widest])) widest = i;
      }
      if (!widest) return false;
      --layout.widths[*widest];
    }
    return true;
  };
  if (shrink()) return layout;
  layout.gap = 1;
  while (!shrink()) {
    std::optional<std::size_t> first;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!layout.shown[i] || columns_[i].drop == 0) continue;
      if (!first || columns_[i].drop < columns_[*first].drop) first = i;
    }
    if (!first) return layout;
    layout.shown[*first] = false;
  }
  return layout;
}

std::string Table::line(const Layout& layout, const std::vector<Cell>& cells, const Style& style) const {
  std::string out;
  std::size_t spaces = 0;  // owed before the next text, so that none is left at the end of the line
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!layout.shown[i]) continue;
    const std::string text =
        columns_[i].least == kRigid ? cells[i].text : shorten_middle(cells[i].text, layout.widths[i]);
    const std::size_t width = display_width(text);
    const std::size_t missing = layout.widths[i] > width ? layout.widths[i] - width : 0;
    const bool right = columns_[i].align == Align::Right;
    if (!text.empty()) {
      out.append(spaces + (right ? missing : 0), ' ');
      out += paint(text, cells[i].tone, style);
      spaces = right ? 0 : missing;
    } else {
      spaces += missing;
    }
    spaces += layout.gap;
  }
  return out;
}

std::string Table::render(const Style& style, std::size_t indent) const {
  const Layout layout = fit(style.columns > indent ? style.columns - indent : 1);
  std::vector<Cell> upper;
  std::vector<Cell> lower;
  std::string left_out;
  bool two_lines = false;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const HeaderLines header = split(columns_[i].header);
    two_lines = two_lines || (layout.shown[i] && !header.upper.empty());
    upper.emplace_back(header.upper, Tone::Dim);
    lower.emplace_back(header.lower, Tone::Dim);
    if (layout.shown[i]) continue;
    left_out += (left_out.empty() ? "" : ", ") + (header.upper.empty() ? "" : header.upper + " ") + header.lower;
  }
  const std::string margin(indent, ' ');
  std::string out;
  if (two_lines) out += margin + line(layout, upper, style) + "\n";
  out += margin + line(layout, lower, style) + "\n";
  for (const auto& row : rows_) out += margin + line(layout, row, style) + "\n";
  if (!left_out.empty()) {
    const std::string note =
        shorten_end("(too narrow for: " + left_out + ")", style.columns > indent ? style.columns - indent : 1);
    out += margin + paint(note, Tone::Dim, style) + "\n";
  }
  return out;
}

}  // namespace mercury::cli
