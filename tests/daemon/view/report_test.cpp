#include "view/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mercury::view {
namespace {

using json = nlohmann::json;

// That every field is there with its name is for the vectors: tests/daemon/analysis/verdict_vectors_test.cpp.
model::Verdict verdict(std::size_t findings, std::size_t groups) {
  model::Verdict out;
  for (std::size_t i = 0; i < findings; ++i) {
    model::Finding finding;
    finding.id = i;
    finding.fingerprint = 0xabc;
    finding.alias = 1;
    out.findings.push_back(finding);
  }
  for (std::size_t i = 0; i < groups; ++i) out.groups.push_back({i, 2});
  out.queries = 7;
  out.db_ns = 8;
  return out;
}

const std::vector<std::string> kAliases{"default", "replica"};

TEST(Report, SaysNothingWhereNothingWasFound) {
  EXPECT_EQ(report_of(verdict(0, 0), {}, 1000).verdict,
            R"({"findings":[],"groups":[],"score":null,"queries":7,"db_ns":8})");
}

TEST(Report, NamesAliasesAndShowsTextThatIsNotUtf8) {
  model::Verdict given = verdict(2, 0);
  given.findings[1].alias = 9;
  given.findings[0].trigger.file = "views\xff.py";
  given.findings[0].relation = "a\"b";
  const json shown = json::parse(report_of(given, kAliases, 100'000).verdict).at("findings");
  EXPECT_EQ(shown[0].at("alias"), "replica");
  EXPECT_EQ(shown[0].at("trigger").at("file"), "views\uFFFD.py");
  EXPECT_EQ(shown[0].at("relation"), "a\"b");
  EXPECT_EQ(shown[1].at("alias"), "");
}

TEST(Report, FillsTheRoomThatThereIsAndCountsTheRest) {
  const model::Verdict given = verdict(20, 20);
  const Report whole = report_of(given, kAliases, 100'000);
  EXPECT_EQ(whole.findings_left_out + whole.groups_left_out, 0U);
  const Report exact = report_of(given, kAliases, whole.verdict.size() + 1);
  EXPECT_EQ(exact.verdict, whole.verdict);
  std::size_t findings = 20;
  std::size_t groups = 20;
  for (std::size_t room = whole.verdict.size(); room >= 1000; room -= 97) {
    const Report cut = report_of(given, kAliases, room);
    EXPECT_LE(cut.verdict.size(), room);
    const json shown = json::parse(cut.verdict);
    EXPECT_EQ(shown.at("findings").size() + cut.findings_left_out, 20U);
    EXPECT_EQ(shown.at("groups").size() + cut.groups_left_out, 20U);
    EXPECT_LE(shown.at("findings").size(), findings);
    findings = shown.at("findings").size();
    groups = shown.at("groups").size();
  }
  EXPECT_LT(findings, 3U);
  EXPECT_LT(groups, 20U);
}

}  // namespace
}  // namespace mercury::view
