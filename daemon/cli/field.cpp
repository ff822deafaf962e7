#include "cli/field.h"

#include <nlohmann/json.hpp>

#include "cli/text.h"

namespace mercury::cli::field {

using nlohmann::json;

const json& at(const json& row, Path path) {
  static const json kNull;
  const json* here = &row;
  for (const char* key : path) {
    if (!here->is_object()) return kNull;
    const auto found = here->find(key);
    if (found == here->end()) return kNull;
    here = &*found;
  }
  return *here;
}

std::optional<double> number(const json& row, Path path) {
  const json& value = at(row, path);
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

double number_or(const json& row, Path path, double missing) { return number(row, path).value_or(missing); }

std::size_t index(const json& row, Path path) {
  constexpr double kMost = 1e9;
  const double value = number_or(row, path, 0);
  return value > 0 && value <= kMost ? static_cast<std::size_t>(value) : 0;
}

double sum(const json& counts) {
  double total = 0;
  if (!counts.is_object()) return total;
  for (const json& value : counts) total += value.is_number() ? value.get<double>() : 0;
  return total;
}

std::string raw_text(const json& row, Path path) {
  const json& value = at(row, path);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  return {};
}

std::string text(const json& row, Path path) { return printable(raw_text(row, path)); }

}  // namespace mercury::cli::field
