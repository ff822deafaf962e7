// What a statement is without its literals, for every vendor: the table.
#include "daemon/analysis/fingerprint_vectors.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "analysis/fingerprint.h"
#include "analysis/summary.h"

namespace mercury::analysis {
namespace {

TEST(FingerprintVectors, HaveAtLeastAHundredAndFiftyRowsOfTheFiveVendors) {
  const auto named = [](const FingerprintVector& row) { return row.vendor != model::Vendor::Unknown; };
  EXPECT_GE(std::ranges::count_if(fingerprint_vectors(), named), 150);
}

TEST(FingerprintVectors, AStatementWithoutItsLiteralsHasThisTextAndId) {
  for (const FingerprintVector& row : fingerprint_vectors()) {
    EXPECT_EQ(normalise(row.sql, row.vendor), row.text) << model::name_of(row.vendor) << ": " << row.sql;
    EXPECT_EQ(fmt::format("{:016x}", fingerprint_id(row.text)), row.id) << row.text;
  }
}

TEST(FingerprintVectors, ATextHasThisSummaryAndTheseTargets) {
  for (const FingerprintVector& row : fingerprint_vectors()) {
    EXPECT_EQ(summary(row.text), row.summary) << row.text;
    EXPECT_EQ(targets(row.text), row.targets) << row.text;
    EXPECT_EQ(operation(row.text), row.operation) << row.text;
  }
}

}  // namespace
}  // namespace mercury::analysis
