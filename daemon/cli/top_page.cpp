#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/field.h"
#include "cli/pages.h"
#include "cli/routes.h"
#include "cli/text.h"

namespace mercury::cli {
namespace {

using nlohmann::json;

std::optional<double> rate(const json& earlier, const json& later, field::Path path, double seconds) {
  const auto before = field::number(earlier, path);
  const auto after = field::number(later, path);
  if (!before || !after || *after < *before || seconds <= 0) return std::nullopt;  // smaller: another daemon
  return (*after - *before) / seconds;
}

std::string first_lines(const std::string& text, std::size_t lines) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < lines && at < text.size(); ++i) {
    const std::size_t end = text.find('\n', at);
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return text.substr(0, at);
}

}  // namespace

Rates rates_between(const json& earlier, const json& later, double seconds) {
  return {rate(earlier, later, {"units", "received"}, seconds), rate(earlier, later, {"queries", "received"}, seconds)};
}

std::string render_top(const json& status, const json& routes, const Rates& rates, const Listing& listing,
                       std::size_t lines, const Style& style) {
  const json& clients = field::at(status, {"clients"});
  const auto connected = std::ranges::count_if(
      clients, [](const json& client) { return field::raw_text(client, {"state"}) == "connected"; });
  const double dropped = field::sum(field::at(status, {"units", "dropped"}));
  const auto plain = [&style](const std::string& text) { return shorten_end(text, style.columns); };
  std::string page = paint(plain(fmt::format("mercuryd {}  up {}  {}  memory {}", field::text(status, {"version"}),
                                             seconds_text(field::number(status, {"uptime_s"})),
                                             plural(static_cast<double>(connected), "client"),
                                             bytes_text(field::number(status, {"memory_bytes"})))),
                           Tone::Strong, style) +
                     "\n";
  const std::string counts = plain(
      fmt::format("{} units/s  {} queries/s  {} units received  {} dropped  {} open", number_text(rates.units_per_s),
                  number_text(rates.queries_per_s), number_text(field::number(status, {"units", "received"})),
                  number_text(dropped), number_text(field::number(status, {"units", "open"}))));
  page += paint(counts, dropped > 0 ? Tone::Warn : Tone::Plain, style) + "\n\n";
  page += render_routes(routes, listing, style);
  return first_lines(page, lines);
}

}  // namespace mercury::cli
