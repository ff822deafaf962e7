// The verdicts of proto/vectors/analysis, which the Python engine gives as well.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "daemon/analysis/verdict_json.h"

namespace mercury::analysis {
namespace {

using nlohmann::json;

std::vector<std::filesystem::path> vector_files() {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(MERCURY_VECTORS) / "analysis")) {
    if (entry.path().filename().string().starts_with("verdicts_")) out.push_back(entry.path());
  }
  return out;
}

TEST(VerdictVectors, EveryVectorHasTheVerdictThatItSays) {
  const auto files = vector_files();
  ASSERT_FALSE(files.empty());
  Judge judge;
  std::size_t seen = 0;
  for (const auto& file : files) {
    std::ifstream in(file);
    for (const json& vector : json::parse(in)) {
      SCOPED_TRACE(file.filename().string() + ": " + vector.at("about").get<std::string>());
      const VerdictCase one = read_case(vector);
      const model::Verdict& verdict = judge.judge(one.unit, one.queries, one.thresholds, one.ignore, one.today);
      const json given = verdict_json(verdict, one.aliases);
      const json& wanted = vector.at("verdict");
      EXPECT_EQ(given, wanted) << json::diff(wanted, given).dump(1);
      ++seen;
    }
  }
  EXPECT_GE(seen, 20U);
}

}  // namespace
}  // namespace mercury::analysis
