// What holds for every statement, tried with random changes. Every generator has a fixed seed.
#include <gtest/gtest.h>

#include <cctype>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/fingerprint.h"
#include "analysis/summary.h"
#include "daemon/analysis/fingerprint_vectors.h"

namespace mercury::analysis {
namespace {

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
}

template <typename Choices>
std::string_view one_of(Random& random, const Choices& choices) {
  return choices[below(random, std::size(choices))];
}

// For each byte of a text: is it inside a quoted name?
std::vector<bool> quoted_bytes(std::string_view text, model::Vendor vendor) {
  std::vector<bool> quoted(text.size());
  char close = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    quoted[i] = close != '\0';
    if (close != '\0') {
      if (text[i] == close) close = '\0';
    } else if (text[i] == '"' || text[i] == '`') {
      close = text[i];
    } else if (text[i] == '[' && (vendor == model::Vendor::Mssql || vendor == model::Vendor::Sqlite)) {
      close = ']';
    }
    quoted[i] = quoted[i] || close != '\0';
  }
  return quoted;
}

// Replaces each byte for which `change(i)` gives a text.
template <typename Change>
std::string rewritten(std::string_view text, Change&& change) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string replacement = change(i);
    out += replacement.empty() ? std::string(1, text[i]) : replacement;
  }
  return out;
}

constexpr int kRounds = 20;

TEST(FingerprintProperties, BlanksAndCommentsNeverChangeIt) {
  static constexpr std::string_view kGaps[] = {" ",         "\n\t ", "/* 'x */",  " -- \"y\n",
                                               "\r\n/**/ ", "\f\v",  "/*a=1*/\n", " /* ; */ -- ,(\n"};
  Random random(1);
  for (const FingerprintVector& row : fingerprint_vectors()) {
    const std::vector<bool> quoted = quoted_bytes(row.text, row.vendor);
    for (int round = 0; round < kRounds; ++round) {
      const std::string sql = rewritten(row.text, [&](std::size_t i) -> std::string {
        const char c = row.text[i];
        if (quoted[i]) return "";
        if (c == ' ') return std::string(one_of(random, kGaps));
        const bool gap_allowed = std::string_view("(),").find(c) != std::string_view::npos;
        return gap_allowed ? std::string(one_of(random, kGaps)) + c + std::string(one_of(random, kGaps)) : "";
      });
      EXPECT_EQ(normalise(sql, row.vendor), row.text) << sql;
    }
  }
}

// True where a question mark cannot become any literal: after an operand, where a sign would subtract and a colon cut
// a slice (PostgreSQL's operator, typed and introduced strings, two values in a row), after a dot, where a number is a
// name's part, and a sign that stayed because it was one of two.
bool is_particular_about_literals(std::string_view text) {
  for (const char* part : {"a ?", "? ?", "\" ?", "?|", "? :", "[: ", "[?", ".?", "DATE ?", "_utf8mb4 ?", "password ?",
                           "BINARY ?", "TOP ?", "FIRST ?", "NEXT ?", "EXEC p ?", "exec_something ?", ", - ?"}) {
    if (text.find(part) != std::string_view::npos) return true;
  }
  return false;
}

// The text's question marks become literals and placeholders of many kinds.
TEST(FingerprintProperties, LiteralsNeverChangeIt) {
  static constexpr std::string_view kLiterals[] = {
      "1",    "0",  "42", "1.5e-3", ".5", "0xFF",  "'x'", "''",    "'it''s'",      "N'y'",     "X'00'",
      "'%s'", "%s", "?",  ":name",  "$1", "%(a)s", "-1",  "- 2.5", "'2024-01-31'", "'a -- b'", "'/* '"};
  Random random(2);
  int tried = 0;
  for (const FingerprintVector& row : fingerprint_vectors()) {
    if (is_particular_about_literals(row.text)) continue;
    ++tried;
    const std::vector<bool> quoted = quoted_bytes(row.text, row.vendor);
    for (int round = 0; round < kRounds; ++round) {
      const std::string sql = rewritten(row.text, [&](std::size_t i) -> std::string {
        if (row.text[i] != '?' || quoted[i]) return "";
        return " " + std::string(one_of(random, kLiterals)) + " ";
      });
      EXPECT_EQ(normalise(sql, row.vendor), row.text) << sql;
    }
  }
  EXPECT_GT(tried, 150);
}

TEST(FingerprintProperties, TheLengthOfAListNeverChangesIt) {
  Random random(3);
  for (int length = 1; length < 200; ++length) {
    std::string values, rows;
    for (int i = 0; i < length; ++i) {
      values += (i > 0 ? "," : "") + std::to_string(static_cast<int>(random() % 1000) - 500);
      rows += std::string(i > 0 ? ", " : "") + "(" + std::to_string(random() % 100) + ", 'x', NULL)";
    }
    EXPECT_EQ(normalise("SELECT a FROM t WHERE b IN (" + values + ") AND c = 1", model::Vendor::Sqlite),
              "SELECT a FROM t WHERE b IN (?) AND c = ?");
    EXPECT_EQ(normalise("INSERT INTO t VALUES " + rows + " RETURNING a", model::Vendor::Sqlite),
              "INSERT INTO t VALUES (?, ?, ?) RETURNING a");
  }
}

bool is_name_byte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Each lower-case letter that ends a word is part of a name: keywords are in capitals.
TEST(FingerprintProperties, AnotherNameAlwaysChangesIt) {
  int changed = 0;
  for (const FingerprintVector& row : fingerprint_vectors()) {
    for (std::size_t i = 0; i < row.text.size(); ++i) {
      const bool ends_word = i + 1 == row.text.size() || !is_name_byte(row.text[i + 1]);
      if (row.text[i] < 'a' || row.text[i] > 'z' || !ends_word || row.text[i] == '$') continue;
      std::string other(row.text);
      other.insert(i + 1, "_other");
      EXPECT_NE(normalise(other, row.vendor), row.text) << other;
      other = row.text;
      other[i] = other[i] == 'z' ? 'y' : 'z';
      EXPECT_NE(normalise(other, row.vendor), row.text) << other;
      ++changed;
    }
  }
  EXPECT_GT(changed, 300);
}

TEST(FingerprintProperties, AnotherOperatorAlwaysChangesIt) {
  static constexpr std::string_view kOperators[] = {"=", "<", ">",  "<=", ">=",   "<>",     "!=", "+",
                                                    "*", "/", "||", "->", "LIKE", "NOT IN", "AND"};
  int changed = 0;
  for (const FingerprintVector& row : fingerprint_vectors()) {
    for (const std::string_view from : kOperators) {
      const std::string spaced = " " + std::string(from) + " ";
      const std::size_t found = row.text.find(spaced);
      if (found == std::string_view::npos) continue;
      for (const std::string_view to : kOperators) {
        if (to == from) continue;
        std::string other(row.text);
        other.replace(found + 1, from.size(), to);
        EXPECT_NE(normalise(other, row.vendor), row.text) << other;
        ++changed;
      }
    }
  }
  EXPECT_GT(changed, 300);
}

// A marker stands where a value stands; wherever that is, no text may hold it.
TEST(FingerprintProperties, NoLiteralIsLeftBehind) {
  static constexpr std::string_view kStatements[] = {
      "SELECT a FROM t WHERE b = 'SECRET7'", "SELECT N'SECRET7', X'00', 'it''s SECRET7'",
      "INSERT INTO t VALUES (1, 'SECRET7",   "SELECT a /* SECRET7 */ FROM t -- SECRET7",
      "SELECT a IN (b, 'SECRET7', c)",       "SELECT 'a', 1SECRET7x, 0xSECRET7",
      "SELECT a LIKE '%SECRET7%' ESCAPE 'x'"};
  for (const std::string_view sql : kStatements) {
    for (int vendor = 0; vendor < 6; ++vendor) {
      for (std::size_t end = 0; end <= sql.size(); ++end) {
        const std::string text = normalise(sql.substr(0, end), static_cast<model::Vendor>(vendor));
        const bool mysql_name =
            vendor == static_cast<int>(model::Vendor::Mysql) && sql.find("1SECRET7x") != std::string_view::npos;
        if (!mysql_name) {
          EXPECT_EQ(text.find("SECRET7"), std::string::npos) << text;
        }
      }
    }
  }
}

void expect_promises(const std::string& sql, model::Vendor vendor) {
  const std::string text = normalise(sql, vendor);
  ASSERT_LE(text.size(), 2 * sql.size());
  ASSERT_EQ(normalise(text, vendor), text) << "vendor " << static_cast<int>(vendor) << " of: " << sql;
  ASSERT_FALSE(text.starts_with(' ') || text.ends_with(' ')) << sql;
  ASSERT_LE(summary(text).size(), kSummaryBytesMax);
}

TEST(FingerprintProperties, HoldForAHundredThousandRandomByteStrings) {
  Random random(4);
  for (int i = 0; i < 100'000; ++i) {
    std::string bytes(below(random, 60), '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    ASSERT_NO_FATAL_FAILURE(expect_promises(bytes, static_cast<model::Vendor>(i % 6)));
  }
}

TEST(FingerprintProperties, HoldForAHundredThousandStatementsOfRandomPieces) {
  static constexpr std::string_view kPieces[] = {
      "SELECT", "from", "IN",  "IN (", "VALUES", "VALUES (", "(",     ")",      ",",   ", ",    ";",   ".",
      "..",     "[",    "]",   "]]",   "'",      "\"",       "`",     "''",     "\\",  "a",     "B",   "t.a",
      "1",      "-1",   "1.5", ".5",   "5.",     "2x",       "0x",    "1e",     "-",   "--",    "-- ", "+",
      "/*",     "*/",   "*",   "/",    "#",      "\n",       " ",     "  ",     "%s",  "%(a)s", "%",   "?",
      "?|",     "?|x",  "?&",  "$1",   "$a$",    "$$",       "$",     ":",      "::",  ":=",    ":a",  "@",
      "@@",     "@a",   "@@a", "E'",   "U&\"",   "q'[",      "NULL",  "TRUE",   "IS",  "NOT",   "||",  "|",
      "&",      "<",    ">",   "=",    "!",      "~",        "ARRAY", "OFFSET", "END", "\xff",  "\0x", "UPDATE",
      "JOIN",   "INTO", "AS",  "WITH", "DELETE", "DEFAULT",  "CAST",  "é",      "^",   "{",     "}"};
  Random random(5);
  for (int i = 0; i < 100'000; ++i) {
    std::string sql;
    for (std::size_t pieces = below(random, 25); pieces > 0; --pieces) sql += one_of(random, kPieces);
    ASSERT_NO_FATAL_FAILURE(expect_promises(sql, static_cast<model::Vendor>(i % 6)));
  }
}

}  // namespace
}  // namespace mercury::analysis
