#include "platform/paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/environment.h"
#include "platform/peer.h"
#include "platform/place.h"

namespace mercury::platform {
namespace {

using testing::address_in;
using ::testing::ElementsAre;
using testing::environment_of;
using ::testing::HasSubstr;
using testing::outcome;
using testing::read_vectors;
using testing::sentence;

TEST(Paths, HashAsTheSharedTableDoes) {
  const nlohmann::json table = read_vectors("paths.json");
  ASSERT_EQ(table.at("hashes").size(), 4U);
  for (const nlohmann::json& row : table.at("hashes")) {
    EXPECT_EQ(short_hash(row.at("text").get<std::string>()), row.at("fnv1a64").get<std::string>().substr(0, 12));
  }
}

TEST(Paths, WriteAnAddressAsTheyReadIt) {
  for (const Address& address : {private_address(environment_of()), system_address(), Address{address_in("/told")}}) {
    const base::Result<Address> read = parse_address(address.text());
    ASSERT_EQ(sentence(read), "ok");
    EXPECT_EQ(*read, address);
  }
}

std::vector<std::string> found(const base::Result<std::vector<Candidate>>& candidates) {
  if (!candidates) return {candidates.error().code};
  std::vector<std::string> lines;
  for (const Candidate& candidate : *candidates) {
    constexpr const char* kNames[] = {"named ", "private ", "system "};
    lines.push_back(kNames[static_cast<int>(candidate.origin)] + candidate.address.path);
  }
  return lines;
}

TEST(Paths, LookForTheDaemonWhereTheyWereToldElseInBothPlaces) {
  const std::string told = address_in("/told");
  const std::string flag = address_in("/flag");
  const Environment plain = environment_of();
  const Environment empty = environment_of({{"MERCURY_ADDRESS", ""}});
  const Environment named = environment_of({{"MERCURY_ADDRESS", Address{told}.text()}});
  const Environment wrong = environment_of({{"MERCURY_ADDRESS", "tcp://told"}});
  const auto both = ElementsAre("private " + private_address(plain).path, "system " + system_address().path);
  EXPECT_THAT(found(candidates(plain)), both);
  EXPECT_THAT(found(candidates(empty)), both);
  EXPECT_THAT(found(candidates(named)), ElementsAre("named " + told));
  EXPECT_THAT(found(candidates(named, flag)), ElementsAre("named " + flag));
  EXPECT_THAT(found(candidates(wrong)), ElementsAre("bad_address"));
  EXPECT_THAT(sentence(candidates(wrong)), HasSubstr("MERCURY_ADDRESS: the address 'tcp://told'"));
  EXPECT_THAT(found(candidates(wrong, flag)), ElementsAre("named " + flag));
}

TEST(Paths, NeedAHomeForPrivateState) {
  Environment homeless = environment_of();
  EXPECT_EQ(sentence(state_directory(homeless, Scope::Private)), "ok");
  homeless.home.clear();
  EXPECT_EQ(outcome(state_directory(homeless, Scope::Private)), "no_home");
  EXPECT_EQ(outcome(state_directory(homeless, Scope::System)), "ok");
}

TEST(Paths, AreAbsolute) {
  for (const std::string& path : {*state_directory(environment_of(), Scope::Private),
                                  *state_directory(environment_of(), Scope::System), file_in(testing::kHome, "x")}) {
    EXPECT_TRUE(is_absolute(path)) << path;
  }
  for (const std::string& path : config_files(environment_of())) EXPECT_TRUE(is_absolute(path)) << path;
  for (const char* path : {"", "x", "x/y", "./x", "../x"}) EXPECT_FALSE(is_absolute(path)) << path;
}

TEST(Paths, ReadTheEnvironmentOfThisProcess) {
  testing::set_variable("MERCURY_TEST_VARIABLE", "größer");
  testing::set_variable("MERCURY_TEST_EMPTY", "");
  const Environment environment = this_environment();
  EXPECT_EQ(environment.variable("MERCURY_TEST_VARIABLE"), "größer");
  EXPECT_EQ(environment.variable("MERCURY_TEST_EMPTY"), "");
  testing::unset_variable("MERCURY_TEST_VARIABLE");
  testing::unset_variable("MERCURY_TEST_EMPTY");
  EXPECT_EQ(environment.variable("MERCURY_TEST_VARIABLE"), std::nullopt);
  EXPECT_EQ(environment.user, user_id());
  EXPECT_TRUE(is_absolute(environment.home)) << environment.home;
}

}  // namespace
}  // namespace mercury::platform
