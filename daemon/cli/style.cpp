#include "cli/style.h"

#include <fmt/format.h>

#include <algorithm>

namespace mercury::cli {
namespace {

std::string_view sequence_of(Tone tone) {
  switch (tone) {
    case Tone::Plain: return "";
    case Tone::Dim: return "\x1b[2m";
    case Tone::Strong: return "\x1b[1m";
    case Tone::Good: return "\x1b[32m";
    case Tone::Warn: return "\x1b[33m";
    case Tone::Bad: return "\x1b[31m";
  }
  return "";
}

}  // namespace

std::string paint(std::string_view text, Tone tone, const Style& style) {
  if (style.colors == Colors::Never || tone == Tone::Plain || text.empty()) return std::string(text);
  return fmt::format("{}{}\x1b[0m", sequence_of(tone), text);
}

std::string paint_lines(std::string_view lines, Tone tone, const Style& style) {
  std::string out;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    out += paint(lines.substr(0, end), tone, style);
    if (end < lines.size()) out += '\n';
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return out;
}

}  // namespace mercury::cli
