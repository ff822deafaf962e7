#include "analysis/fingerprint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "daemon/analysis/fingerprint_vectors.h"

namespace mercury::analysis {
namespace {

constexpr auto kUnknown = model::Vendor::Unknown;
constexpr auto kSqlite = model::Vendor::Sqlite;
constexpr auto kPostgresql = model::Vendor::Postgresql;
constexpr auto kMysql = model::Vendor::Mysql;

constexpr model::Vendor kVendors[] = {
    kUnknown, kSqlite, kPostgresql, kMysql, model::Vendor::Oracle, model::Vendor::Mssql};

TEST(Fingerprint, OfAFingerprintIsItself) {
  for (const FingerprintVector& row : fingerprint_vectors())
    EXPECT_EQ(normalise(row.text, row.vendor), row.text) << row.sql;
}

TEST(Fingerprint, TreatsEveryStatementForEveryVendorWithoutGrowingOrChangingTwice) {
  for (const FingerprintVector& row : fingerprint_vectors()) {
    for (const model::Vendor vendor : kVendors) {
      const std::string text = normalise(row.sql, vendor);
      EXPECT_LE(text.size(), 2 * row.sql.size()) << row.sql;
      EXPECT_EQ(normalise(text, vendor), text) << "vendor " << static_cast<int>(vendor) << ": " << row.sql;
    }
  }
}

TEST(Fingerprint, DoubleQuotesAreAStringForMysqlAndANameForTheOthers) {
  for (const model::Vendor vendor : kVendors) {
    const bool string = vendor == kMysql;
    EXPECT_EQ(normalise("SELECT \"Secret\"", vendor), string ? "SELECT ?" : "SELECT \"Secret\"");
  }
}

TEST(Fingerprint, ASecretInDoubleQuotesIsAValue) {
  for (const model::Vendor vendor : kVendors) {
    EXPECT_EQ(normalise("CREATE USER a IDENTIFIED BY \"S3cret\"", vendor), "CREATE USER a IDENTIFIED BY ?");
    EXPECT_EQ(normalise("ALTER ROLE a PASSWORD \"S3cret\"", vendor), "ALTER ROLE a PASSWORD ?");
  }
  EXPECT_EQ(normalise("SELECT a FROM t WHERE email = \"bob@example.org\"", kSqlite), "SELECT a FROM t WHERE email = ?");
  EXPECT_EQ(normalise("PRAGMA key = \"hunter2\"", kSqlite), normalise("PRAGMA key = \"x\"", kSqlite));
  EXPECT_EQ(normalise("SELECT a FROM t WHERE t.a = \"u\".\"b\" ORDER BY \"a\"", kSqlite),
            "SELECT a FROM t WHERE t.a = \"u\".\"b\" ORDER BY \"a\"");
  EXPECT_EQ(normalise("SELECT a FROM t WHERE a = \"b\"", kPostgresql), "SELECT a FROM t WHERE a = \"b\"");
}

TEST(Fingerprint, TablesThatDifferOnlyInCaseOrQuotesStayApart) {
  EXPECT_NE(normalise("SELECT a FROM Book", kMysql), normalise("SELECT a FROM book", kMysql));
  EXPECT_NE(normalise("SELECT a FROM \"Book\"", kPostgresql), normalise("SELECT a FROM Book", kPostgresql));
  EXPECT_NE(normalise("SELECT a FROM Match_1", kMysql), normalise("SELECT a FROM Match_2", kMysql));
  EXPECT_NE(normalise("UPDATE Offset SET a = 1", kMysql), normalise("UPDATE offset SET a = 1", kMysql));
}

TEST(Fingerprint, AListRemembersItsFirstEightDifferentElements) {
  const std::string eight = "SELECT x IN (a1, a2, a3, a4, a5, a6, a7, a8";
  EXPECT_EQ(normalise(eight + ", a8, a1)", kUnknown), eight + ")");
  EXPECT_EQ(normalise(eight + ", a9, a9, a1)", kUnknown), eight + ", a9, a9)");
}

TEST(Fingerprint, AStatementReadsTheSameWhereverItsListWasCut) {
  const std::string rows = "INSERT INTO t (a, b) VALUES (1, 'one'), (22, 'two'), (333, 'three'), (4, 'four')";
  const std::string whole = normalise(rows, kUnknown);
  const std::size_t after_first_row = rows.find("(22");
  for (std::size_t end = after_first_row; end <= rows.size(); ++end) {
    EXPECT_EQ(normalise(rows.substr(0, end), kUnknown), whole) << rows.substr(0, end);
  }
}

TEST(Fingerprint, AMegabyteOfAnythingIsOnePass) {
  const std::size_t size = 1'000'000;
  const struct {
    const char* what;
    std::string start, repeated;
    std::size_t text_bytes_max;
  } rows[] = {
      {"a long IN list", "SELECT a FROM t WHERE b IN (1", ", 12345", 40},
      {"many rows", "INSERT INTO t VALUES (1, 'a', NULL)", ", (2, 'b', TRUE)", 40},
      {"rows of names, all different from the first", "INSERT INTO t VALUES (a)", ", (b)", 40},
      {"one string", "SELECT '", "x", 10},
      {"doubled quotes", "SELECT '", "''", 10},
      {"one comment", "SELECT a /*", "*", 10},
      {"nested comments", "SELECT a ", "/* ", 10},
      {"blanks", "SELECT a", " ", 10},
      {"nested lists", "SELECT ", "a IN (", 2 * size},
      {"nested lists of twos", "SELECT ", "a IN (b, ", 2 * size},
      {"parentheses", "SELECT ", "(", 2 * size},
      {"dollar signs", "SELECT ", "$a", 2 * size},
      {"dollar tags that do not match", "SELECT $a", "$b", 2 * size},
      {"openings of pyformat", "SELECT ", "%(", 2 * size},
      {"signs", "SELECT ", "- ", 2 * size},
      {"semicolons", "SELECT a", "; ", 10},
      {"dots", "SELECT a", ".1", 2 * size},
      {"one word", "SELECT ", "a", 2 * size},
      {"bytes that are no text", "SELECT ", std::string("\xff\x00\x80", 3), 2 * size},
  };
  for (const auto& row : rows) {
    std::string sql = row.start;
    while (sql.size() < size) sql += row.repeated;
    for (const model::Vendor vendor : kVendors) {
      EXPECT_LE(normalise(sql, vendor).size(), std::max(row.text_bytes_max, row.start.size() + 2)) << row.what;
    }
  }
}

}  // namespace
}  // namespace mercury::analysis
