#include "analysis/fingerprint.h"

#include <algorithm>
#include <array>

#include "analysis/blake2b.h"
#include "analysis/list_fold.h"
#include "analysis/sql_lexer.h"

namespace mercury::analysis {
namespace {

// One pass: each token is judged by the one written before it and the one that follows.
class Normaliser {
 public:
  Normaliser(std::string_view sql, model::Vendor vendor)
      : lexer_(sql, dialect_of(vendor)), lists_(out_), sqlite_(vendor == model::Vendor::Sqlite) {
    out_.reserve(sql.size());
  }

  std::string run() {
    next_ = lexer_.next();
    while (next_.kind != TokenKind::End) {
      const Token token = next_;
      next_ = lexer_.next();
      accept(token);
    }
    lists_.finish();
    return std::move(out_);
  }

 private:
  void accept(Token token) {
    if (token.kind == TokenKind::Semicolon) {
      semicolon_pending_ = !out_.empty();
      return;
    }
    if (semicolon_pending_) {
      semicolon_pending_ = false;
      lists_.finish();
      depth_ = 0;
      write({.kind = TokenKind::Semicolon, .text = ";"});
    }
    const bool row_follows = next_.kind == TokenKind::OpenParen || next_.kind == TokenKind::End ||
                             next_.kind == TokenKind::Semicolon;  // a list that is cut behind a comma
    lists_.end_rows_unless(token.kind == TokenKind::Comma && row_follows);
    switch (token.kind) {
      case TokenKind::OpenParen:
      case TokenKind::OpenBracket: return accept_open(token);
      case TokenKind::CloseParen:
      case TokenKind::CloseBracket: return accept_close(token);
      case TokenKind::Comma: return accept_comma(token);
      case TokenKind::Word: return accept_word(token);
      case TokenKind::Number:
      case TokenKind::Literal: return write_value();
      case TokenKind::QuotedName:
        if (is_value_in_double_quotes(token)) return write_value();
        return write(token);
      default:
        if (!is_sign_of_next(token)) write(token);
    }
  }

  void accept_open(const Token& token) {
    const bool round = token.kind == TokenKind::OpenParen;
    const bool elements = round && previous_.is("IN") && !is_subquery_start(next_);
    const bool rows = round && previous_.is("VALUES");
    if (rows) lists_.open(ListFold::Kind::Rows, depth_);
    write(token);
    ++depth_;
    if (elements) lists_.open(ListFold::Kind::Elements, depth_);
  }

  void accept_close(const Token& token) {
    lists_.before_close(depth_);
    write(token);
    if (depth_ == 0) return;
    --depth_;
    lists_.after_close(depth_);
  }

  void accept_comma(const Token& token) {
    lists_.before_comma(depth_);
    write(token);
    lists_.after_comma(depth_);
  }

  void accept_word(Token token) {
    const Keyword* keyword = token.keyword;
    if (keyword != nullptr && is_name_here(*keyword)) token.keyword = nullptr;
    if (token.keyword == nullptr) return write(token);
    if ((keyword->traits & kValue) != 0 && !stays_readable(token)) return write_value();
    token.text = keyword->text;
    write(token);
  }

  bool is_name_here(const Keyword& keyword) const {
    if (previous_.kind == TokenKind::Dot || next_.kind == TokenKind::Dot) return true;
    return (keyword.traits & kMaybeName) != 0 &&
           (previous_.is("FROM") || previous_.is("JOIN") || previous_.is("INTO") || previous_.is("TABLE") ||
            previous_.is("UPDATE"));
  }

  // Where "…" is a value in spite of its quotes: a password behind IDENTIFIED BY or PASSWORD, and in SQLite, which
  // takes an unknown name for a string, whatever a bare name is compared with.
  bool is_value_in_double_quotes(const Token& token) const {
    if (!token.text.starts_with('"')) return false;
    if (password_follows_) return true;
    const bool compared =
        previous_.kind == TokenKind::Operator && previous_.text.find_first_of("=<>") != std::string_view::npos;
    return sqlite_ && compared && next_.kind != TokenKind::Dot;
  }

  bool stays_readable(const Token& value) const {
    if (previous_.is("IS")) return true;
    if (!value.is("NULL")) return previous_.is("NOT") && not_follows_is_;
    return previous_.is("NOT") || previous_.is("DEFAULT") || previous_.is("SET") || previous_.is_operand();
  }

  bool is_sign_of_next(const Token& token) const {
    return (token.text == "-" || token.text == "+") && next_.kind == TokenKind::Number && !previous_.is_operand();
  }

  static bool is_subquery_start(const Token& token) {
    return token.is("SELECT") || token.is("WITH") || token.is("VALUES") || token.is("TABLE");
  }

  static bool same_word(std::string_view word, std::string_view upper) {
    return std::ranges::equal(word, upper, [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 32 : a) == b; });
  }

  void write_value() { write({.kind = TokenKind::Literal, .text = "?"}); }

  void write(const Token& token) {
    if (!out_.empty() && !is_tight(token)) out_ += ' ';
    out_ += token.text;
    not_follows_is_ = token.is("NOT") && previous_.is("IS");
    password_follows_ =
        token.kind == TokenKind::Word &&
        (same_word(token.text, "PASSWORD") || (same_word(token.text, "BY") && same_word(previous_.text, "IDENTIFIED")));
    previous_ = token;
  }

  bool is_tight(const Token& token) const {
    if (previous_.kind == TokenKind::OpenParen || previous_.kind == TokenKind::OpenBracket) return true;
    const bool word = token.kind == TokenKind::Word || token.kind == TokenKind::QuotedName;
    switch (token.kind) {
      case TokenKind::Comma:
      case TokenKind::Semicolon:
      case TokenKind::CloseParen: return true;
      case TokenKind::CloseBracket: return !previous_.text.ends_with(']') || previous_.kind != TokenKind::QuotedName;
      case TokenKind::Dot: return previous_.kind == TokenKind::Dot || previous_.is_operand();
      case TokenKind::OpenBracket: return previous_.is_operand() || previous_.is("ARRAY");
      case TokenKind::OpenParen:
        return previous_.kind == TokenKind::Word &&
               (previous_.keyword == nullptr || (previous_.keyword->traits & kCall) != 0);
      default: break;
    }
    if (token.text == "::") return previous_.is_operand();
    if (previous_.kind == TokenKind::Dot) return word || token.kind == TokenKind::Literal || token.text == "*";
    return word && previous_.kind == TokenKind::Operator && previous_.text == "::";
  }

  SqlLexer lexer_;
  std::string out_;
  ListFold lists_;  // works on out_
  Token next_;
  Token previous_;  // as written; its text may be upper-cased, its keyword is null where it is a name
  bool sqlite_;
  bool not_follows_is_ = false;
  bool password_follows_ = false;
  bool semicolon_pending_ = false;
  std::size_t depth_ = 0;
};

}  // namespace

std::string normalise(std::string_view sql, model::Vendor vendor) { return Normaliser(sql, vendor).run(); }

std::uint64_t fingerprint_id(std::string_view normalised) {
  const std::array<std::uint8_t, 8> digest = blake2b_64(normalised);
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < digest.size(); ++i) id |= std::uint64_t{digest[i]} << (8 * i);
  return id;
}

}  // namespace mercury::analysis
