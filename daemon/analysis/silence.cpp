#include "analysis/silence.h"

#include <algorithm>

#include "analysis/sites.h"

namespace mercury::analysis {
namespace {

using model::IgnoreRule;
using model::Site;
using model::SiteFrame;

// A path, or the end of one behind a `/`.
bool names_file(std::string_view rule, std::string_view file) {
  if (!file.ends_with(rule)) return false;
  return file.size() == rule.size() || file[file.size() - rule.size() - 1] == '/';
}

template <typename Predicate>
bool any_own_frame(const Site& site, Predicate fits) {
  const OwnFrames own(site);
  return std::ranges::any_of(site.frames, [&](const SiteFrame& frame) { return own(frame) && fits(frame); });
}

bool matches_site(const IgnoreRule& rule, const Site& site) {
  if (!rule.file.empty() &&
      !any_own_frame(site, [&](const SiteFrame& frame) { return names_file(rule.file, frame.file); })) {
    return false;
  }
  if (!rule.function.empty() &&
      !any_own_frame(site, [&](const SiteFrame& frame) { return frame.function == rule.function; })) {
    return false;
  }
  return rule.field.empty() || rule.field == site.relation || rule.field == last_component(site.relation) ||
         rule.field == site.serializer_field;
}

}  // namespace

std::string_view reason_to_ignore(model::FindingKind kind, std::string_view unit_name, const model::JudgedSite* site,
                                  std::span<const IgnoreRule> rules, std::string_view today) {
  if (site != nullptr) {
    const std::string_view own = site->site.ignore;
    const std::size_t bar = own.find('|');
    if (bar != std::string_view::npos && bar + 1 < own.size() && (bar == 0 || own.substr(0, bar) == name_of(kind)))
      return own.substr(bar + 1);
  }
  for (const IgnoreRule& rule : rules) {
    if (!rule.kind.empty() && rule.kind != name_of(kind)) continue;
    if (!rule.route.empty() && rule.route != unit_name) continue;
    if (!rule.until.empty() && rule.until < today) continue;
    const bool of_sites = !rule.file.empty() || !rule.function.empty() || !rule.field.empty();
    if (!of_sites || (site != nullptr && matches_site(rule, site->site))) return rule.reason;
  }
  return {};
}

}  // namespace mercury::analysis
