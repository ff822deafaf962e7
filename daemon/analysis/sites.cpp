#include "analysis/sites.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <utility>

#include "analysis/blake2b.h"
#include "analysis/fingerprint.h"
#include "analysis/summary.h"
#include "analysis/verdict.h"

namespace mercury::analysis {
namespace {

using model::Site;

std::uint64_t hash_of(std::string_view bytes) { return std::bit_cast<std::uint64_t>(blake2b_64(bytes)); }

void add_line(std::string& to, std::string_view line) {
  if (!to.empty()) to += '\n';
  to += line;
}

// Both hashes end with the same lines, but for the number of the template's.
void add_names(std::string& to, const Site& site) {
  for (const std::string* text : {&site.view, &site.serializer_field, &site.admin_column, &site.relation, &site.path}) {
    (to += '\n') += *text;
  }
}

std::uint64_t key_of(const Site& site) {
  const OwnFrames own(site);
  std::string lines;
  for (const model::SiteFrame& frame : site.frames) {
    if (own(frame)) add_line(lines, frame.file + ':' + std::to_string(frame.line) + ':' + frame.function);
  }
  add_line(lines, site.template_name + ':' + std::to_string(site.template_line));
  add_names(lines, site);
  return hash_of(lines);
}

std::uint64_t identity_of(const Site& site) {
  const OwnFrames own(site);
  std::string lines;
  for (const model::SiteFrame& frame : site.frames) {
    if (own(frame)) add_line(lines, frame.module + '.' + frame.function);
  }
  // Not add_line(): the first line may be empty, and counts.
  if (!lines.empty()) lines += '\n';
  lines += site.template_name;
  add_names(lines, site);
  return hash_of(lines);
}

}  // namespace

std::string_view last_component(std::string_view dotted) { return dotted.substr(dotted.rfind('.') + 1); }

OwnFrames::OwnFrames(const Site& site)
    : any_application_(std::ranges::any_of(site.frames, &model::SiteFrame::application)) {}

model::Place place_of(const model::JudgedSite* judged) {
  model::Place place;
  if (judged == nullptr) return place;
  const Site& site = judged->site;
  if (const auto frame = std::ranges::find(site.frames, true, &model::SiteFrame::application);
      frame != site.frames.end()) {
    place.file = frame->file;
    place.line = frame->line;
    place.function = frame->function;
    place.module = frame->module;
  }
  place.template_name = site.template_name;
  place.template_line = site.template_line;
  place.view = site.view;
  place.serializer_field = site.serializer_field;
  place.admin_column = site.admin_column;
  return place;
}

bool has_relation(const model::JudgedSite* site) { return site != nullptr && !site->site.relation_kind.empty(); }

std::string_view operation_of(const model::JudgedSite* site) {
  return site == nullptr ? std::string_view{} : std::string_view(site->site.operation);
}

std::uint64_t finding_id(std::uint64_t fingerprint, const model::JudgedSite* site) {
  const std::array<std::uint64_t, 2> both{fingerprint, site == nullptr ? 0 : site->identity};
  const auto bytes = std::bit_cast<std::array<char, sizeof both>>(both);
  return hash_of({bytes.data(), bytes.size()});
}

std::uint64_t finding_id(model::FindingKind kind, std::string_view unit_name) {
  return hash_of(std::string(name_of(kind)) + '\n' + std::string(unit_name));
}

model::JudgedSite judged(Site site) {
  const std::uint64_t key = key_of(site);
  const std::uint64_t identity = identity_of(site);
  return {std::move(site), key, identity};
}

model::StatementFacts statement_facts(std::string_view normalised) {
  if (normalised.empty()) return {};
  return {fingerprint_id(normalised), std::string(operation(normalised)), targets(normalised)};
}

}  // namespace mercury::analysis
