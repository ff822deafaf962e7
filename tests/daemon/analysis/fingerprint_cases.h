// Statements and what is left of them without their literals: the table of fingerprint_test.cpp.
//
// Rows are written by hand from the definition in analysis/fingerprint.h, never copied from its output.
#pragma once

#include <string_view>

#include "model/vendor.h"

namespace mercury::analysis {

struct FingerprintCase {
  model::Vendor vendor;
  std::string_view sql;
  std::string_view text;
};

inline constexpr auto kUnknown = model::Vendor::Unknown;
inline constexpr auto kSqlite = model::Vendor::Sqlite;
inline constexpr auto kPostgresql = model::Vendor::Postgresql;
inline constexpr auto kMysql = model::Vendor::Mysql;
inline constexpr auto kOracle = model::Vendor::Oracle;
inline constexpr auto kMssql = model::Vendor::Mssql;

// clang-format off
inline constexpr FingerprintCase kFingerprintCases[] = {
    // Nothing, and next to nothing.
    {kUnknown, "", ""},
    {kUnknown, " \t\r\n\v\f", ""},
    {kUnknown, "-- only a comment", ""},
    {kUnknown, ";;;", ""},
    {kUnknown, "42", "?"},
    {kUnknown, "'", "?"},

    // Keywords, names and blanks.
    {kUnknown, "select a from t where b = c", "SELECT a FROM t WHERE b = c"},
    {kUnknown, "SELECT\n  a ,b\tFROM t\r\nWHERE b=c", "SELECT a, b FROM t WHERE b = c"},
    {kUnknown, "Select Name, MixedCase From Shop_Order", "SELECT Name, MixedCase FROM Shop_Order"},
    {kUnknown, R"(select "select", "From" from "Order")", R"(SELECT "select", "From" FROM "Order")"},
    {kUnknown, "select t.order, user.id, order.x from t", "SELECT t.order, user.id, order.x FROM t"},
    {kUnknown, "select * from Offset join Filter on a = b", "SELECT * FROM Offset JOIN Filter ON a = b"},
    {kUnknown, "select a from t limit 10 offset 20", "SELECT a FROM t LIMIT ? OFFSET ?"},
    {kUnknown, "select Count( * ) , max (a) from t", "SELECT Count(*), max(a) FROM t"},
    {kUnknown, "select cast( a as varchar(20) ), coalesce (a,b)", "SELECT CAST(a AS varchar(?)), COALESCE(a, b)"},
    {kUnknown, "select 1 where exists(select 1 from t)", "SELECT ? WHERE EXISTS(SELECT ? FROM t)"},
    {kUnknown, "select a from t1 join t2 on t1.x2=t2.x1", "SELECT a FROM t1 JOIN t2 ON t1.x2 = t2.x1"},
    {kUnknown, "select größe from straße", "SELECT größe FROM straße"},

    // Comments.
    {kUnknown, "SELECT a -- why\nFROM t", "SELECT a FROM t"},
    {kUnknown, "SELECT/**/a/* x */FROM t/* open", "SELECT a FROM t"},
    {kUnknown, "SELECT a FROM t /*controller='shop',traceparent='00-5bd6'*/", "SELECT a FROM t"},
    {kUnknown, "SELECT a /* x /* y */ FROM t", "SELECT a FROM t"},
    {kPostgresql, "SELECT a /* x /* y */ z */ FROM t", "SELECT a FROM t"},
    {kMssql, "SELECT a /* x /* y */ z */ FROM t", "SELECT a FROM t"},
    {kMysql, "SELECT a # it's\nFROM t -- 'x\nWHERE b", "SELECT a FROM t WHERE b"},
    {kMysql, "SELECT a--1", "SELECT a - ?"},
    {kMysql, "SELECT a --\nFROM t --", "SELECT a FROM t"},
    {kSqlite, "SELECT a--1", "SELECT a"},
    {kPostgresql, "SELECT a # b", "SELECT a # b"},

    // The end of a statement.
    {kUnknown, "SELECT a;", "SELECT a"},
    {kUnknown, "SELECT a ; ; -- done\n;", "SELECT a"},
    {kUnknown, "SELECT a;;SELECT b;", "SELECT a; SELECT b"},

    // Numbers.
    {kUnknown, "SELECT 1, 1.5, .5, 5., 1e5, 1.5e-3, 1.5E+3, 0xFF, 1_000, 10L", "SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"},
    {kUnknown, "SELECT -1, +1, - 1, (-1), a FROM t WHERE b = -1.5e-3", "SELECT ?, ?, ?, (?), a FROM t WHERE b = ?"},
    {kUnknown, "SELECT a-1, a -1, a - 1, (a)-1, 'a'-1, 2-1", "SELECT a - ?, a - ?, a - ?, (a) - ?, ? - ?, ? - ?"},
    {kUnknown, "SELECT a - -1, a*-1, -a, - -1", "SELECT a - ?, a * ?, - a, - ?"},
    {kUnknown, "SELECT a FROM t WHERE b BETWEEN -1 AND -2 LIMIT -1", "SELECT a FROM t WHERE b BETWEEN ? AND ? LIMIT ?"},
    {kUnknown, "SELECT CASE WHEN a THEN -1 ELSE -2 END -1", "SELECT CASE WHEN a THEN ? ELSE ? END - ?"},
    {kUnknown, "SELECT CURRENT_DATE-1", "SELECT CURRENT_DATE - ?"},
    {kUnknown, "SELECT t1.a2, x3 FROM t1 WHERE a2=3", "SELECT t1.a2, x3 FROM t1 WHERE a2 = ?"},
    {kUnknown, "SELECT 1.5FROM t, 12abc", "SELECT ? t, ?"},
    {kMysql, "SELECT 2023_orders.1st FROM 2023_orders WHERE a = 0x1F AND b = 1e5 AND c = 1e-5 AND d = 0b01",
             "SELECT 2023_orders.1st FROM 2023_orders WHERE a = ? AND b = ? AND c = ? AND d = ?"},

    // Strings.
    {kUnknown, "SELECT 'a', 'it''s', '', '''', 'a;b -- c'", "SELECT ?, ?, ?, ?, ?"},
    {kUnknown, "SELECT '2024-01-31', '550e8400-e29b-41d4-a716-446655440000', DATE '2024-01-31'", "SELECT ?, ?, DATE ?"},
    {kUnknown, "SELECT N'a', n'a', X'FF', B'01', E'a''b', e'a'", "SELECT ?, ?, ?, ?, ?, ?"},
    {kUnknown, R"(SELECT 'a\', b)", "SELECT ?, b"},
    {kPostgresql, R"(SELECT 'a\', E'it\'s', b)", "SELECT ?, ?, b"},
    {kPostgresql, "SELECT $$it's$$, $tag$ $$ ; $tag$, a$1", "SELECT ?, ?, a$1"},
    {kPostgresql, R"(SELECT U&'d\0061t', U&"d\0061t")", R"(SELECT ?, U&"d\0061t")"},
    {kPostgresql, "SELECT $x$ never closed ' ; $y$", "SELECT ?"},
    {kMysql, R"(SELECT 'it\'s', "say ""x"" \" y", a)", "SELECT ?, ?, a"},
    {kMysql, "SELECT _utf8mb4'x', N'y'", "SELECT _utf8mb4 ?, ?"},
    {kOracle, "SELECT q'[it's]', Q'{a}', nq'<b>', q'(c)', q'!d'!', q FROM dual", "SELECT ?, ?, ?, ?, ?, q FROM dual"},
    {kOracle, "SELECT DATE'2024-01-31' FROM dual", "SELECT DATE ? FROM dual"},
    {kMssql, "SELECT N'a', $12.50", "SELECT ?, ?"},
    {kUnknown, "SELECT a FROM t WHERE secret = 'my password is", "SELECT a FROM t WHERE secret = ?"},
    {kUnknown, "SELECT \"never closed", "SELECT ?"},

    // Quoted names, by vendor.
    {kSqlite, R"(SELECT "a""b", `c`, [d e] FROM "T")", R"(SELECT "a""b", `c`, [d e] FROM "T")"},
    {kPostgresql, R"(SELECT "public"."Order"."id" FROM "public"."Order")", R"(SELECT "public"."Order"."id" FROM "public"."Order")"},
    {kMysql, "SELECT `a``b`.`select` FROM `db` . `T` WHERE c = \"x\"", "SELECT `a``b`.`select` FROM `db`.`T` WHERE c = ?"},
    {kOracle, R"(SELECT "SHOP_ORDER"."ID" FROM "SHOP_ORDER" WHERE a# = 1)", R"(SELECT "SHOP_ORDER"."ID" FROM "SHOP_ORDER" WHERE a# = ?)"},
    {kMssql, "SELECT [a]]b], [From] FROM [dbo].[Order] o, #tmp", "SELECT [a]]b], [From] FROM [dbo].[Order] o, #tmp"},
    {kMssql, "SELECT TOP 5 * FROM db..t WHERE a@b = 1", "SELECT TOP ? * FROM db..t WHERE a@b = ?"},
    {kPostgresql, "SELECT a[1], a[1:2], a[i:j], ARRAY[1, 2], '{}'::int[]", "SELECT a[?], a[? : ?], a[i : j], ARRAY[?, ?], ?::int[]"},

    // Placeholders.
    {kUnknown, "SELECT %s, %(name)s, ?, ?12, $1, :1, :name, @p1", "SELECT ?, ?, ?, ?, ?, ?, ?, ?"},
    {kSqlite, "SELECT a FROM t WHERE a=? AND b=:b AND c=@c AND d=$d", "SELECT a FROM t WHERE a = ? AND b = ? AND c = ? AND d = ?"},
    {kPostgresql, "SELECT %s::integer, a::date, (a)::text", "SELECT ?::integer, a::date, (a)::text"},
    {kOracle, "SELECT a FROM t WHERE a=:arg0 FETCH FIRST :arg1 ROWS ONLY", "SELECT a FROM t WHERE a = ? FETCH FIRST ? ROWS ONLY"},
    {kMssql, "EXEC p @name, @@ROWCOUNT", "EXEC p ?, @@ROWCOUNT"},
    {kMysql, "SELECT @@session.sql_mode, a %% 2, a % size", "SELECT @@session.sql_mode, a %% ?, a % size"},
    {kUnknown, "SELECT a%size, a%%s", "SELECT a % size, a %% s"},

    // Operators.
    {kUnknown, "a<=b a>=b a<>b a!=b a||b a->b a->>b", "a <= b a >= b a <> b a != b a || b a -> b a ->> b"},
    {kPostgresql, "a@>b a<@b a?b a?|b a?&b a#>>b a~*b a!~*b a<->b", "a @> b a <@ b a ? b a ?| b a ?& b a #>> b a ~* b a !~* b a <-> b"},
    {kPostgresql, "SELECT %s||%s, ?||?, @ -5, @x", "SELECT ? || ?, ? || ?, @ ?, @ x"},
    {kMysql, "SELECT a<=>b, @a:=@a+1", "SELECT a <=> b, ? := ? + ?"},
    {kOracle, "SELECT a FROM t, u WHERE t.a = u.b(+)", "SELECT a FROM t, u WHERE t.a = u.b(+)"},

    // TRUE, FALSE, NULL.
    {kUnknown, "select true, FALSE, Null", "SELECT ?, ?, ?"},
    {kUnknown, "SELECT a FROM t WHERE a IS NULL AND b is not null AND c = NULL", "SELECT a FROM t WHERE a IS NULL AND b IS NOT NULL AND c = ?"},
    {kUnknown, "SELECT a WHERE a is true AND b IS NOT FALSE AND NOT TRUE AND c = TRUE", "SELECT a WHERE a IS TRUE AND b IS NOT FALSE AND NOT ? AND c = ?"},
    {kUnknown, "UPDATE t SET a = NULL, b = TRUE WHERE id = 1", "UPDATE t SET a = ?, b = ? WHERE id = ?"},
    {kUnknown, R"(CREATE TABLE "t" ("id" integer NOT NULL, "a" varchar(10) null, b bool DEFAULT NULL))",
               R"(CREATE TABLE "t" ("id" integer NOT NULL, "a" varchar(?) NULL, b bool DEFAULT NULL))"},
    {kUnknown, "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (id) ON DELETE SET NULL", "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u(id) ON DELETE SET NULL"},
    {kUnknown, "SELECT t.null, true.x", "SELECT t.null, true.x"},
    {kUnknown, "SELECT CASE WHEN a IS NULL THEN NULL ELSE 1 END", "SELECT CASE WHEN a IS NULL THEN ? ELSE ? END"},

    // Lists.
    {kUnknown, "SELECT a FROM t WHERE b IN (1)", "SELECT a FROM t WHERE b IN (?)"},
    {kUnknown, "SELECT a FROM t WHERE b IN (1,2, 3)", "SELECT a FROM t WHERE b IN (?)"},
    {kUnknown, "SELECT a FROM t WHERE b not in(%s, 'x', NULL, -1)", "SELECT a FROM t WHERE b NOT IN (?)"},
    {kUnknown, "SELECT a FROM t WHERE (b, c) IN ((1, 2), (3, 4))", "SELECT a FROM t WHERE (b, c) IN ((?, ?))"},
    {kUnknown, "SELECT a FROM t WHERE b IN (1, c, 2, lower('x'), lower('y'))", "SELECT a FROM t WHERE b IN (?, c, lower(?))"},
    {kUnknown, "SELECT a FROM t WHERE b IN (SELECT c, c FROM u WHERE d IN (1, 2))", "SELECT a FROM t WHERE b IN (SELECT c, c FROM u WHERE d IN (?))"},
    {kUnknown, "SELECT a FROM t WHERE b IN ()", "SELECT a FROM t WHERE b IN ()"},
    {kUnknown, "SELECT f(1, 2, 3)", "SELECT f(?, ?, ?)"},
    {kUnknown, "INSERT INTO t (a, b) VALUES (1, 'x')", "INSERT INTO t(a, b) VALUES (?, ?)"},
    {kUnknown, "INSERT INTO \"t\" (\"a\") VALUES(1),(2) , ( 3 ) RETURNING \"id\"", "INSERT INTO \"t\" (\"a\") VALUES (?) RETURNING \"id\""},
    {kUnknown, "INSERT INTO t VALUES (1, now()), (2, now()), (NULL, DEFAULT)", "INSERT INTO t VALUES (?, now()), (?, DEFAULT)"},
    {kMysql, "INSERT INTO t (a) VALUES (1), (2) ON DUPLICATE KEY UPDATE a = VALUES(a), b = VALUES(b)",
             "INSERT INTO t(a) VALUES (?) ON DUPLICATE KEY UPDATE a = VALUES (a), b = VALUES (b)"},
    {kPostgresql, "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (x, y), u", "SELECT * FROM (VALUES (?, ?)) AS v(x, y), u"},

    // Statements that were cut.
    {kUnknown, "SELECT a FROM t WHERE b IN (1, 2, 3", "SELECT a FROM t WHERE b IN (?"},
    {kUnknown, "SELECT a FROM t WHERE b IN (1, 2, 'x", "SELECT a FROM t WHERE b IN (?"},
    {kUnknown, "INSERT INTO t VALUES (1, 2), (3,", "INSERT INTO t VALUES (?, ?)"},
    {kUnknown, "INSERT INTO t VALUES (1, 2), (3, 4),", "INSERT INTO t VALUES (?, ?)"},

    // Django's own.
    {kSqlite, R"(SELECT "auth_user"."id" FROM "auth_user" WHERE ("auth_user"."is_active" AND "auth_user"."username" LIKE %s ESCAPE '\') ORDER BY 1 ASC LIMIT 21)",
              R"(SELECT "auth_user"."id" FROM "auth_user" WHERE ("auth_user"."is_active" AND "auth_user"."username" LIKE ? ESCAPE ?) ORDER BY ? ASC LIMIT ?)"},
    {kPostgresql, R"(SELECT COUNT(*) FILTER (WHERE "t"."a" > %s) OVER (PARTITION BY "t"."b") FROM "t" FOR UPDATE OF "t" SKIP LOCKED)",
                  R"(SELECT COUNT(*) FILTER (WHERE "t"."a" > ?) OVER (PARTITION BY "t"."b") FROM "t" FOR UPDATE OF "t" SKIP LOCKED)"},
    {kUnknown, R"(SAVEPOINT "s140_x1")", R"(SAVEPOINT "s140_x1")"},
    {kUnknown, R"(UPDATE "t" SET "n" = ("t"."n" + 1) WHERE "t"."id" = 5)", R"(UPDATE "t" SET "n" = ("t"."n" + ?) WHERE "t"."id" = ?)"},
};
// clang-format on

}  // namespace mercury::analysis
