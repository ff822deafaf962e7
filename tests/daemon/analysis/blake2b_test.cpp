// The expected digests were computed with Python: hashlib.blake2b(message, digest_size=8).hexdigest().
#include "analysis/blake2b.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "analysis/fingerprint.h"

namespace mercury::analysis {
namespace {

std::string hex_of(std::string_view message) {
  std::string hex;
  for (const std::uint8_t byte : blake2b_64(message)) {
    char pair[3];
    std::snprintf(pair, sizeof pair, "%02x", byte);
    hex += pair;
  }
  return hex;
}

TEST(Blake2b, AgreesWithPythonOnTexts) {
  const struct {
    const char* message;
    const char* digest;
  } rows[] = {
      {R"sql()sql", "e4a6a0577479b2b4"},
      {R"sql(abc)sql", "d8bb14d833d59559"},
      {R"sql(SELECT ?)sql", "c148796e1220075a"},
      {R"sql(SELECT "shop_order"."id" FROM "shop_order" WHERE "shop_order"."id" IN (?))sql", "ddcbac348bea7cf2"},
      {R"sql(The quick brown fox jumps over the lazy dog)sql", "4c4531b978d589f8"},
  };
  for (const auto& row : rows) EXPECT_EQ(hex_of(row.message), row.digest) << row.message;
}

// Byte i of the message is i % 251; the lengths lie around the block size of 128 bytes and its multiples.
TEST(Blake2b, AgreesWithPythonAtTheBoundariesOfBlocks) {
  std::string message;
  for (int i = 0; i < 100'000; ++i) message += static_cast<char>(i % 251);
  const struct {
    std::size_t length;
    const char* digest;
  } rows[] = {
      {0, "e4a6a0577479b2b4"},      {1, "94f6d9cdd1ea8248"},    {2, "fb34657ab5e1f0e4"},    {3, "e879c20168a0a436"},
      {63, "f9c547c9964f769a"},     {64, "e4af9932b61a9077"},   {65, "af05fab0f89070c3"},   {127, "68005651c301c41e"},
      {128, "c2d13df1b6617e82"},    {129, "f667e47a6d5350a6"},  {255, "94beba09a14b35a2"},  {256, "511a778d539d7a3c"},
      {257, "87bc532d670693b6"},    {1000, "669ca836a838577f"}, {4096, "a682af91c7ff2e3c"}, {16384, "8056ef0bf522c876"},
      {100000, "3d8446189c427542"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(hex_of(std::string_view(message).substr(0, row.length)), row.digest) << row.length << " bytes";
  }
}

// int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")
TEST(Blake2b, TheFirstDigestByteIsTheLowestByteOfAFingerprintId) {
  EXPECT_EQ(fingerprint_id(R"sql(abc)sql"), 0x5995d533d814bbd8U);
  EXPECT_EQ(fingerprint_id(R"sql(SELECT ?)sql"), 0x5a0720126e7948c1U);
  EXPECT_EQ(fingerprint_id(R"sql(SELECT "shop_order"."id" FROM "shop_order" WHERE "shop_order"."id" IN (?))sql"),
            0xf27cea8b34accbddU);
}

TEST(Blake2b, TheIdCoversTheWholeText) {
  const std::string text(100'000, 'x');
  EXPECT_NE(fingerprint_id(text), fingerprint_id(text + "y"));
  EXPECT_NE(fingerprint_id(text), fingerprint_id(text.substr(1)));
}

}  // namespace
}  // namespace mercury::analysis
