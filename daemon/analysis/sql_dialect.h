// How the vendors disagree about bytes: one row of switches for each.
//
//                         Unknown  SQLite  PostgreSQL  MySQL  Oracle  SQL Server  normalised text
//   "x"                   name     name    name        string name    name        name
//   `x`                   name     name    operator    name   name    name        name
//   [x]                   subscr.  name    subscr.     subscr subscr. name        by the byte before it (below)
//   \ in '…'              -        -       only E'…'   yes    -       -           -
//   \ in E'…'             yes      -       yes         yes    -       -           -
//   comment # …           -        -       -           yes    -       -           -
//   comment --            always   always  always      before a blank or the end  always  always  always
//   /* /* */ */ nests     -        -       yes         -      -       yes         -
//   $tag$…$tag$           yes      -       yes         -      -       -           -
//   q'[…]'                -        -       -           -      yes     -           -
//   @name                 param.   param.  operator @  param. param.  param.      param.
//   @@name                @ + par. @ + par. operator @@ word  @ + par. word       word
//   2023_orders           number   number  number      word   number  number      word
//   # in a word           -        -       -           -      inside  anywhere    anywhere
//   @ in a word           -        -       -           -      -       inside      inside
//   ?| ?& and the operators of kPostgresqlOperators (sql_lexer.cpp): PostgreSQL only
//   $ in a word           inside, everywhere; MySQL and normalised text also as the first byte
//
// "normalised text" reads what `normalise()` wrote without knowing for whom: a `[` at the start, after a space, a
// dot or a parenthesis opens a name; tight against what it subscripts it does not. Its numbers are gone, so what
// starts with a digit or `$` is a name of MySQL.
//
// Thread rules: constants. Cost: none.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/vendor.h"

namespace mercury::analysis {

enum class Brackets : std::uint8_t { Subscript, Name, NameWhenSpaced };

struct Dialect {
  bool double_quotes_are_strings = false;
  bool backticks_quote_names = true;
  Brackets brackets = Brackets::Subscript;
  bool doubled_bracket_escapes = false;  // [a]]b] is the name a]b
  bool backslash_escapes = false;
  bool backslash_escapes_in_e_strings = false;
  bool hash_comments = false;
  bool dash_comments_need_blank = false;
  bool comments_nest = false;
  bool dollar_quotes = false;
  bool q_quotes = false;
  bool at_parameters = true;
  bool at_at_variables = false;
  bool words_may_start_with_digit_or_dollar = false;
  bool postgresql_operators = false;
  bool hash_starts_word = false;
  std::string_view also_in_words{};
};

const Dialect& dialect_of(model::Vendor vendor);
const Dialect& dialect_of_normalised_text();

}  // namespace mercury::analysis
