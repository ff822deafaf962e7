// What to write instead, and where: VERDICTS.md §7.
//
// Thread rules: pure. Failure: none but std::bad_alloc.
#pragma once

#include <cstdint>
#include <string_view>

#include "analysis/sources.h"
#include "model/verdict.h"

namespace mercury::analysis {

// The action that mends an N+1 of this (operation, relation_kind): a name of rules.json.
std::string_view action_of_relation(const model::Site& site);

// `group` is null for a finding of the unit; `path` is that of its relation, if there is one.
model::Suggestion suggestion_for(model::FindingKind kind, const Group* group, const Sources::Path& path,
                                 std::uint64_t count);

}  // namespace mercury::analysis
