// A statement without its literals, and the number that identifies it.
//
// Two executions of the same statement differ in their values, in the length of an IN list, in comments. The
// fingerprint is what is left when those are taken out: the key under which calls are counted, and the only form
// of a statement that is stored, shown or written. Two tables never fold together, and a value never stays behind.
//
//   const std::string text = normalise(sql, model::Vendor::Postgresql);
//   const std::uint64_t id = fingerprint_id(text);
//
// The definition, complete, so that another language can write the twin (the words are in sql_keywords.cpp, the
// switches per vendor in sql_dialect.h, the operators in sql_lexer.cpp):
//
// 1. Tokens. Blanks (space, \t \n \v \f \r) and comments (`-- …` to \r or \n, `/* … */`, MySQL `# …`; hints too)
//    only separate. Then the first of these that fits:
//    - a string: '…' with '' inside; prefixed by N X B E (any case, touching), PostgreSQL U&; MySQL "…"; Oracle
//      q'[…]' q'{…}' q'(…)' q'<…>' q'x…x'; $tag$…$tag$. Backslash escapes as the dialect says;
//    - a quoted name, verbatim: "…", `…`, […], PostgreSQL U&"…"; the closing quote doubled stays inside;
//      but "…" is a value behind IDENTIFIED BY and PASSWORD, and in SQLite, which takes an unknown name for a string,
//      where it is compared with something and no dot follows;
//    - a quote, string or dollar quote that is not closed: one literal up to the end of the text;
//    - a number: digits and _, one dot (not two), e with sign and digits, or 0x…, and every word byte that touches
//      its end. A dot and digits are a number, but a dot and then a number after a name that is no keyword (`t.1`).
//      MySQL: a word that starts with digits and is none of 12, 0x1F, 0b01, 1e5 is a name (`2023_orders`);
//    - a placeholder: ? ?12 $1 $name :1 :name @name %s %(name)s (the last two not touching a further word byte; in
//      PostgreSQL `?|` and `?&` are operators, but `?||` and `?&&` start with a placeholder, and `@` is an operator);
//      `:name` is an operator and a name after a literal, and in PostgreSQL after any operand or `[` (slices);
//    - a word: letters, digits, _ $ and every byte ≥ 0x80, not starting with a digit or $ (MySQL: it may); # and @,
//      and @@name, by dialect;
//    - brackets, comma, dot, semicolon; the longest operator of the list that holds no start of a comment; any
//      other byte alone.
// 2. Keyword or name. A word of sql_keywords.cpp is a keyword, written in upper case, unless a dot is before or
//    after it, or it is marked kMaybeName and follows FROM, JOIN, INTO, TABLE or UPDATE. Names are never touched.
// 3. Values become `?`: strings, numbers, placeholders, and TRUE, FALSE, NULL as values. These stay readable:
//    NULL after IS, NOT, DEFAULT, SET or an operand (`IS NOT NULL`, `NOT NULL`, `DEFAULT NULL`, `integer NULL`);
//    TRUE and FALSE after IS and IS NOT. A `+` or `-` before a number is dropped with it unless an operand is before
//    the sign: `a = -1` → `a = ?`, `a -1` → `a - ?`. An operand is a name, a value, a closing bracket, or a keyword
//    marked kOperand.
// 4. Lists. After IN and `(`, unless SELECT, WITH, VALUES or TABLE is next; and the rows after VALUES and `(`: an
//    element equal to an earlier one (of the first 8 different ones) is dropped; a list in which the text ends keeps
//    its first element only. A row list goes on while `,` and `(`, or `,` and the end, follow a row. list_fold.h.
// 5. Semicolons: leading and trailing ones are dropped, several in a row are one. To a list it is the text's end.
// 6. Blanks are made anew, so that those of the source cannot matter. One space between any two tokens, but none
//    - before `,` `)` `]` `;` (but `[x] ]`: two would be an escape), and after `(` and `[`;
//    - before `.` after an operand or a dot; after `.` before a word, a quoted name, a value, a dot or `*`;
//    - before `(` after an unquoted name or a keyword marked kCall; before `[` after an operand or ARRAY;
//    - before `::` after an operand; after `::` before a word or a quoted name.
//
// Promises: any bytes give a text; normalise(normalise(x)) == normalise(x); at most twice as long as `sql`.
// What is not valid UTF-8 in a name stays as it is. Names are data of the application, not of its users: savepoint
// names and aliases stay too.
//
// Thread rules: pure. Failure: none but std::bad_alloc. Cost: linear, one pass, some 10 ns a byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/vendor.h"

namespace mercury::analysis {

std::string normalise(std::string_view sql, model::Vendor vendor);

// BLAKE2b-64 of the whole normalised text; the first digest byte is the lowest byte of the number. Written in hex as
// f"{id:016x}". Equal ids are compared by text.
std::uint64_t fingerprint_id(std::string_view normalised);

}  // namespace mercury::analysis
