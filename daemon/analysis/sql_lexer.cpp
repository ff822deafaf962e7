#include "analysis/sql_lexer.h"

#include <algorithm>
#include <array>
#include <string>

namespace mercury::analysis {
namespace {

// Longest first. An operator that is in neither list falls apart into those that are, or into single bytes.
constexpr std::array<std::string_view, 27> kOperators = {
    "->>", "<=>", "->", "||", "&&", "<<", ">>", "<=", ">=", "<>", "!=", "==", "::", ":=",
    "=>",  "!<",  "!>", "^=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "%%", "**"};
constexpr std::array<std::string_view, 35> kPostgresqlOperators = {
    "!~~*", "#>>", "!~*", "<->", "<#>", "~~*", "!~~", "@@@", "&&&", "<<|", "|>>", "&<|",
    "|&>",  "||/", "<<=", ">>=", "<@>", "#>",  "#-",  "@>",  "<@",  "@@",  "@?",  "~*",
    "!~",   "~~",  "&<",  "&>",  "<^",  ">^",  "^@",  "|/",  "!!",  "%>",  "~="};

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_not_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }
constexpr bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_hexadecimal_or_binary(std::string_view word) {
  if (word.size() < 3 || word[0] != '0') return false;
  const std::string_view digits = word.substr(2);
  if (lower(word[1]) == 'x') return digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  return lower(word[1]) == 'b' && digits.find_first_not_of("01") == std::string_view::npos;
}

}  // namespace

bool Token::is_operand() const {
  switch (kind) {
    case TokenKind::Word: return keyword == nullptr || (keyword->traits & kOperand) != 0;
    case TokenKind::QuotedName:
    case TokenKind::Literal:
    case TokenKind::Number:
    case TokenKind::CloseParen:
    case TokenKind::CloseBracket: return true;
    default: return false;
  }
}

Token SqlLexer::next() {
  skip_blanks_and_comments();
  previous_ = position_ < sql_.size() ? scan() : Token{};
  return previous_;
}

bool SqlLexer::is_word_start(std::size_t position) const {
  const char c = at(position);
  return is_letter(c) || c == '_' || is_not_ascii(c) || (c == '#' && dialect_.hash_starts_word);
}

bool SqlLexer::is_word_byte(std::size_t position) const {
  if (position >= sql_.size()) return false;
  const char c = sql_[position];
  return is_letter(c) || is_digit(c) || c == '_' || c == '$' || is_not_ascii(c) ||
         dialect_.also_in_words.find(c) != std::string_view::npos;
}

std::size_t SqlLexer::word_end(std::size_t position) const {
  while (is_word_byte(position)) ++position;
  return position;
}

std::size_t SqlLexer::digits_end(std::size_t position) const {
  while (is_digit(at(position)) || at(position) == '_') ++position;
  return position;
}

// 12, 1_000, 1.5, .5, 1., 1.5e-3, 0xFF, and whatever sticks to it (10L, 1.5f): half a number must not stay behind.
std::size_t SqlLexer::number_end(std::size_t position) const {
  if (at(position) == '0' && lower(at(position + 1)) == 'x') return word_end(position);
  position = digits_end(position);
  if (at(position) == '.' && at(position + 1) != '.') position = digits_end(position + 1);
  if (lower(at(position)) == 'e') {
    const std::size_t sign = at(position + 1) == '+' || at(position + 1) == '-' ? 1 : 0;
    if (is_digit(at(position + 1 + sign))) position = digits_end(position + 1 + sign);
  }
  return word_end(position);
}

// MySQL: `2023_orders` is a name; `2023`, `0xFF` and `1e5` are numbers.
bool SqlLexer::is_word_with_digits_first(std::size_t position) const {
  if (!dialect_.words_may_start_with_digit_or_dollar) return false;
  const std::string_view word = sql_.substr(position, word_end(position) - position);
  const std::size_t first = std::min(word.find_first_not_of("0123456789"), word.size());
  if (first == word.size() || is_hexadecimal_or_binary(word)) return false;
  if (lower(word[first]) != 'e') return true;
  const std::string_view exponent = word.substr(first + 1);
  if (!exponent.empty()) return exponent.find_first_not_of("0123456789") != std::string_view::npos;
  const std::size_t after = position + word.size();
  return !((at(after) == '+' || at(after) == '-') && is_digit(at(after + 1)));
}

void SqlLexer::skip_blanks_and_comments() {
  while (position_ < sql_.size()) {
    if (is_blank(sql_[position_])) {
      ++position_;
    } else if (starts_with(position_, "--") && (!dialect_.dash_comments_need_blank || position_ + 2 >= sql_.size() ||
                                                static_cast<unsigned char>(sql_[position_ + 2]) <= 0x20)) {
      skip_line();
    } else if (starts_with(position_, "/*")) {
      skip_block_comment();
    } else if (sql_[position_] == '#' && dialect_.hash_comments) {
      skip_line();
    } else {
      return;
    }
  }
}

void SqlLexer::skip_line() { position_ = std::min(sql_.find_first_of("\r\n", position_), sql_.size()); }

void SqlLexer::skip_block_comment() {
  std::size_t depth = 0;
  while (position_ < sql_.size()) {
    if (starts_with(position_, "/*") && (depth == 0 || dialect_.comments_nest)) {
      ++depth;
      position_ += 2;
    } else if (starts_with(position_, "*/")) {
      position_ += 2;
      if (--depth == 0) return;
    } else {
      ++position_;
    }
  }
}

Token SqlLexer::scan() {
  if (const auto quoted = scan_quoted()) return *quoted;
  if (const auto value = scan_value()) return *value;
  if (const auto parameter = scan_parameter()) return *parameter;
  const char c = sql_[position_];
  const bool mysql_dollar = c == '$' && dialect_.words_may_start_with_digit_or_dollar;
  if (is_word_start(position_) || is_digit(c) || mysql_dollar) return scan_word();
  return scan_punctuation();
}

// A word, or a string behind a prefix (N'…', X'…', E'…', B'…', U&'…', q'[…]').
Token SqlLexer::scan_word() {
  const std::size_t end = word_end(position_);
  const std::string_view word = sql_.substr(position_, end - position_);
  const char first = lower(word[0]);
  if (at(end) == '\'') {
    if (dialect_.q_quotes &&
        (word == "q" || word == "Q" || (word.size() == 2 && first == 'n' && lower(word[1]) == 'q'))) {
      static constexpr std::string_view kOpen = "[{(<", kClose = "]})>";
      const std::size_t pair = kOpen.find(at(end + 1));
      const char close[] = {pair == std::string_view::npos ? at(end + 1) : kClose[pair], '\''};
      return take_up_to({close, 2}, std::min(end + 2, sql_.size()));
    }
    if (word.size() == 1 && std::string_view("nxbe").find(first) != std::string_view::npos) {
      const bool escapes = first == 'e' ? dialect_.backslash_escapes_in_e_strings : dialect_.backslash_escapes;
      return take_quoted(TokenKind::Literal, end + 1, '\'', true, escapes ? Backslash::Escapes : Backslash::Plain);
    }
  }
  if (dialect_.postgresql_operators && word.size() == 1 && first == 'u' && at(end) == '&') {
    if (at(end + 1) == '\'') return take_quoted(TokenKind::Literal, end + 2, '\'', true, Backslash::Plain);
    if (at(end + 1) == '"') return take_quoted(TokenKind::QuotedName, end + 2, '"', true, Backslash::Plain);
  }
  Token token = take(TokenKind::Word, end);
  token.keyword = find_keyword(token.text);
  return token;
}

std::optional<Token> SqlLexer::scan_quoted() {
  const Backslash backslash = dialect_.backslash_escapes ? Backslash::Escapes : Backslash::Plain;
  const std::size_t content = position_ + 1;
  switch (sql_[position_]) {
    case '\'': return take_quoted(TokenKind::Literal, content, '\'', true, backslash);
    case '"':
      if (dialect_.double_quotes_are_strings) return take_quoted(TokenKind::Literal, content, '"', true, backslash);
      return take_quoted(TokenKind::QuotedName, content, '"', true, Backslash::Plain);
    case '`':
      if (!dialect_.backticks_quote_names) return std::nullopt;
      return take_quoted(TokenKind::QuotedName, content, '`', true, Backslash::Plain);
    case '[':
      if (!bracket_opens_name()) return std::nullopt;
      return take_quoted(TokenKind::QuotedName, content, ']', dialect_.doubled_bracket_escapes, Backslash::Plain);
    default: return std::nullopt;
  }
}

bool SqlLexer::bracket_opens_name() const {
  if (dialect_.brackets != Brackets::NameWhenSpaced) return dialect_.brackets == Brackets::Name;
  return position_ == 0 || std::string_view(" .(").find(sql_[position_ - 1]) != std::string_view::npos;
}

// Numbers, except a dot and digits behind a name (`t.1`) and MySQL's names that start with digits.
std::optional<Token> SqlLexer::scan_value() {
  const char c = sql_[position_];
  if (is_digit(c) && !is_word_with_digits_first(position_)) return take(TokenKind::Number, number_end(position_));
  if (c == '.' && is_digit(at(position_ + 1)) && !is_word_with_digits_first(position_ + 1)) {
    const bool after_name =
        previous_.kind == TokenKind::QuotedName || (previous_.kind == TokenKind::Word && previous_.keyword == nullptr);
    if (!after_name) return take(TokenKind::Number, number_end(position_));
  }
  return std::nullopt;
}

std::optional<Token> SqlLexer::scan_parameter() {
  const char next = at(position_ + 1);
  const bool named = is_word_start(position_ + 1) || is_digit(next);
  switch (sql_[position_]) {
    case '?': {
      const bool doubled = at(position_ + 2) == next;  // ?|| is a placeholder and a concatenation
      if (dialect_.postgresql_operators && (next == '|' || next == '&') && !doubled) return std::nullopt;
      return take(TokenKind::Literal, digits_end(position_ + 1));
    }
    case ':': {
      const bool slice =
          dialect_.postgresql_operators && (previous_.is_operand() || previous_.kind == TokenKind::OpenBracket);
      const bool after_value = previous_.kind == TokenKind::Literal || previous_.kind == TokenKind::Number;
      if (!named || slice || after_value) return std::nullopt;
      return take(TokenKind::Literal, word_end(position_ + 1));
    }
    case '@':
      if (next == '@' && dialect_.at_at_variables && is_word_start(position_ + 2)) {
        return take(TokenKind::Word, word_end(position_ + 2));
      }
      if (!dialect_.at_parameters || !named) return std::nullopt;
      return take(TokenKind::Literal, word_end(position_ + 1));
    case '$': return scan_dollar();
    case '%': return scan_percent();
    default: return std::nullopt;
  }
}

// $tag$…$tag$, $1, $name, and SQL Server's money, $12.50.
std::optional<Token> SqlLexer::scan_dollar() {
  const std::size_t name = position_ + 1;
  if (dialect_.dollar_quotes) {
    std::size_t tag_end = name;
    if (is_word_start(name)) {
      while (is_word_byte(tag_end) && sql_[tag_end] != '$') ++tag_end;
    }
    if (at(tag_end) == '$') return take_up_to(sql_.substr(position_, tag_end + 1 - position_), tag_end + 1);
  }
  if (is_digit(at(name))) return take(TokenKind::Literal, number_end(name));
  if (dialect_.words_may_start_with_digit_or_dollar || !is_word_start(name)) return std::nullopt;
  return take(TokenKind::Literal, word_end(name));
}

// %s and %(name)s; anything else is a modulo, and `a %size` is one too.
std::optional<Token> SqlLexer::scan_percent() {
  std::size_t conversion = position_ + 1;
  if (at(conversion) == '(') {
    conversion = word_end(conversion + 1);
    if (at(conversion) != ')') return std::nullopt;
    ++conversion;
  }
  if (at(conversion) != 's' || is_word_byte(conversion + 1)) return std::nullopt;
  return take(TokenKind::Literal, conversion + 1);
}

Token SqlLexer::scan_punctuation() {
  const std::size_t end = position_ + 1;
  switch (sql_[position_]) {
    case '(': return take(TokenKind::OpenParen, end);
    case ')': return take(TokenKind::CloseParen, end);
    case '[': return take(TokenKind::OpenBracket, end);
    case ']': return take(TokenKind::CloseBracket, end);
    case ',': return take(TokenKind::Comma, end);
    case '.': return take(TokenKind::Dot, end);
    case ';': return take(TokenKind::Semicolon, end);
    default: return take(TokenKind::Operator, position_ + operator_length());
  }
}

std::size_t SqlLexer::operator_length() const {
  std::size_t length = 1;
  const auto consider = [&](std::string_view candidate) {
    if (candidate.size() > length && starts_with(position_, candidate)) length = candidate.size();
  };
  for (const std::string_view candidate : kOperators) consider(candidate);
  if (dialect_.postgresql_operators) {
    for (const std::string_view candidate : kPostgresqlOperators) consider(candidate);
    if (sql_[position_] == '?' && length == 1) length = 2;  // ?| and ?&: scan_parameter() refused them
  }
  for (std::size_t i = 1; i < length; ++i) {  // an operator ends where a comment starts
    if (starts_with(position_ + i, "--") || starts_with(position_ + i, "/*")) return i;
  }
  return length;
}

Token SqlLexer::take(TokenKind kind, std::size_t end) {
  Token token{.kind = kind, .text = sql_.substr(position_, end - position_)};
  position_ = std::min(end, sql_.size());
  return token;
}

// From the opening quote before `content` to the closing one. Without one, the rest of the text is a literal.
Token SqlLexer::take_quoted(TokenKind kind, std::size_t content, char close, bool doubling, Backslash backslash) {
  for (std::size_t i = content; i < sql_.size(); ++i) {
    if (sql_[i] == '\\' && backslash == Backslash::Escapes) {
      ++i;
    } else if (sql_[i] == close) {
      if (!doubling || at(i + 1) != close) return take(kind, i + 1);
      ++i;
    }
  }
  return take(TokenKind::Literal, sql_.size());
}

Token SqlLexer::take_up_to(std::string_view close, std::size_t content) {
  const std::size_t found = sql_.find(close, content);
  return take(TokenKind::Literal, found == std::string_view::npos ? sql_.size() : found + close.size());
}

}  // namespace mercury::analysis
