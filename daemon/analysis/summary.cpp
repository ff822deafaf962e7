#include "analysis/summary.h"

#include <algorithm>
#include <cstdint>
#include <unordered_set>
#include <utility>
#include <vector>

#include "analysis/sql_lexer.h"

namespace mercury::analysis {
namespace {

template <typename... Words>
bool is_any(const Token& token, Words... words) {
  return (token.is(words) || ...);
}

bool is_name(const Token& token) {
  return token.kind == TokenKind::QuotedName || (token.kind == TokenKind::Word && token.keyword == nullptr);
}

constexpr bool is_plain_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         c == '#' || static_cast<unsigned char>(c) >= 0x80;
}

// "shop_order" → shop_order; "song list" and "" keep their quotes.
std::string_view without_needless_quotes(std::string_view name) {
  if (name.size() < 3 || (name[0] != '"' && name[0] != '`' && name[0] != '[')) return name;
  const std::string_view bare = name.substr(1, name.size() - 2);
  return std::all_of(bare.begin(), bare.end(), is_plain_name_byte) ? bare : name;
}

std::string in_upper_case(std::string_view word) {
  std::string upper(word);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

// The names that the statement defines for itself: `x AS (`, `x AS MATERIALIZED (`, `x(a, b) AS (`.
std::unordered_set<std::string_view> definitions_in(const std::vector<Token>& tokens) {
  std::unordered_set<std::string_view> defined;
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
    std::size_t name = i;
    if (tokens[i].kind == TokenKind::OpenParen) open.push_back(i);
    if (tokens[i].kind == TokenKind::CloseParen && !open.empty()) {
      name = std::max<std::size_t>(open.back(), 1) - 1;
      open.pop_back();
    }
    const bool definition = tokens[i + 1].is("AS") && (tokens[i + 2].kind == TokenKind::OpenParen ||
                                                       is_any(tokens[i + 2], "NOT", "MATERIALIZED"));
    if (definition && is_name(tokens[name])) defined.insert(tokens[name].text);
  }
  return defined;
}

// What the next name would be.
enum class Expected : std::uint8_t {
  Nothing,
  Table,   // a parenthesis after it lists columns
  Source,  // a parenthesis after it makes it a call
};

// One pair of parentheses, or the statement itself.
struct Scope {
  std::string_view operation;
  bool from_names_sources = false;
  Expected next_name = Expected::Nothing;
  Expected after_comma = Expected::Nothing;
};

class Summariser {
 public:
  explicit Summariser(std::string_view text) {
    SqlLexer lexer(text, dialect_of_normalised_text());
    for (Token token = lexer.next(); token.kind != TokenKind::End; token = lexer.next()) {
      if (token.keyword != nullptr && token.text != token.keyword->text)
        token.keyword = nullptr;  // a name: not in capitals
      tokens_.push_back(token);
    }
    defined_ = definitions_in(tokens_);
  }

  void run() {
    for (; position_ < tokens_.size(); ++position_) accept(tokens_[position_]);
    if (operation_.empty()) add_first_word();
  }

  std::string take_summary() { return std::move(out_); }
  std::vector<std::string> take_targets() { return std::move(targets_); }
  std::string_view first_operation() const { return first_operation_; }

 private:
  void accept(const Token& token) {
    Scope& here = scopes_.back();
    switch (token.kind) {
      case TokenKind::Word:
      case TokenKind::QuotedName:
        if (token.keyword != nullptr) return accept_keyword(token);
        if (here.next_name != Expected::Nothing) accept_target();
        return;
      case TokenKind::OpenParen:  // FROM (a JOIN b) goes on inside; FROM (SELECT …) is settled by its SELECT
        scopes_.push_back({.operation = {}, .next_name = here.next_name, .after_comma = here.next_name});
        scopes_[scopes_.size() - 2].next_name = Expected::Nothing;
        return;
      case TokenKind::CloseParen:
        if (scopes_.size() > 1) scopes_.pop_back();
        return;
      case TokenKind::Comma: here.next_name = here.after_comma; return;
      case TokenKind::Semicolon: scopes_.assign(1, Scope{}); return;
      default: here.next_name = Expected::Nothing;
    }
  }

  void accept_keyword(const Token& token) {
    Scope& here = scopes_.back();
    if (is_operation(token)) return begin_operation(token.keyword->text);
    if (object_possible_ && is_any(token, "TABLE", "VIEW", "INDEX")) return begin_object(token.keyword->text);
    if (is_any(token, "ONLY", "LATERAL", "TABLE", "IF", "NOT", "EXISTS", "IGNORE")) return;  // the name comes later
    here.next_name = Expected::Nothing;
    if (token.is("FROM") && here.from_names_sources && !behind().is("DISTINCT")) {
      here.from_names_sources = false;
      here.next_name = here.after_comma = Expected::Source;
    } else if (token.is("USING") && is_deleting_or_merging(here) && ahead(1).kind != TokenKind::OpenParen) {
      here.next_name = here.after_comma = Expected::Source;
    } else if (token.is("JOIN")) {
      here.next_name = Expected::Source;
    } else if (token.is("INTO") || (token.is("ON") && index_of_table_)) {
      here.next_name = Expected::Table;
      index_of_table_ = false;
    } else if (is_any(token, "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "SET", "RETURNING", "FOR", "UNION", "WINDOW",
                      "VALUES")) {
      here.after_comma = Expected::Nothing;
    }
  }

  static bool is_deleting_or_merging(const Scope& scope) {
    return scope.operation == "DELETE" || scope.operation == "MERGE";
  }

  bool is_operation(const Token& token) const {
    if (token.is("SELECT")) return true;
    if (!is_any(token, "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "TRUNCATE", "CREATE", "ALTER", "DROP") ||
        ahead(1).kind == TokenKind::OpenParen) {
      return false;
    }
    const TokenKind before = behind().kind;
    return before == TokenKind::End || before == TokenKind::Semicolon || before == TokenKind::OpenParen ||
           before == TokenKind::CloseParen || (operation_.empty() && tokens_.front().is("EXPLAIN"));
  }

  void begin_operation(std::string_view operation) {
    const bool names_table = operation == "UPDATE" || operation == "TRUNCATE";
    const Expected next_name = names_table ? Expected::Table : Expected::Nothing;
    const bool has_from = operation == "SELECT" || operation == "DELETE" || operation == "UPDATE";
    scopes_.back() = {
        .operation = operation, .from_names_sources = has_from, .next_name = next_name, .after_comma = next_name};
    object_possible_ = operation == "CREATE" || operation == "ALTER" || operation == "DROP";
    index_of_table_ = false;
    if (operation == operation_) return;
    operation_ = operation;
    if (first_operation_.empty()) first_operation_ = operation;
    written_.clear();
    add(operation);
  }

  void begin_object(std::string_view object) {
    object_possible_ = false;
    add_once(object);
    index_of_table_ = object == "INDEX";
    if (index_of_table_) return;
    scopes_.back().next_name = Expected::Table;
    if (operation_ == "DROP") scopes_.back().after_comma = Expected::Table;
  }

  // The name at the current position, with what its dots add.
  void accept_target() {
    const Expected expected = std::exchange(scopes_.back().next_name, Expected::Nothing);
    const bool dotted = ahead(1).kind == TokenKind::Dot;
    const bool defined = !dotted && defined_.contains(ahead(0).text);
    std::string target(without_needless_quotes(ahead(0).text));
    while (ahead(1).kind == TokenKind::Dot) {
      target += '.';
      ++position_;
      if (ahead(1).kind != TokenKind::Word && ahead(1).kind != TokenKind::QuotedName) continue;
      ++position_;
      target += without_needless_quotes(ahead(0).text);
    }
    const bool call =
        expected == Expected::Source && ahead(0).kind == TokenKind::Word && ahead(1).kind == TokenKind::OpenParen;
    if (defined || call) return;
    add_once(target);
    if (targets_.size() < kTargetsMax && targeted_.insert(target).second) targets_.push_back(std::move(target));
  }

  void add_first_word() {
    const auto is_word = [](const Token& token) { return token.kind == TokenKind::Word; };
    const auto word = std::find_if(tokens_.begin(), tokens_.end(), is_word);
    if (word != tokens_.end()) add(in_upper_case(word->text));
  }

  void add_once(std::string_view text) {
    if (!full_ && written_.emplace(text).second) add(text);
  }

  void add(std::string_view text) {
    const std::size_t separator = out_.empty() ? 0 : 1;
    full_ = full_ || out_.size() + separator + text.size() > kSummaryBytesMax;
    if (full_) return;
    out_.append(separator, ' ').append(text);
  }

  // Tokens relative to the current one; End outside the text.
  const Token& ahead(std::size_t by) const { return position_ + by < tokens_.size() ? tokens_[position_ + by] : end_; }
  const Token& behind() const { return position_ > 0 ? tokens_[position_ - 1] : end_; }

  std::vector<Token> tokens_;
  std::unordered_set<std::string_view> defined_;
  const Token end_;
  std::size_t position_ = 0;

  std::vector<Scope> scopes_{Scope{}};  // innermost last, never empty
  std::string_view operation_;          // the last one written; like the first, a view of the table of keywords
  std::string_view first_operation_;
  bool object_possible_ = false;  // the TABLE, VIEW or INDEX of a CREATE has not come yet
  bool index_of_table_ = false;   // the ON of an INDEX has not come yet
  std::unordered_set<std::string> written_;
  std::string out_;
  bool full_ = false;
  std::unordered_set<std::string> targeted_;  // those of targets_
  std::vector<std::string> targets_;
};

}  // namespace

std::string summary(std::string_view normalised) {
  Summariser summariser(normalised);
  summariser.run();
  return summariser.take_summary();
}

std::vector<std::string> targets(std::string_view normalised) {
  Summariser summariser(normalised);
  summariser.run();
  return summariser.take_targets();
}

std::string_view operation(std::string_view normalised) {
  Summariser summariser(normalised);
  summariser.run();
  return summariser.first_operation();
}

}  // namespace mercury::analysis
