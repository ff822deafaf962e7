#include "analysis/summary.h"

#include <gtest/gtest.h>

#include <string>

#include "analysis/fingerprint.h"

namespace mercury::analysis {
namespace {

std::string summary_of(std::string_view sql, model::Vendor vendor = model::Vendor::Unknown) {
  return summary(normalise(sql, vendor));
}

TEST(Summary, IsTheOperationAndItsTargets) {
  const struct {
    const char* sql;
    const char* summary;
  } rows[] = {
      {"", ""},
      {"?", ""},
      {"SELECT 1", "SELECT"},
      {"select * from \"shop_order\" inner join \"shop_customer\" on (a = b)", "SELECT shop_order shop_customer"},
      {"SELECT * FROM a, b x, c AS y WHERE d = e", "SELECT a b c"},
      {"SELECT * FROM a LEFT OUTER JOIN b ON f(a.x, b.y) = 1, c", "SELECT a b c"},
      {"SELECT * FROM a x JOIN a y ON x.i = y.j", "SELECT a"},
      {"SELECT * FROM \"public\".\"order\" JOIN s.t ON a = b", "SELECT public.order s.t"},
      {"SELECT * FROM \"song list\"", "SELECT \"song list\""},
      {"SELECT * FROM Offset", "SELECT Offset"},
      {"SELECT a FROM (SELECT b FROM c) x, d", "SELECT c d"},
      {"SELECT a FROM (c JOIN d ON e = f) WHERE g = h", "SELECT c d"},
      {"SELECT a FROM b WHERE EXISTS(SELECT 1 FROM c) AND d IN (SELECT e FROM f)", "SELECT b c f"},
      {"(SELECT a FROM b) UNION ALL (SELECT c FROM d) ORDER BY e, f", "SELECT b d"},
      {"SELECT EXTRACT(YEAR FROM \"t\".\"d\"), TRIM(BOTH FROM x) FROM t", "SELECT t"},
      {"SELECT a IS DISTINCT FROM b FROM t WHERE c IS NOT DISTINCT FROM d", "SELECT t"},
      {"SELECT * FROM unnest(a) u, generate_series(1, 2), t", "SELECT t"},
      {"SELECT * FROM (VALUES (a), (b)) v, t", "SELECT t"},
      {"SELECT REPLACE(a, 'x', 'y'), UPPER(TRUNCATE(b, 2)) FROM t", "SELECT t"},
      {"SELECT a FROM t FOR UPDATE OF t SKIP LOCKED", "SELECT t"},
      {"WITH x AS (SELECT a FROM b), y AS MATERIALIZED (SELECT c FROM x) SELECT * FROM x, y, z", "SELECT b z"},
      {"WITH RECURSIVE tree(id, n) AS (SELECT 1, 2 FROM node UNION ALL SELECT 1, 2 FROM tree) SELECT * FROM tree",
       "SELECT node"},
      {"WITH x AS (SELECT a FROM b) DELETE FROM c WHERE d = 1", "SELECT b DELETE c"},
      {"INSERT INTO t (a, b) VALUES (1, 2), (3, 4) ON CONFLICT (a) DO UPDATE SET b = 1", "INSERT t"},
      {"INSERT INTO t (a) SELECT b FROM c", "INSERT t SELECT c"},
      {"INSERT IGNORE INTO t VALUES (1)", "INSERT t"},
      {"REPLACE INTO t VALUES (1)", "REPLACE t"},
      {"UPDATE \"t\" SET \"a\" = 1, b = 2 FROM u WHERE c = d", "UPDATE t u"},
      {"UPDATE ONLY t SET a = 1", "UPDATE t"},
      {"DELETE FROM t WHERE a IN (1, 2)", "DELETE t"},
      {"DELETE FROM a USING b JOIN c USING (id), d WHERE e = f", "DELETE a b c d"},
      {"DELETE FROM a WHERE b IN (SELECT c FROM d)", "DELETE a SELECT d"},
      {"MERGE INTO t USING s ON (t.id = s.id) WHEN MATCHED THEN UPDATE SET a = 1", "MERGE t s"},
      {"CREATE TABLE IF NOT EXISTS \"t\" (\"a\" integer REFERENCES \"u\" (\"id\") ON DELETE CASCADE)",
       "CREATE TABLE t"},
      {"CREATE TABLE t AS SELECT * FROM u", "CREATE TABLE t SELECT u"},
      {"CREATE UNIQUE INDEX \"i\" ON \"t\" (\"a\")", "CREATE INDEX t"},
      {"CREATE VIEW v AS SELECT a FROM t", "CREATE VIEW v SELECT t"},
      {"ALTER TABLE \"t\" ADD COLUMN \"a\" integer NULL", "ALTER TABLE t"},
      {"DROP TABLE IF EXISTS a, b CASCADE", "DROP TABLE a b"},
      {"TRUNCATE a, b", "TRUNCATE a b"},
      {"TRUNCATE TABLE a", "TRUNCATE a"},
      {"EXPLAIN QUERY PLAN UPDATE t SET a = 1", "UPDATE t"},
      {"SELECT a FROM b; SELECT c FROM d; DELETE FROM e", "SELECT b d DELETE e"},
      {"PRAGMA table_info('t')", "PRAGMA"},
      {"SAVEPOINT \"s1_x1\"", "SAVEPOINT"},
      {"exec_something 1", "EXEC_SOMETHING"},
  };
  for (const auto& row : rows) EXPECT_EQ(summary_of(row.sql), row.summary) << row.sql;
}

TEST(Summary, NeedsNoVendorToReadQuotedNames) {
  EXPECT_EQ(summary_of("SELECT a FROM `db`.`Order` JOIN `x y`", model::Vendor::Mysql), "SELECT db.Order `x y`");
  EXPECT_EQ(summary_of("SELECT a[1] FROM b", model::Vendor::Postgresql), "SELECT b");
  EXPECT_EQ(summary_of("SELECT a FROM [dbo].[Order] JOIN [x]]y] JOIN #tmp", model::Vendor::Mssql),
            "SELECT dbo.Order [x]]y] #tmp");
}

TEST(Summary, EndsAtTheLastTargetThatFits) {
  const std::string long_name(kSummaryBytesMax - std::string("SELECT a ").size(), 'n');
  EXPECT_EQ(summary("SELECT * FROM a, " + long_name), "SELECT a " + long_name);
  EXPECT_EQ(summary("SELECT * FROM a, " + long_name).size(), kSummaryBytesMax);
  EXPECT_EQ(summary("SELECT * FROM a, " + long_name + "n"), "SELECT a");
  EXPECT_EQ(summary("SELECT * FROM a, " + long_name + "n, b"), "SELECT a") << "nothing after what did not fit";
  EXPECT_EQ(summary("SELECT * FROM " + std::string(300, 'n')), "SELECT");
  EXPECT_EQ(summary(std::string(300, 'n')), "");
}

TEST(Summary, OfAMegabyteIsShort) {
  std::string text = "SELECT a FROM t0";
  for (int i = 1; text.size() < 1'000'000; ++i) text += " JOIN t" + std::to_string(i) + " ON (a = b)";
  EXPECT_EQ(summary(text).substr(0, 18), "SELECT t0 t1 t2 t3");
  EXPECT_LE(summary(text).size(), kSummaryBytesMax);
  EXPECT_EQ(summary("SELECT " + std::string(1'000'000, '(')), "SELECT");
}

}  // namespace
}  // namespace mercury::analysis
