#include "cli/nearest.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

namespace mercury::cli {
namespace {

constexpr std::size_t kCompared = 200;  // bytes of a name; more would not change who is near
constexpr std::size_t kChange = 4;      // a letter typed that the name does not have, or another one in its place
constexpr std::size_t kMore = 1;        // a letter that only the name has

// Edit distance with these costs; two rows of the usual table.
std::size_t distance(std::string_view typed, std::string_view name) {
  std::vector<std::size_t> above(name.size() + 1);
  for (std::size_t j = 0; j <= name.size(); ++j) above[j] = j * kMore;
  std::vector<std::size_t> row(name.size() + 1);
  for (std::size_t i = 1; i <= typed.size(); ++i) {
    row[0] = i * kChange;
    for (std::size_t j = 1; j <= name.size(); ++j) {
      const std::size_t same = above[j - 1] + (typed[i - 1] == name[j - 1] ? 0 : kChange);
      row[j] = std::min({same, above[j] + kChange, row[j - 1] + kMore});
    }
    std::swap(above, row);
  }
  return above[name.size()];
}

}  // namespace

std::vector<std::string> nearest(std::string_view typed, const std::vector<std::string>& names, std::size_t count) {
  const std::set<std::string> once(names.begin(), names.end());
  std::vector<std::pair<std::size_t, std::string>> ranked;
  ranked.reserve(once.size());
  for (const std::string& name : once) {
    ranked.emplace_back(distance(typed.substr(0, kCompared), std::string_view(name).substr(0, kCompared)), name);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> out;
  for (std::size_t i = 0; i < ranked.size() && i < count; ++i) out.push_back(ranked[i].second);
  return out;
}

}  // namespace mercury::cli
