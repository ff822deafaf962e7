// A site as the verdict sees it: its frames, its place, the ids that are made of it (VERDICTS.md §1 and §6).
//
// A null site is one that was not captured: it has no frames, no place, and the identity 0.
//
// Thread rules: pure. Failure: none but std::bad_alloc.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/verdict.h"

namespace mercury::analysis {

// What stands behind the last dot: `model.field` → `field`.
std::string_view last_component(std::string_view dotted);

// Whether a frame is one of those that stand for the site: application frames, or all where there is none.
class OwnFrames {
 public:
  explicit OwnFrames(const model::Site& site);
  bool operator()(const model::SiteFrame& frame) const { return frame.application || !any_application_; }

 private:
  bool any_application_ = false;
};

model::Place place_of(const model::JudgedSite* site);
bool has_relation(const model::JudgedSite* site);
std::string_view operation_of(const model::JudgedSite* site);

std::uint64_t finding_id(std::uint64_t fingerprint, const model::JudgedSite* site);
std::uint64_t finding_id(model::FindingKind kind, std::string_view unit_name);

}  // namespace mercury::analysis
