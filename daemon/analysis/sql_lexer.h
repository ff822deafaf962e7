// A SQL text as tokens, for any vendor and any bytes.
//
// The lexer knows just enough of SQL to tell names from values: what is quoted how, where a number ends, which
// bytes are a placeholder. It has no grammar and no notion of an error: an unknown byte is an operator of one
// byte, and a quote that is never closed makes the rest of the text one literal, so that a statement cut in the
// middle of a string cannot leak it.
//
//   SqlLexer lexer(sql, dialect_of(vendor));
//   for (Token token = lexer.next(); token.kind != TokenKind::End; token = lexer.next()) …
//
// Thread rules: one lexer, one thread. Lifetime: tokens are views of `sql`, which must outlive them.
// Failure: none. Cost: linear, no allocation; each byte is looked at a small fixed number of times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "analysis/sql_dialect.h"
#include "analysis/sql_keywords.h"

namespace mercury::analysis {

enum class TokenKind : std::uint8_t {
  End,
  Word,        // unquoted: a name or a keyword
  QuotedName,  // with its quotes
  Literal,     // string or placeholder
  Number,
  Operator,
  OpenParen,
  CloseParen,
  OpenBracket,
  CloseBracket,
  Comma,
  Dot,
  Semicolon,
};

struct Token {
  TokenKind kind = TokenKind::End;
  std::string_view text;
  const Keyword* keyword = nullptr;  // of a Word that spells one; the normaliser may decide that it is a name

  bool is(std::string_view keyword_text) const { return keyword != nullptr && keyword->text == keyword_text; }

  // True for what can stand left of a binary operator: a name, a value, a closing bracket.
  bool is_operand() const;
};

class SqlLexer {
 public:
  SqlLexer(std::string_view sql, const Dialect& dialect) : sql_(sql), dialect_(dialect) {}

  // The next token; End for ever once the text is used up.
  Token next();

 private:
  char at(std::size_t position) const { return position < sql_.size() ? sql_[position] : '\0'; }
  bool starts_with(std::size_t position, std::string_view text) const {
    return position < sql_.size() && sql_.compare(position, text.size(), text) == 0;
  }
  bool is_word_start(std::size_t position) const;
  bool is_word_byte(std::size_t position) const;
  std::size_t word_end(std::size_t position) const;
  std::size_t digits_end(std::size_t position) const;
  std::size_t number_end(std::size_t position) const;
  bool is_word_with_digits_first(std::size_t position) const;

  void skip_blanks_and_comments();
  void skip_line();
  void skip_block_comment();

  Token scan();
  Token scan_word();
  std::optional<Token> scan_quoted();
  std::optional<Token> scan_value();
  std::optional<Token> scan_parameter();
  std::optional<Token> scan_dollar();
  std::optional<Token> scan_percent();
  Token scan_punctuation();
  bool bracket_opens_name() const;
  std::size_t operator_length() const;

  enum class Backslash { Plain, Escapes };
  Token take(TokenKind kind, std::size_t end);
  Token take_quoted(TokenKind kind, std::size_t content, char close, bool doubling, Backslash backslash);
  Token take_up_to(std::string_view close, std::size_t content);

  std::string_view sql_;
  const Dialect& dialect_;
  std::size_t position_ = 0;
  Token previous_;
};

}  // namespace mercury::analysis
