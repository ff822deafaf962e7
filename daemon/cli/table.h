// A table that fits the terminal.
//
//   Table table({{"#", Align::Right}, {"route", Align::Left, 16}, {"p95\nms", Align::Right, kRigid, 2}});
//   table.add({"1", "shop/orders/<int:pk>/", {"1,234", Tone::Warn}});
//   std::string page = table.render(style);
//
// Numbers are never cut. When the table is too wide, in this order: the widest flexible column gives way, with an
// ellipsis in its middle, down to its `least` width; the gap between columns goes from two spaces to one; columns
// with a `drop` order are left out, the lowest first, and a last line says which. What then is still too wide stays
// so. A header has one or two lines ('\n' between them); units stand in it. Lines have no spaces at their end.
//
// Cells must be printable() text. Thread rules: a plain value. Cost: a few passes over the cells.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "cli/style.h"

namespace mercury::cli {

enum class Align { Left, Right };

// `least` of a column that is as wide as its widest cell, always.
inline constexpr std::size_t kRigid = 0;

struct Column {
  std::string header;
  Align align = Align::Left;
  std::size_t least = kRigid;  // a flexible column is never made narrower than this
  int drop = 0;                // 0: never left out
};

struct Cell {
  Cell(std::string cell_text) : text(std::move(cell_text)) {}
  Cell(const char* cell_text) : text(cell_text) {}
  Cell(std::string cell_text, Tone cell_tone) : text(std::move(cell_text)), tone(cell_tone) {}

  std::string text;
  Tone tone = Tone::Plain;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns.
  void add(std::vector<Cell> cells);

  // `indent` spaces stand in front of every line and count towards its width.
  [[nodiscard]] std::string render(const Style& style, std::size_t indent = 0) const;

 private:
  struct Layout;
  [[nodiscard]] Layout fit(std::size_t width) const;
  [[nodiscard]] std::string line(const Layout& layout, const std::vector<Cell>& cells, const Style& style) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace mercury::cli
