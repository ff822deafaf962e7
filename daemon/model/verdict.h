// What is judged and what comes out: VERDICTS.md §1 and §4 to §8 in memory. Plain values, no thread rules.
//
// Texts are views where they only pass through (a site, a name): valid as long as what the caller gave.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/site.h"
#include "model/unit.h"

namespace mercury::model {

// What a statement is, worked out once, when its text is new.
struct StatementFacts {
  std::uint64_t fingerprint = 0;
  std::string operation;             // SELECT, INSERT, …; upper case, "" if none
  std::vector<std::string> targets;  // tables, without needless quotes
};

// A site with its two hashes, worked out once, when it is defined (analysis::judged).
struct JudgedSite {
  Site site;
  std::uint64_t key = 0;
  std::uint64_t identity = 0;
};

// What a caller knows of the queries before one, so that they need not be looked up: which was the last of the same
// fingerprint, site, alias and flag `many` that takes part. Its number, or one of these.
namespace previous {
inline constexpr std::uint32_t kUnknown = UINT32_MAX;
inline constexpr std::uint32_t kNone = UINT32_MAX - 1;
}  // namespace previous

struct Query {
  const StatementFacts* statement = nullptr;  // null: unknown; the fingerprint tells statements apart
  const JudgedSite* site = nullptr;           // null: not captured
  std::uint64_t text = 0;                     // tells raw texts of one fingerprint apart; any number
  std::uint32_t alias = 0;                    // likewise for aliases
  std::uint32_t ordinal = 0;                  // 0: unknown
  std::int32_t rows = -1;
  std::uint16_t flags = 0;  // record_flag
  bool own = true;          // of the unit itself, not of a descendant
  bool command = false;     // `scope` is a command
  std::uint64_t scope = 0;  // which request, task, command or test below the unit it is of; 0: the unit's
  std::uint64_t start_ns = 0;
  std::uint64_t duration_ns = 0;
  std::uint64_t calls = 1;
  std::uint32_t same = previous::kUnknown;  // only if it is known for all queries that are judged together
};

struct UnitFacts {
  UnitKind kind = UnitKind::Request;
  Operation operation = Operation::Unknown;
  std::string_view name{};
  std::uint64_t duration_ns = 0;
  std::uint64_t first_byte_ns = 0;  // 0: not streamed
  bool in_tests = false;
  std::uint64_t cache_hits = 0;
  std::uint64_t cache_misses = 0;
  std::optional<std::uint64_t> memory_bytes{};
};

struct IgnoreRule {
  std::string kind{}, route{}, file{}, function{}, field{}, reason{};  // "" matches all; the reason is never empty
  std::string until{};                                                 // ISO date or ""
  bool operator==(const IgnoreRule&) const = default;
};

struct Thresholds {
  std::uint64_t n_plus_one = 10;
  std::uint64_t loop_calls_min = 3;
  std::uint64_t slow_query_ns = 100'000'000;
  std::uint64_t polling_gap_ns = 500'000'000;
  // Instead of the operation's own.
  std::optional<std::uint64_t> response_ms, queries;
  bool operator==(const Thresholds&) const = default;
};

enum class FindingKind : std::uint8_t {
  NPlusOne,
  QueryInLoop,
  RepeatedQuery,
  WriteLoop,
  SlowQuery,
  TooManyQueries,
  SlowResponse
};
enum class Level : std::uint8_t { Notice, Warn, Fail };
std::string_view name_of(FindingKind kind);  // "n_plus_one", …
std::string_view name_of(Level level);       // "notice", "warn", "fail"

struct Place {
  std::string file{}, function{}, module{}, template_name{}, view{}, serializer_field{}, admin_column{};
  std::uint32_t line = 0, template_line = 0;
  bool operator==(const Place&) const = default;
};

struct Source {
  std::uint64_t fingerprint = 0;
  Place place;
  bool operator==(const Source&) const = default;
};

struct Edit {
  std::string file, insert;
  std::uint32_t line = 0, column = 0;
  bool operator==(const Edit&) const = default;
};

struct Suggestion {
  std::string action;
  std::string path;  // of the relation from the queryset that is mended; "" if unknown
  std::string text;
  std::string code;
  bool is_template = true;
  std::optional<Edit> edit;
  bool operator==(const Suggestion&) const = default;
};

struct Finding {
  std::uint64_t id = 0;
  FindingKind kind = FindingKind::NPlusOne;
  Level level = Level::Notice;
  bool likely = false;
  std::uint8_t severity = 0;      // 0 to 5
  std::uint64_t fingerprint = 0;  // 0 for findings of the unit
  std::uint32_t alias = 0;
  std::uint64_t count = 0;
  std::optional<std::uint64_t> distinct;
  std::uint64_t time_ns = 0;
  std::uint64_t saving_ns = 0;
  std::string relation, relation_kind, operation;
  Place trigger;
  std::vector<Source> sources;
  Suggestion suggestion;
  std::string ignored;  // the reason, "" if it is not
  bool operator==(const Finding&) const = default;
};

struct Points {
  std::uint32_t points = 0, of = 0;
  bool operator==(const Points&) const = default;
};

struct Score {
  std::uint32_t value = 0;
  std::string grade;
  Points response, queries;
  std::optional<Points> memory, cache;
  std::uint32_t penalty = 0;
  bool operator==(const Score&) const = default;
};

// How often a group of at least two calls occurred: what route findings are folded from.
struct GroupCount {
  std::uint64_t id = 0;
  std::uint64_t count = 0;
};

struct Verdict {
  std::vector<Finding> findings;
  std::vector<GroupCount> groups;
  std::optional<Score> score;
  std::uint64_t queries = 0;
  std::uint64_t db_ns = 0;
};

}  // namespace mercury::model
