// What holds for every unit: the order in which its parts became known does not matter, a Judge remembers nothing,
// and neither odd texts nor the largest numbers nor many groups break it.
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <random>

#include "daemon/analysis/verdict_json.h"
#include "daemon/analysis/verdict_scene.h"

namespace mercury::analysis {
namespace {

using nlohmann::json;
constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

const char* const kStatements[] = {R"(SELECT 1 FROM "a")",
                                   R"(SELECT 1 FROM "b" INNER JOIN "a" ON x = y WHERE z = 1)",
                                   R"(SELECT 1 FROM "b" WHERE z = 1)",
                                   R"(SELECT 1 FROM "c" WHERE z = 2)",
                                   "INSERT INTO a (x) VALUES (1)",
                                   "DELETE FROM b",
                                   "VACUUM",
                                   ""};
const char* const kOperations[] = {"",      "fetch", "follow", "iterate",    "prefetch", "filter",
                                   "count", "get",   "first",  "load_field", "follow",   "raw"};
const char* const kRelationKinds[] = {"", "foreign_key", "many_to_many", "get_by_key", "deferred_field", "nonsense"};
const char* const kTexts[] = {
    "", "", "a", "b", "c", "x=a\ny=b", "=", "\n\n", "a.b.", "|", "n_plus_one|r", "values {code}", "\xff\xfe"};

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t end) { return engine_() % end; }
  template <typename T, std::size_t Size>
  T of(const T (&values)[Size]) {
    return values[below(Size)];
  }
  std::uint64_t number() {
    return of({std::uint64_t{0}, std::uint64_t{1}, below(1'000'000), kMost / 2, kMost - 1, kMost});
  }
  std::mt19937_64& engine() { return engine_; }

 private:
  std::mt19937_64 engine_;
};

model::Site random_site(Random& random) {
  model::Site site;
  for (std::uint64_t frames = random.below(4); frames > 0; --frames) {
    site.frames.push_back({static_cast<std::uint32_t>(random.below(3)), random.below(2) == 0, random.of(kTexts),
                           random.of(kTexts), random.of(kTexts)});
  }
  site.operation = random.of(kOperations);
  site.relation_kind = random.of(kRelationKinds);
  for (std::string model::Site::*text : {&model::Site::template_name, &model::Site::view, &model::Site::relation,
                                         &model::Site::owner_table, &model::Site::state, &model::Site::joins,
                                         &model::Site::path, &model::Site::ignore, &model::Site::serializer_field}) {
    site.*text = random.of(kTexts);
  }
  site.anchor = {static_cast<std::uint32_t>(random.number()), static_cast<std::uint32_t>(random.number()),
                 static_cast<model::AnchorKind>(random.below(3)), random.of(kTexts)};
  if (random.below(8) == 0) site.flags = static_cast<std::uint16_t>(random.below(65536));
  return site;
}

Scene random_scene(Random& random) {
  Scene scene;
  scene.unit.kind = static_cast<model::UnitKind>(1 + random.below(6));
  scene.unit.operation = static_cast<model::Operation>(random.below(8));
  scene.unit.duration_ns = random.number();
  scene.unit.first_byte_ns = random.number();
  scene.unit.cache_hits = random.number();
  scene.unit.cache_misses = random.number();
  std::vector<const model::JudgedSite*> sites{nullptr};
  for (std::uint64_t count = random.below(6); count > 0; --count) sites.push_back(scene.known(random_site(random)));
  for (std::uint64_t groups = random.below(12); groups > 0; --groups) {
    scene.add(random.of(kStatements), sites[random.below(sites.size())],
              static_cast<std::uint32_t>(1 + random.below(8)));
  }
  return scene;
}

// Numbers as only a broken peer sends them.
void make_extreme(Scene& scene, Random& random) {
  for (model::Query& query : scene.queries) {
    query.duration_ns = random.number();
    query.calls = random.number();
    query.ordinal = static_cast<std::uint32_t>(random.number());
    query.flags = static_cast<std::uint16_t>(random.below(16));
    query.start_ns = random.number();
    if (random.below(9) == 0) query.statement = nullptr;
  }
  std::ranges::stable_sort(scene.queries, {}, &model::Query::start_ns);
  for (std::uint64_t* threshold : {&scene.thresholds.n_plus_one, &scene.thresholds.loop_calls_min,
                                   &scene.thresholds.slow_query_ns, &scene.thresholds.polling_gap_ns}) {
    if (random.below(3) == 0) *threshold = random.number();
  }
  if (random.below(2) == 0) scene.thresholds.response_ms = random.number();
  if (random.below(2) == 0) scene.thresholds.queries = random.number();
}

json verdict_of(Scene& scene) { return verdict_json(scene.judge(), {"default", "replica"}); }

TEST(JudgeProperties, HoldForOddTextsAndTheLargestNumbers) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    Scene scene = random_scene(random);
    make_extreme(scene, random);
    const model::Verdict& verdict = scene.judge();
    for (std::size_t at = 0; at < verdict.findings.size(); ++at) {
      const model::Finding& finding = verdict.findings[at];
      ASSERT_LE(finding.saving_ns, finding.time_ns) << seed;
      ASSERT_LE(finding.severity, 5) << seed;
      ASSERT_LE(finding.sources.size(), 3U) << seed;
      ASSERT_FALSE(finding.suggestion.action.empty()) << seed;
      ASSERT_EQ(finding.suggestion.is_template, !finding.suggestion.edit) << seed;
      ASSERT_LE(finding.saving_ns, verdict.findings[at == 0 ? 0 : at - 1].saving_ns) << seed;
    }
    ASSERT_LE(verdict.score.value_or(model::Score{}).value, 100U) << seed;
  }
}

TEST(JudgeProperties, AUnitTwiceIsJudgedAlikeWhateverWasBetween) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Random random(seed);
    Scene scene = random_scene(random);
    Scene other = random_scene(random);
    Judge judge;
    const json first = verdict_json(judge.judge(scene.unit, scene.queries, scene.thresholds), {"default"});
    judge.judge(other.unit, other.queries, other.thresholds);
    EXPECT_EQ(verdict_json(judge.judge(scene.unit, scene.queries, scene.thresholds), {"default"}), first) << seed;
  }
}

// Says of each query which one before it is the last of its group, as the engine does. False if it cannot.
bool tell(std::vector<model::Query>& queries) {
  std::map<std::uint64_t, std::uint32_t> last;
  for (std::uint32_t at = 0; at < queries.size(); ++at) {
    model::Query& query = queries[at];
    query.same = model::previous::kNone;
    if (query.calls == 0 || (query.flags & model::record_flag::kControl) != 0) continue;  // takes part in nothing
    const auto [before, is_first] = last.try_emplace(query.statement == nullptr ? 0 : query.statement->fingerprint, at);
    if (!is_first) {
      query.same = before->second;
      const model::Query& other = queries[before->second];
      if (other.site != query.site || other.alias != query.alias || ((other.flags ^ query.flags) & 1) != 0)
        return false;
    }
    before->second = at;
  }
  return true;
}

TEST(JudgeProperties, AreTheSameWhetherGroupsAreToldOrLookedUp) {
  std::size_t told = 0;
  std::size_t found = 0;
  std::size_t plain = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    Random random(seed);
    Scene scene = random_scene(random);
    if (random.below(2) == 0) make_extreme(scene, random);
    if (random.below(3) == 0) scene.queries.resize(std::min<std::size_t>(scene.queries.size(), 2));
    const json wanted = verdict_of(scene);
    if (!tell(scene.queries)) continue;
    ++told;
    found += wanted.at("findings").size();
    plain += wanted.at("groups").empty() ? 1 : 0;
    ASSERT_EQ(verdict_of(scene), wanted) << seed;
  }
  EXPECT_GT(told, 500U);
  EXPECT_GT(found, 500U);
  EXPECT_GT(plain, 100U);
}

// The same queries, made known in another order: other addresses of sites and statements, other numbers of aliases
// and texts.
TEST(JudgeProperties, DoNotDependOnTheOrderInWhichThingsBecameKnown) {
  std::size_t findings = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Random random(seed);
    Scene scene = random_scene(random);
    const json wanted = verdict_of(scene);
    findings += wanted.at("findings").size();
    std::vector<model::Query> shuffled = scene.queries;
    std::ranges::shuffle(shuffled, random.engine());
    std::vector<std::unique_ptr<model::StatementFacts>> statements;
    std::vector<std::unique_ptr<model::JudgedSite>> sites;
    for (model::Query& query : shuffled) {
      query.alias = 1;
      query.text = ~query.text;
      query.statement = statements.emplace_back(std::make_unique<model::StatementFacts>(*query.statement)).get();
      if (query.site != nullptr)
        query.site = sites.emplace_back(std::make_unique<model::JudgedSite>(*query.site)).get();
    }
    std::ranges::sort(shuffled, {}, &model::Query::start_ns);
    Judge judge;
    EXPECT_EQ(verdict_json(judge.judge(scene.unit, shuffled, scene.thresholds), {"replica", "default"}), wanted)
        << seed;
  }
  EXPECT_GT(findings, 500U);
}

TEST(JudgeProperties, WorkOnTenThousandGroupsIsBounded) {
  constexpr std::uint32_t kGroups = 10'000;
  Scene scene;
  std::vector<const model::JudgedSite*> sites;
  for (std::uint32_t at = 0; at < kGroups; ++at) {
    model::Site site = relation_at("loop", "follow", "foreign_key", "shop.Order.customer", "shop_customer");
    site.frames[0].line = at + 1;
    sites.push_back(scene.known(site));
  }
  scene.add(kCustomer, fetch_at("list"));
  for (int round = 0; round < 3; ++round) {
    for (const model::JudgedSite* site : sites) scene.add(kCustomer, site);
  }
  const auto start = std::chrono::steady_clock::now();
  const model::Verdict& verdict = scene.judge();
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(verdict.findings.size(), kGroups);
  EXPECT_EQ(verdict.groups.size(), kGroups);
  EXPECT_EQ(verdict.findings[0].sources.size(), 1U);
  EXPECT_EQ(verdict.findings[kGroups - 1].sources.size(), 3U);
  EXPECT_EQ(verdict.findings[kGroups - 1].suggestion.path, "customer__customer__customer__customer__customer");
  EXPECT_LT(took, std::chrono::seconds(10)) << "each group with each other would take minutes";
}

TEST(JudgeProperties, WorkOnTenThousandStatementsWithoutASiteIsBounded) {
  constexpr std::uint32_t kGroups = 10'000;
  Scene scene;
  const model::JudgedSite* site = scene.known(fetch_at("list"));
  for (std::uint32_t at = 0; at < kGroups; ++at) {
    scene.add("SELECT 1 FROM t" + std::to_string(at), nullptr);
    scene.add("SELECT 1 FROM t" + std::to_string(at), site);
  }
  const model::Verdict& verdict = scene.judge();
  ASSERT_EQ(verdict.groups.size(), kGroups);
  for (const model::GroupCount& group : verdict.groups) ASSERT_EQ(group.count, 2U);
}

}  // namespace
}  // namespace mercury::analysis
