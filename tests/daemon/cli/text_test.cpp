#include "cli/text.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace mercury::cli {
namespace {

TEST(Printable, EscapesWhateverMovesTheCursorOrTurnsALine) {
  struct Case {
    std::string text;
    std::string shown;
  };
  const std::vector<Case> cases{
      {"shop/orders/", "shop/orders/"},
      {"SELECT 1\n\tFROM \"a\"\r", "SELECT 1\\n\\tFROM \"a\"\\r"},
      {"\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"},
      {std::string("a\0b", 3), "a\\x00b"},
      {"\x7f", "\\x7f"},
      {"\xc2\x9b"
       "31m",
       "\\x9b31m"},  // CSI as one C1 character
      {"\xe2\x80\xae"
       "evil",
       "\\u202eevil"},  // right-to-left override
      {"a\xe2\x80\x8b"
       "b",
       "a\\u200bb"},                // no width
      {"\xe2\x80\xa8", "\\u2028"},  // line separator
      {"caf\xc3\xa9 \xe5\x95\x86\xe5\x93\x81", "caf\xc3\xa9 \xe5\x95\x86\xe5\x93\x81"},
      {"^items/(?P<pk>\\d+)$", "^items/(?P<pk>\\d+)$"},
  };
  for (const Case& one : cases) EXPECT_EQ(printable(one.text), one.shown);
}

TEST(Printable, ReplacesBytesThatAreNotUtf8) {
  const std::string mark = "\xef\xbf\xbd";
  EXPECT_EQ(printable("\xff"), mark);
  EXPECT_EQ(printable("a\xc3"), "a" + mark);                            // cut in the middle
  EXPECT_EQ(printable("\xc0\xaf"), mark + mark);                        // overlong '/'
  EXPECT_EQ(printable("\xed\xa0\x80"), mark + mark + mark);             // a surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), mark + mark + mark + mark);  // above U+10FFFF
  EXPECT_EQ(printable("\xe2\x82z"), mark + mark + "z");
}

TEST(DisplayWidth, CountsColumnsAndNotBytes) {
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(display_width("route"), 5U);
  EXPECT_EQ(display_width("caf\xc3\xa9"), 4U);
  EXPECT_EQ(display_width("cafe\xcc\x81"), 4U);              // e and a combining accent
  EXPECT_EQ(display_width("\xe5\x95\x86\xe5\x93\x81"), 4U);  // two wide characters
  EXPECT_EQ(display_width("\xf0\x9f\x98\x80"), 2U);          // emoji
}

TEST(Shorten, PutsTheEllipsisInTheMiddleAndNeverGoesOverTheWidth) {
  EXPECT_EQ(shorten_middle("shop/orders/", 12), "shop/orders/");
  EXPECT_EQ(shorten_middle("shop/orders/", 11), "shop/…ders/");
  EXPECT_EQ(shorten_middle("shop/orders/", 4), "sh…/");
  EXPECT_EQ(shorten_middle("shop/orders/", 1), "…");
  EXPECT_EQ(shorten_middle("shop/orders/", 0), "");
  EXPECT_EQ(shorten_end("shop/orders/", 5), "shop…");
  const std::string wide = "\xe5\x95\x86\xe5\x93\x81\xe5\x95\x86\xe5\x93\x81";  // four characters, eight columns
  for (std::size_t columns = 0; columns <= 9; ++columns) {
    EXPECT_LE(display_width(shorten_middle(wide, columns)), columns);
    EXPECT_LE(display_width(shorten_end(wide, columns)), columns);
  }
  EXPECT_EQ(shorten_middle("abcdefge\xcc\x81", 4), "ab…e\xcc\x81");  // the accent stays with its letter
}

TEST(Numbers, ReadAsPeopleReadThem) {
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(999), "999");
  EXPECT_EQ(number_text(1000), "1,000");
  EXPECT_EQ(number_text(1234567), "1,234,567");
  EXPECT_EQ(number_text(-1234), "-1,234");
  EXPECT_EQ(number_text(12.34), "12.3");
  EXPECT_EQ(number_text(0.04), "0");
  EXPECT_EQ(number_text(2.96), "3");
  EXPECT_EQ(number_text(999.96), "1,000");
  EXPECT_EQ(number_text(std::nullopt), "–");
  EXPECT_EQ(number_text(std::numeric_limits<double>::quiet_NaN()), "–");
}

TEST(Milliseconds, KeepThreeDigitsAndNeverCallSomethingZero) {
  EXPECT_EQ(ms_text(0), "0");
  EXPECT_EQ(ms_text(0.001), "<0.01");
  EXPECT_EQ(ms_text(0.005), "0.01");
  EXPECT_EQ(ms_text(9.99), "9.99");
  EXPECT_EQ(ms_text(9.996), "10.0");
  EXPECT_EQ(ms_text(12.34), "12.3");
  EXPECT_EQ(ms_text(999.4), "999.4");
  EXPECT_EQ(ms_text(999.6), "1,000");
  EXPECT_EQ(ms_text(1234567.8), "1,234,568");
  EXPECT_EQ(ms_text(std::nullopt), "–");
}

TEST(Bytes, AreShownInTheLargestUnitThatFits) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1000), "1.0 kB");
  EXPECT_EQ(bytes_text(4200000), "4.2 MB");
  EXPECT_EQ(bytes_text(999960), "1.0 MB");
  EXPECT_EQ(bytes_text(3.5e12), "3.5 TB");
  EXPECT_EQ(bytes_text(std::nullopt), "–");
}

TEST(Seconds, AreShownInTwoUnits) {
  EXPECT_EQ(seconds_text(0.42), "0.4 s");
  EXPECT_EQ(seconds_text(9.96), "10 s");
  EXPECT_EQ(seconds_text(59.4), "59 s");
  EXPECT_EQ(seconds_text(59.6), "1 min 0 s");
  EXPECT_EQ(seconds_text(3599), "59 min 59 s");
  EXPECT_EQ(seconds_text(8000), "2 h 13 min");
  EXPECT_EQ(seconds_text(86400 * 4 + 3 * 3600), "4 d 3 h");
  EXPECT_EQ(seconds_text(-3), "0 s");
  EXPECT_EQ(seconds_text(std::nullopt), "–");
}

TEST(Time, IsUtcAndSaysSo) {
  EXPECT_EQ(time_text(0), "1970-01-01 00:00:00 UTC");
  EXPECT_EQ(time_text(1795375931), "2026-11-22 19:32:11 UTC");
}

TEST(Plural, HasAnSUnlessItIsOne) {
  EXPECT_EQ(plural(0, "row"), "0 rows");
  EXPECT_EQ(plural(1, "row"), "1 row");
  EXPECT_EQ(plural(1234, "row"), "1,234 rows");
}

TEST(Wrapped, BreaksAtSpacesAndLongWordsAnywhere) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(wrapped("one two  three", 7), (Lines{"one two", "three"}));
  EXPECT_EQ(wrapped("one two", 8), (Lines{"one two"}));
  EXPECT_EQ(wrapped("abcdefgh ij", 3), (Lines{"abc", "def", "gh", "ij"}));
  EXPECT_EQ(wrapped("日本語", 4), (Lines{"日本", "語"}));
  EXPECT_EQ(wrapped("日本", 1), (Lines{"日", "本"})) << "never a line without a character";
  EXPECT_EQ(wrapped("", 5), (Lines{""}));
  EXPECT_EQ(hanging("1. ", "one two", 6), "1. one\n   two\n");
}

}  // namespace
}  // namespace mercury::cli
