#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <vector>

namespace mercury::cli {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr std::string_view kEllipsis = "…";

struct Range {
  char32_t first;
  char32_t last;
};

// Characters that do something to a terminal, or to the order of a line, instead of standing in it.
constexpr std::array kUnprintable{Range{0x00, 0x1F},      Range{0x7F, 0x9F},     Range{0xAD, 0xAD},
                                  Range{0x061C, 0x061C},  Range{0x200B, 0x200F}, Range{0x2028, 0x202E},
                                  Range{0x2060, 0x206F},  Range{0xFEFF, 0xFEFF}, Range{0xFFF9, 0xFFFB},
                                  Range{0xE0000, 0xE007F}};
constexpr std::array kCombining{Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD},
                                Range{0x064B, 0x065F}, Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF},
                                Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}};
constexpr std::array kWide{Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},   Range{0x3041, 0xA4CF},
                           Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},
                           Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F},
                           Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t point) {
  return std::ranges::any_of(ranges, [point](Range r) { return point >= r.first && point <= r.last; });
}

std::size_t width_of(char32_t point) {
  if (is_in(kCombining, point)) return 0;
  return is_in(kWide, point) ? 2 : 1;
}

struct Decoded {
  char32_t point;
  std::size_t bytes;  // at least 1
};

// The first character of `text`, which must not be empty; a byte that begins none is one kReplacement.
Decoded decode(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 && lead <= 0xF4 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {kReplacement, 1};
  char32_t point = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {kReplacement, 1};
    point = (point << 6U) | (byte(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (point < kSmallest[length] || point > 0x10FFFF || surrogate) return {kReplacement, 1};
  return {point, length};
}

std::string escaped(char32_t point) {
  if (point == '\n') return "\\n";
  if (point == '\t') return "\\t";
  if (point == '\r') return "\\r";
  const auto value = static_cast<std::uint32_t>(point);
  if (value <= 0xFF) return fmt::format("\\x{:02x}", value);
  return value <= 0xFFFF ? fmt::format("\\u{:04x}", value) : fmt::format("\\U{:08x}", value);
}

// The longest beginning of `text` that is at most `columns` wide.
std::string_view beginning(std::string_view text, std::size_t columns) {
  std::size_t used = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto [point, bytes] = decode(text.substr(at));
    if (used + width_of(point) > columns) break;
    used += width_of(point);
    at += bytes;
  }
  return text.substr(0, at);
}

// The longest end of `text` that is at most `columns` wide and does not start with a combining mark.
std::string_view ending(std::string_view text, std::size_t columns) {
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < text.size(); at += decode(text.substr(at)).bytes) starts.push_back(at);
  std::size_t used = 0;
  std::size_t from = text.size();
  for (auto start = starts.rbegin(); start != starts.rend(); ++start) {
    const std::size_t width = width_of(decode(text.substr(*start)).point);
    if (used + width > columns) break;
    used += width;
    if (width > 0) from = *start;
  }
  return text.substr(from);
}

std::string grouped(std::string digits) {
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string rounded(double number) {
  const std::string sign = number <= -0.5 ? "-" : "";
  return sign + grouped(fmt::format("{:.0f}", std::abs(number)));
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [point, bytes] = decode(text);
    if (point == kReplacement) {
      out += "\xEF\xBF\xBD";
    } else if (is_in(kUnprintable, point)) {
      out += escaped(point);
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const auto [point, bytes] = decode(text);
    columns += width_of(point);
    text.remove_prefix(bytes);
  }
  return columns;
}

std::string shorten_middle(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  const std::size_t tail = (columns - 1) / 2;
  return fmt::format("{}{}{}", beginning(text, columns - 1 - tail), kEllipsis, ending(text, tail));
}

std::string shorten_end(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  return fmt::format("{}{}", beginning(text, columns - 1), kEllipsis);
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
  const std::size_t room = std::max<std::size_t>(columns, 2);  // the widest character
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    if (word.empty()) continue;
    std::string& last = lines.back();
    if (!last.empty() && display_width(last) + 1 + display_width(word) <= room) {
      last.append(" ").append(word);
      continue;
    }
    if (!last.empty()) lines.emplace_back();
    while (display_width(word) > room) {
      const std::string_view part = beginning(word, room);
      lines.back() = part;
      lines.emplace_back();
      word.remove_prefix(part.size());
    }
    lines.back() = word;
  }
  return lines;
}

std::string hanging(std::string_view first, std::string_view text, std::size_t columns) {
  const std::size_t indent = display_width(first);
  std::string out;
  for (const std::string& line : wrapped(text, columns > indent ? columns - indent : 1))
    out += (out.empty() ? std::string(first) : std::string(indent, ' ')) + line + "\n";
  return out;
}

std::string pad_right(std::string text, std::size_t columns) {
  const std::size_t width = display_width(text);
  if (width < columns) text.append(columns - width, ' ');
  return text;
}

std::string pad_left(const std::string& text, std::size_t columns) {
  const std::size_t width = display_width(text);
  return width < columns ? std::string(columns - width, ' ') + text : text;
}

std::string number_text(std::optional<double> number) {
  if (!number || !std::isfinite(*number)) return std::string(kNothing);
  const double tenths = std::round(*number * 10);
  if (std::abs(*number) >= 1000 || std::fmod(tenths, 10) == 0) return rounded(*number);
  return fmt::format("{:.1f}", *number);
}

std::string ms_text(std::optional<double> milliseconds) {
  if (!milliseconds || !std::isfinite(*milliseconds)) return std::string(kNothing);
  const double ms = *milliseconds;
  if (ms <= 0) return "0";
  if (ms < 0.005) return "<0.01";
  if (ms < 9.995) return fmt::format("{:.2f}", ms);
  if (ms < 999.5) return fmt::format("{:.1f}", ms);
  return rounded(ms);
}

std::string bytes_text(std::optional<double> bytes) {
  if (!bytes || !std::isfinite(*bytes)) return std::string(kNothing);
  if (*bytes < 999.5) return fmt::format("{:.0f} B", *bytes);
  double value = *bytes / 1000;
  for (const char* unit : {"kB", "MB", "GB"}) {
    if (value < 999.95) return fmt::format("{:.1f} {}", value, unit);
    value /= 1000;
  }
  return fmt::format("{:.1f} TB", value);
}

std::string seconds_text(std::optional<double> seconds) {
  if (!seconds || !std::isfinite(*seconds) || std::abs(*seconds) > 1e15) return std::string(kNothing);
  if (*seconds < 9.95) return number_text(std::max(0.0, *seconds)) + " s";
  const auto whole = static_cast<std::int64_t>(std::llround(*seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
  return fmt::format("{} d {} h", whole / 86400, whole / 3600 % 24);
}

std::string time_text(std::int64_t unix_seconds) {
  using namespace std::chrono;
  const sys_seconds moment{seconds{unix_seconds}};
  const sys_days day = floor<days>(moment);
  const year_month_day date{day};
  const hh_mm_ss clock{moment - day};
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

std::string plural(double count, std::string_view noun) {
  return fmt::format("{} {}{}", number_text(count), noun, count == 1 ? "" : "s");
}

}  // namespace mercury::cli
