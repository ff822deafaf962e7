#include "cli/timeline.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "cli/text.h"
#include "daemon/cli/finding_rows.h"

namespace mercury::cli {
namespace {

using nlohmann::json;
using testing::record;

const Style kStyle{Colors::Never, 80};

json unit_of(const json& records, double duration_ms) {
  return {{"duration_ms", duration_ms}, {"records", records}, {"records_left_out", 0}};
}

TEST(Timeline, FoldsRepeatsIntoOneLineWithAMark) {
  json records = json::array({record(0, 2, "SELECT a", "source")});
  for (int i = 0; i < 28; ++i) records.push_back(record(2 + i, 1, "SELECT b", "repeat"));
  EXPECT_EQ(timeline(unit_of(records, 30), Marks::Roles, 2, kStyle),
            "  at ms    ms  0 to 30.0 ms                       statement\n"
            "      0  2.00  ██····························  →  SELECT a\n"
            "   2.00  28.0  ··████████████████████████████  ●  SELECT b … ×28\n");
}

TEST(Timeline, FoldsALoopOfSeveralStatements) {
  json records = json::array();
  for (int i = 0; i < 10; ++i) {
    records.push_back(record(3 * i, 1, "SELECT a", "repeat"));
    records.push_back(record(3 * i + 1, 1, "SELECT b", nullptr));
    records.push_back(record(3 * i + 2, 1, "SELECT b", nullptr));
  }
  EXPECT_EQ(timeline(unit_of(records, 30), Marks::Roles, 0, kStyle),
            "at ms    ms  0 to 30.0 ms                       statement\n"
            "    0  1.00  █·····························  ●  SELECT a\n"
            " 1.00  2.00  ·██···························     SELECT b … ×2\n"
            " 3.00  27.0  ···███████████████████████████     … these 2 again, ×9\n");
  const std::string counted = timeline(unit_of(records, 30), Marks::None, 0, kStyle);
  EXPECT_NE(counted.find("… these 2 again, ×9     27\n"), std::string::npos) << counted;
}

TEST(Timeline, LeavesTwoRoundsAsTheyAre) {
  json records = json::array();
  for (int i = 0; i < 2; ++i) {
    records.push_back(record(2 * i, 1, "SELECT a", nullptr));
    records.push_back(record(2 * i + 1, 1, "SELECT b", nullptr));
  }
  const std::string text = timeline(unit_of(records, 4), Marks::Roles, 0, kStyle);
  EXPECT_EQ(text.find("again"), std::string::npos) << text;
}

TEST(Timeline, KeepsTheSameStatementFromAnotherPlaceApart) {
  const json records{record(0, 1, "SELECT a", "source"), record(1, 1, "SELECT a", "repeat"),
                     record(2, 1, "SELECT a", "repeat")};
  const std::string text = timeline(unit_of(records, 3), Marks::Roles, 0, kStyle);
  EXPECT_NE(text.find("→  SELECT a\n"), std::string::npos) << text;
  EXPECT_NE(text.find("●  SELECT a … ×2\n"), std::string::npos) << text;
}

TEST(Timeline, FitsNarrowTerminalsWithoutItsBars) {
  json records = json::array({record(0, 2, "SELECT shop_order", "source")});
  for (int i = 0; i < 28; ++i) records.push_back(record(2 + i, 1, "SELECT shop_author", "repeat"));
  const std::string text = timeline(unit_of(records, 30), Marks::Roles, 2, {Colors::Never, 40});
  EXPECT_NE(text.find("SELECT shop_author … ×28"), std::string::npos) << text;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 40U) << line;
}

}  // namespace
}  // namespace mercury::cli
