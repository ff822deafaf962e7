// How a page may look: its width and whether it may use colours. Every page is a pure function of rows and a Style,
// so a test gives it a fixed one and compares whole pages.
//
// Colours carry no meaning of their own: what is red also says so in words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mercury::cli {

enum class Colors { Never, Always };
enum class Tone { Plain, Dim, Strong, Good, Warn, Bad };

inline constexpr std::size_t kDefaultColumns = 120;  // neither a terminal nor COLUMNS says otherwise

struct Style {
  Colors colors = Colors::Never;
  std::size_t columns = kDefaultColumns;
};

// `text` in the colour of `tone`, or just `text`. Pad first: the colour has no width, but it has characters.
std::string paint(std::string_view text, Tone tone, const Style& style);
// The same for each of some lines.
std::string paint_lines(std::string_view lines, Tone tone, const Style& style);

}  // namespace mercury::cli
