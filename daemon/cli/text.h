// Text for a terminal: what may be printed, how wide it is, and numbers as people read them.
//
// Route names and SQL come from a site that anyone may send requests to, so nothing from the daemon reaches the
// terminal before printable() has seen it: an escape sequence in a URL must not move the cursor, and a right-to-left
// mark must not turn a line around. Everything below it expects text that has been through printable().
//
// Thread rules: pure functions. Cost: one pass over the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mercury::cli {

// Shown where nothing was measured. Null is never shown as 0.
inline constexpr std::string_view kNothing = "–";

// Valid UTF-8 without control characters: C0, C1, line separators, and marks that change direction or have no width
// are written as \n, \t, \x1b or \u202e; bytes that are not UTF-8 as U+FFFD.
std::string printable(std::string_view text);

// Columns on a terminal: 0 for a combining mark, 2 for East Asian wide characters and emoji, else 1.
std::size_t display_width(std::string_view text);

// At most `columns` wide; what is left out is replaced by an ellipsis in the middle (`shop/or…/items/`) or at the end.
std::string shorten_middle(std::string_view text, std::size_t columns);
std::string shorten_end(std::string_view text, std::size_t columns);

// Lines of at most `columns`, broken at spaces; a word that is longer than a line is broken where the line ends.
// At least one line.
std::vector<std::string> wrapped(std::string_view text, std::size_t columns);
// The same, ready to print: the first line behind `first`, the others behind as many spaces.
std::string hanging(std::string_view first, std::string_view text, std::size_t columns);

// `text` and as many spaces as are missing to `columns`.
std::string pad_right(std::string text, std::size_t columns);
std::string pad_left(const std::string& text, std::size_t columns);

// 1,234. A fraction keeps one digit (12.5) unless it is 0.
std::string number_text(std::optional<double> number);
// Milliseconds without their unit: 0, 0.04, 1.23, 12.3, 1,234; below 0.005: <0.01.
std::string ms_text(std::optional<double> milliseconds);
// 512 B, 4.2 MB; a kB is 1,000 bytes.
std::string bytes_text(std::optional<double> bytes);
// 12 s, 3 min 20 s, 2 h 13 min, 4 d 3 h; below 10 s with one digit: 0.4 s.
std::string seconds_text(std::optional<double> seconds);
// 2026-11-22 17:02:11 UTC
std::string time_text(std::int64_t unix_seconds);

// "1 row", "2 rows".
std::string plural(double count, std::string_view noun);

}  // namespace mercury::cli
