#include "analysis/sources.h"

#include <algorithm>
#include <optional>

#include "analysis/rules_table.h"
#include "analysis/sites.h"
#include "analysis/suggestion.h"

namespace mercury::analysis {
namespace {

template <typename... Words>
bool is_any(std::string_view text, Words... words) {
  return ((text == words) || ...);
}

// Parts of a lookup; empty ones are left out.
template <typename... Parts>
std::string lookup(Parts... parts) {
  std::string out;
  for (const std::string_view part : {std::string_view(parts)...}) {
    if (part.empty()) continue;
    if (!out.empty()) out += "__";
    out += part;
  }
  return out;
}

// The path of the only line `path=table` that names the table; nothing if there is none, or more than one.
std::optional<std::string_view> joined_path(std::string_view joins, std::string_view table) {
  std::string_view found;
  int lines = 0;
  while (!joins.empty()) {
    const std::string_view line = joins.substr(0, joins.find('\n'));
    joins.remove_prefix(std::min(joins.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || line.substr(equals + 1) != table) continue;
    found = line.substr(0, equals);
    ++lines;
  }
  return lines == 1 ? std::optional(found) : std::nullopt;
}

}  // namespace

void Sources::begin(const Groups& groups) {
  groups_ = &groups;
  indexed_ = false;
}

void Sources::index() {
  rows_.clear();
  const std::span<const Group> all = groups_->all();
  for (std::uint32_t at = 0; at < all.size(); ++at) {
    const Group& group = all[at];
    if (group.statement->operation != "SELECT") continue;
    if (is_any(operation_of(group.site), "count", "exists", "aggregate")) continue;
    const bool single = is_single(group);
    for (const std::string& table : group.statement->targets) rows_.push_back({table, single, at});
  }
  std::sort(rows_.begin(), rows_.end());
  indexed_ = true;
}

bool Sources::is_single(const Group& group) const {
  if (groups_->has_calls_of_loop(group)) return false;
  if (group.site == nullptr) return groups_->is_of_single_rows(group);
  return is_any(operation_of(group.site), "get", "first", "follow", "load_field");
}

void Sources::find(std::string_view table, bool single, std::uint32_t before, std::vector<const Group*>& out) const {
  auto row = std::lower_bound(rows_.begin(), rows_.end(), Row{table, single, before});
  while (row != rows_.begin() && out.size() < rules::kSourcesMax) {
    --row;
    if (row->table != table || row->single != single) return;
    out.push_back(&groups_->all()[row->group]);
  }
}

std::vector<const Group*> Sources::of(const Group& loop) {
  std::vector<const Group*> out;
  if (loop.statement->operation != "SELECT" || !has_relation(loop.site) || loop.site->site.owner_table.empty())
    return out;
  if (!indexed_) index();
  const std::string& table = loop.site->site.owner_table;
  const auto before = static_cast<std::uint32_t>(&loop - groups_->all().data());
  find(table, false, before, out);
  if (out.empty()) find(table, true, before, out);
  return out;
}

const Group* Sources::source_of(const Group& loop) {
  const std::vector<const Group*> sources = of(loop);
  return sources.empty() ? nullptr : sources.front();
}

// Whether the rows of `source` are themselves fetched by a loop that a fix further up takes along.
bool Sources::chains(const Group& source) {
  return groups_->is_loop(source) && has_relation(source.site) && source.site->site.relation_kind != "get_by_key" &&
         is_any(operation_of(source.site), "follow", "iterate", "prefetch") && source_of(source) != nullptr;
}

Sources::Path Sources::path_of(const Group& loop) { return path_of(loop, 1); }

Sources::Path Sources::path_of(const Group& loop, std::uint32_t level) {
  const Group* source = source_of(loop);
  if (source == nullptr) return {};
  const std::string_view field = last_component(loop.site->site.relation);
  const std::string& table = loop.site->site.owner_table;
  const bool is_first_target = source->statement->targets.front() == table;
  if (is_first_target && level < rules::kChainMax && chains(*source)) {
    Path path = path_of(*source, level + 1);
    if (!path.text.empty()) path.text = lookup(path.text, field);
    path.needs_prefetch |= action_of_relation(source->site->site) != "select_related";
    ++path.loops;
    return path;
  }
  Path path;
  path.root = source;
  const std::string_view start = source->site == nullptr ? std::string_view{} : source->site->site.path;
  if (is_first_target) {
    path.text = lookup(start, field);
  } else if (source->site != nullptr) {
    if (const auto join = joined_path(source->site->site.joins, table)) path.text = lookup(start, *join, field);
  }
  return path;
}

}  // namespace mercury::analysis
