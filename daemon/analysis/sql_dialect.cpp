#include "analysis/sql_dialect.h"

namespace mercury::analysis {
namespace {

constexpr Dialect kUnknown = {.backslash_escapes_in_e_strings = true, .dollar_quotes = true};

constexpr Dialect kSqlite = {.brackets = Brackets::Name};

constexpr Dialect kPostgresql = {.backticks_quote_names = false,
                                 .backslash_escapes_in_e_strings = true,
                                 .comments_nest = true,
                                 .dollar_quotes = true,
                                 .at_parameters = false,
                                 .postgresql_operators = true};

constexpr Dialect kMysql = {.double_quotes_are_strings = true,
                            .backslash_escapes = true,
                            .backslash_escapes_in_e_strings = true,
                            .hash_comments = true,
                            .dash_comments_need_blank = true,
                            .at_at_variables = true,
                            .words_may_start_with_digit_or_dollar = true};

constexpr Dialect kOracle = {.q_quotes = true, .also_in_words = "#"};

constexpr Dialect kMssql = {.brackets = Brackets::Name,
                            .doubled_bracket_escapes = true,
                            .comments_nest = true,
                            .at_at_variables = true,
                            .hash_starts_word = true,
                            .also_in_words = "#@"};

constexpr Dialect kNormalisedText = {.brackets = Brackets::NameWhenSpaced,
                                     .doubled_bracket_escapes = true,
                                     .at_at_variables = true,
                                     .words_may_start_with_digit_or_dollar = true,
                                     .hash_starts_word = true,
                                     .also_in_words = "#@"};

}  // namespace

const Dialect& dialect_of(model::Vendor vendor) {
  switch (vendor) {
    case model::Vendor::Sqlite: return kSqlite;
    case model::Vendor::Postgresql: return kPostgresql;
    case model::Vendor::Mysql: return kMysql;
    case model::Vendor::Oracle: return kOracle;
    case model::Vendor::Mssql: return kMssql;
    case model::Vendor::Unknown: break;
  }
  return kUnknown;
}

const Dialect& dialect_of_normalised_text() { return kNormalisedText; }

}  // namespace mercury::analysis
