#include "analysis/suggestion.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "analysis/rules_table.h"
#include "analysis/sites.h"

namespace mercury::analysis {
namespace {

using model::FindingKind;
using model::Site;

constexpr std::uint32_t kAdminColumnMax = 255;  // a body is not indented further; the line would have as many spaces

struct Words {
  std::string_view path, query, field, relation, model, count, code;

  [[nodiscard]] const std::string_view* find(std::string_view name) const {
    const std::pair<std::string_view, const std::string_view*> all[] = {
        {"path", &path},   {"query", &query}, {"field", &field}, {"relation", &relation},
        {"model", &model}, {"count", &count}, {"code", &code}};
    for (const auto& [known, word] : all) {
      if (known == name) return word;
    }
    return nullptr;
  }
};

// A path as a look-up names it: each part without the `_set` of an accessor that was not given a name.
std::string as_query(std::string_view path) {
  std::string out;
  while (true) {
    const std::size_t end = path.find("__");
    std::string_view part = path.substr(0, end);
    if (part.ends_with("_set")) part.remove_suffix(4);
    out += part;
    if (end == std::string_view::npos) return out;
    out += "__";
    path.remove_prefix(end + 2);
  }
}

// The template with `{name}` replaced; what is put in is not looked at again.
std::string filled(std::string_view text, const Words& words) {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    out += text.substr(0, open);
    if (open == std::string_view::npos) break;
    text.remove_prefix(open);
    const std::size_t close = text.find('}');
    const std::string_view* word = close == std::string_view::npos ? nullptr : words.find(text.substr(1, close - 1));
    out += word != nullptr ? *word : text.substr(0, 1);
    text.remove_prefix(word != nullptr ? close + 1 : 1);
  }
  return out;
}

std::string_view action_of_write(std::string_view operation) {
  if (operation == "UPDATE") return "bulk_update";
  return operation == "DELETE" ? "filter_delete" : "bulk_create";
}

std::string_view action_of(FindingKind kind, const Group* group) {
  switch (kind) {
    case FindingKind::NPlusOne: return action_of_relation(group->site->site);
    case FindingKind::QueryInLoop: return "batch_query";
    case FindingKind::RepeatedQuery: return "hoist";
    case FindingKind::WriteLoop: return action_of_write(group->statement->operation);
    case FindingKind::SlowQuery: return "explain_plan";
    case FindingKind::TooManyQueries: return "fewer_queries";
    case FindingKind::SlowResponse: return "profile";
  }
  return "";
}

// Whether one of the words of `state` (a site's) is `word`.
bool has_word(std::string_view state, std::string_view word) {
  while (!state.empty()) {
    const std::string_view next = state.substr(0, state.find_first_of(" \t\n\v\f\r"));
    if (next == word) return true;
    state.remove_prefix(std::min(state.size(), next.size() + 1));
  }
  return false;
}

bool needs_prefetch(const Sources::Path& path) {
  if (path.needs_prefetch) return true;
  if (path.root == nullptr || path.root->site == nullptr) return false;
  const Site& root = path.root->site->site;
  return root.operation == "prefetch" || has_word(root.state, "raw") || has_word(root.state, "only");
}

bool is_allowed(std::string_view action, const Site& root, const Sources::Path& path) {
  if (root.anchor.kind == model::AnchorKind::None || path.text.empty()) return false;
  if (has_word(root.state, "values") || has_word(root.state, "combined")) return false;
  if (root.anchor.kind == model::AnchorKind::Admin)
    return action == "select_related" && root.anchor.column <= kAdminColumnMax;
  if (action == "select_related") return true;
  if (action == "prefetch_related") return !has_word(root.state, "iterator");
  return action == "load_field" && !has_word(root.state, "raw") && path.loops == 1;
}

// A tree: what is fetched along for one level is asked for again on the next.
bool leads_to_itself(const Group& group) {
  const std::vector<std::string>& targets = group.statement->targets;
  return group.site != nullptr && !targets.empty() && targets.front() == group.site->site.owner_table;
}

// The line for an admin class. Where it stands Django stops joining by itself, so what it joined is named, too.
std::string admin_line(const Site& root, const std::string& path) {
  std::vector<std::string_view> names;
  std::unordered_set<std::string_view> seen;
  const auto add = [&](std::string_view name) {
    if (!name.empty() && seen.insert(name).second) names.push_back(name);
  };
  for (std::string_view rest = root.joins; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    add(line.substr(0, line.find('=')));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  add(path);
  std::string out(root.anchor.column, ' ');
  out += "list_select_related = (";
  for (std::size_t at = 0; at < names.size(); ++at) {
    if (at > 0) out += ", ";
    out += '"';
    out += names[at];
    out += '"';
  }
  out += names.size() == 1 ? ",)\n" : ")\n";
  return out;
}

model::Edit edit_at(const Site& root, const std::string& path, const std::string& code) {
  const model::Anchor& anchor = root.anchor;
  if (anchor.kind == model::AnchorKind::Chain) return {anchor.file, code, anchor.line, anchor.column};
  return {anchor.file, admin_line(root, path), anchor.line, 0};
}

}  // namespace

std::string_view action_of_relation(const Site& site) {
  struct Row {
    std::string_view operation, relation_kind, action;  // no relation_kind: any
  };
  constexpr Row kRows[] = {
      {"follow", "foreign_key", "select_related"},
      {"follow", "one_to_one", "select_related"},
      {"follow", "reverse_one_to_one", "select_related"},
      {"follow", "generic_foreign_key", "prefetch_related"},
      {"iterate", "", "prefetch_related"},
      {"prefetch", "", "prefetch_objects"},
      {"filter", "", "prefetch_object"},
      {"first", "", "prefetch_object"},
      {"other", "", "prefetch_object"},
      {"count", "", "annotate_count"},
      {"exists", "", "annotate_exists"},
      {"aggregate", "", "annotate"},
      {"get", "", "in_bulk"},
      {"load_field", "deferred_field", "load_field"},
  };
  if (site.relation_kind == "get_by_key") return "in_bulk";
  for (const Row& row : kRows) {
    if (row.operation == site.operation && (row.relation_kind.empty() || row.relation_kind == site.relation_kind))
      return row.action;
  }
  return "batch_query";
}

model::Suggestion suggestion_for(FindingKind kind, const Group* group, const Sources::Path& path, std::uint64_t count) {
  std::string_view name = action_of(kind, group);
  if (name == "select_related" && needs_prefetch(path)) name = "prefetch_related";
  const rules::Action& action = rules::action_named(name);
  const std::string_view relation =
      group == nullptr || group->site == nullptr ? std::string_view{} : std::string_view(group->site->site.relation);
  const std::string_view field = last_component(relation);
  const std::string number = std::to_string(count);
  const std::string_view way = path.text.empty() ? field : std::string_view(path.text);
  const std::string query = as_query(way);
  Words words{.path = way,
              .query = query,
              .field = field,
              .relation = relation,
              .model = relation.substr(0, relation.size() - std::min(relation.size(), field.size() + 1)),
              .count = number,
              .code = {}};
  model::Suggestion out;
  out.action = name;
  out.path = path.text;
  out.code = filled(action.code, words);
  words.code = out.code;
  out.text = filled(action.text, words);
  const bool has_root = path.root != nullptr && path.root->site != nullptr;
  if (!has_root || !is_allowed(name, path.root->site->site, path)) return out;
  if (name != "load_field" && leads_to_itself(*group)) return out;
  out.is_template = false;
  out.edit = edit_at(path.root->site->site, path.text, out.code);
  return out;
}

}  // namespace mercury::analysis
