// The table of statements that both languages read: proto/vectors/analysis/fingerprints.json.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/vendor.h"

namespace mercury::analysis {

struct FingerprintVector {
  model::Vendor vendor = model::Vendor::Unknown;
  std::string sql, text, id, summary, operation;
  std::vector<std::string> targets;
};

// Read once. MERCURY_VECTORS is set by CMake; a file that is not there, or not of this shape, throws.
inline const std::vector<FingerprintVector>& fingerprint_vectors() {
  static const std::vector<FingerprintVector> vectors = [] {
    std::ifstream in(MERCURY_VECTORS "/analysis/fingerprints.json");
    const nlohmann::json file = nlohmann::json::parse(in);
    std::vector<FingerprintVector> read;
    for (const nlohmann::json& row : file.at("rows")) {
      read.push_back({.vendor = model::parse_vendor(row.at("vendor").get_ref<const std::string&>()),
                      .sql = row.at("sql"),
                      .text = row.at("text"),
                      .id = row.at("id"),
                      .summary = row.at("summary"),
                      .operation = row.at("operation"),
                      .targets = row.at("targets")});
    }
    return read;
  }();
  return vectors;
}

}  // namespace mercury::analysis
