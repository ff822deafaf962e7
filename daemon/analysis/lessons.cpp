#include <array>

#include "analysis/rules_table.h"
#include "analysis/verdict.h"

namespace mercury::analysis {
namespace {

constexpr std::array<Lesson, rules::kLessons.size()> lessons() {
  std::array<Lesson, rules::kLessons.size()> out{};
  for (std::size_t at = 0; at < out.size(); ++at) {
    out[at] = {rules::kLessons[at].title, rules::kLessons[at].what, rules::kLessons[at].why};
  }
  return out;
}
constexpr std::array<Lesson, rules::kLessons.size()> kLessons = lessons();

}  // namespace

const Lesson& lesson_of(model::FindingKind kind) { return kLessons.at(static_cast<std::size_t>(kind)); }

std::string_view reading_of(std::string_view action) {
  for (const rules::Action& known : rules::kActions) {
    if (known.name == action) return known.read;
  }
  return {};
}

std::string_view severity_name(std::uint8_t severity) {
  return severity < rules::kSeverities.size() ? rules::kSeverities[severity].name : std::string_view{};
}

}  // namespace mercury::analysis
