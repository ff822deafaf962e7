#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/pages.h"
#include "cli/routes.h"
#include "cli/text.h"

namespace mercury::cli {

std::string listing_line(std::size_t rows, std::string_view noun, const Listing& listing, const Style& style) {
  std::string line = plural(static_cast<double>(rows), noun);
  if (!listing.window.empty()) line += listing.window == "all" ? ", since the start" : ", last " + listing.window;
  line += ", by " + listing.sort;
  if (rows > listing.limit) {
    line += fmt::format("; {} more with --limit 0", number_text(static_cast<double>(rows - listing.limit)));
  }
  return paint(shorten_end(line, style.columns), Tone::Dim, style) + "\n";
}

std::string render_routes(const nlohmann::json& rows, const Listing& listing, const Style& style) {
  const bool always = listing.window == "all";
  if (rows.empty()) {
    return always ? "Nothing was measured yet. Open a page of the site.\n"
                  : fmt::format("Nothing was measured in the last {}; --window all shows all since the start.\n",
                                listing.window);
  }
  return routes_table(rows, listing.limit, style) + listing_line(rows.size(), "row", listing, style);
}

std::string render_matches(const std::vector<std::string>& titles, const Style& style) {
  std::string page;
  for (const std::string& title : titles)
    page += "  " + shorten_middle(title, style.columns > 2 ? style.columns - 2 : 1) + "\n";
  return page;
}

}  // namespace mercury::cli
