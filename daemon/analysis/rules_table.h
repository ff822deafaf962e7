// The numbers and sentences of the verdict (proto/VERDICTS.md), as constants.
//
// Generated from proto/rules.json by `proto/check.py --write`: edit that file, not this one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// clang-format off
namespace mercury::analysis::rules {

// One step of severity: `halves` half thresholds of calls, and what it takes off the score.
struct Severity {
  std::string_view name;
  std::uint32_t halves, penalty, delete_penalty;
};

// The points of one component: those of the first step whose bound is not exceeded (cache: is reached).
struct Step {
  std::uint64_t bound;
  std::uint32_t points;
};
struct Scale {
  std::uint32_t max;
  std::span<const Step> steps;
  std::uint32_t otherwise;
};

struct Grade {
  std::string_view name;
  std::uint32_t score_min;
};

// What a unit of one operation may take.
struct Limits {
  std::string_view operation;
  std::uint64_t response_ms, queries, memory_mb;
};

// What to do about a finding; `code` and `text` have placeholders in braces, `read` is a URL.
struct Action {
  std::string_view name, code, text, read;
};

// What a kind of finding is, and why it matters.
struct Lesson {
  std::string_view kind, title, what, why;
};

// calls: from this many calls an N+1 fails a test.
inline constexpr std::uint64_t kNPlusOneThreshold = 10;
// calls: fewer calls of one statement at one place are no loop.
inline constexpr std::uint64_t kLoopCallsMin = 3;
// ns: from this time a single call is slow.
inline constexpr std::uint64_t kSlowQueryNs = 100'000'000;
// ns: in a command, calls further apart are polling.
inline constexpr std::uint64_t kPollingGapNs = 500'000'000;

inline constexpr std::uint32_t kSourcesMax = 3;
inline constexpr std::uint32_t kChainMax = 5;
inline constexpr std::uint32_t kConstantUnitsMin = 10;
inline constexpr std::uint32_t kGrowthMin = 2;
inline constexpr std::uint32_t kGoneAfterUnits = 5;

inline constexpr std::array<Severity, 6> kSeverities{{
  {"none", 0, 0, 0},
  {"mild", 1, 5, 2},
  {"moderate", 2, 10, 5},
  {"high", 4, 20, 8},
  {"severe", 7, 30, 15},
  {"critical", 10, 40, 25},
}};

// ns
inline constexpr std::array<Step, 7> kResponseSteps{{{10'000'000, 30}, {25'000'000, 28}, {50'000'000, 25}, {100'000'000, 20}, {200'000'000, 12}, {500'000'000, 5}, {1'000'000'000, 2}}};
inline constexpr Scale kResponse{30, kResponseSteps, 0};

// queries
inline constexpr std::array<Step, 8> kQueriesSteps{{{1, 40}, {2, 38}, {3, 35}, {6, 30}, {10, 20}, {15, 10}, {25, 3}, {50, 1}}};
inline constexpr Scale kQueries{40, kQueriesSteps, 0};

// queries
inline constexpr std::array<Step, 6> kDeleteQueriesSteps{{{3, 38}, {8, 35}, {15, 28}, {25, 20}, {35, 12}, {50, 5}}};
inline constexpr Scale kDeleteQueries{40, kDeleteQueriesSteps, 1};

// bytes
inline constexpr std::array<Step, 5> kMemorySteps{{{5'000'000, 20}, {15'000'000, 17}, {30'000'000, 14}, {50'000'000, 8}, {100'000'000, 3}}};
inline constexpr Scale kMemory{20, kMemorySteps, 0};

// hit ratio in percent, at least
inline constexpr std::array<Step, 3> kCacheSteps{{{90, 10}, {70, 8}, {50, 5}}};
inline constexpr Scale kCache{10, kCacheSteps, 0};

inline constexpr std::array<Grade, 7> kGrades{{{"S", 95}, {"A+", 90}, {"A", 80}, {"B", 70}, {"C", 60}, {"D", 50}, {"F", 0}}};

// By model::Operation less one.
inline constexpr std::array<Limits, 7> kOperations{{
  {"list", 200, 25, 30},
  {"detail", 150, 10, 20},
  {"create", 250, 15, 25},
  {"update", 200, 12, 20},
  {"delete", 300, 30, 40},
  {"search", 300, 30, 40},
  {"auth", 100, 8, 15},
}};

inline constexpr std::array<Action, 17> kActions{{
  {"select_related",
   ".select_related(\"{path}\")",
   "Fetch {path} together with its owner in one query: add {code} to the queryset.",
   "https://docs.djangoproject.com/en/stable/ref/models/querysets/#select-related"},
  {"prefetch_related",
   ".prefetch_related(\"{path}\")",
   "Fetch all {path} in one more query: add {code} to the queryset.",
   "https://docs.djangoproject.com/en/stable/ref/models/querysets/#prefetch-related"},
  {"prefetch_object",
   ".prefetch_related(Prefetch(\"{path}\", queryset=..., to_attr=\"...\"))",
   "A filter, an order or .first() on a related manager asks the database again, prefetched or not. "
   "Prefetch just these rows with {code} and read the attribute in the loop.",
   "https://docs.djangoproject.com/en/stable/ref/models/querysets/#prefetch-objects"},
  {"annotate_count",
   ".annotate(n=Count(\"{query}\", distinct=True))",
   "Let the database count for all rows at once: add {code} to the queryset and read .n in the loop.",
   "https://docs.djangoproject.com/en/stable/topics/db/aggregation/"},
  {"annotate_exists",
   ".annotate(has=Exists(...filter({field}=OuterRef(\"pk\"))))",
   "Let the database look for all rows at once: add {code} to the queryset and read .has in the loop.",
   "https://docs.djangoproject.com/en/stable/ref/models/expressions/#exists-subqueries"},
  {"annotate",
   ".annotate(total=Sum(\"{query}__...\"))",
   "Let the database compute it for all rows at once: add an annotation like {code}, or a Subquery, to "
   "the queryset.",
   "https://docs.djangoproject.com/en/stable/topics/db/aggregation/"},
  {"in_bulk",
   "Model.objects.in_bulk(ids)",
   "Collect the keys first and fetch all rows with one {code}, then look them up in the dictionary.",
   "https://docs.djangoproject.com/en/stable/ref/models/querysets/#in-bulk"},
  {"load_field",
   ".defer(None)",
   "The field {field} was left out by .only() or .defer() and is fetched row by row: drop that, add the "
   "field, or add {code}.",
   "https://docs.djangoproject.com/en/stable/ref/models/querysets/#defer"},
  {"prefetch_objects",
   "prefetch_related_objects(instances, \"{path}\")",
   "Each object is prefetched by itself. Do it once for all of them: {code}.",
   "https://docs.djangoproject.com/en/stable/ref/models/querysets/#prefetch-related-objects"},
  {"bulk_create",
   "Model.objects.bulk_create(objects)",
   "Insert all rows with one {code}. Mind that it calls no save() and sends no signals.",
   "https://docs.djangoproject.com/en/stable/ref/models/querysets/#bulk-create"},
  {"bulk_update",
   "Model.objects.bulk_update(objects, [\"...\"])",
   "Write all rows with one {code}, or one .update(). Mind that they call no save(), send no signals and "
   "leave auto_now fields alone.",
   "https://docs.djangoproject.com/en/stable/ref/models/querysets/#bulk-update"},
  {"filter_delete",
   "Model.objects.filter(pk__in=ids).delete()",
   "Delete all rows with one {code}. Mind that it does not call the delete() of each object.",
   "https://docs.djangoproject.com/en/stable/ref/models/querysets/#delete"},
  {"batch_query",
   ".filter(...__in=values)",
   "Ask once for all values, with {code} or in_bulk(), before the loop.",
   "https://docs.djangoproject.com/en/stable/topics/db/optimization/"},
  {"hoist",
   "",
   "The same statement with the same values ran {count} times. Run it once before the loop, or keep its "
   "result in a cache.",
   "https://docs.djangoproject.com/en/stable/topics/db/optimization/#understand-cached-attributes"},
  {"explain_plan",
   "queryset.explain()",
   "Look at what the database does with {code}; often an index on the filtered or ordered column is "
   "missing.",
   "https://docs.djangoproject.com/en/stable/ref/models/querysets/#explain"},
  {"fewer_queries",
   "",
   "Mend the loops among its findings first; then look for statements that one query could answer "
   "together.",
   "https://docs.djangoproject.com/en/stable/topics/db/optimization/"},
  {"profile",
   "",
   "Compare the time in SQL with the whole: if SQL is most of it, mend its findings; if not, profile the "
   "Python code of this view.",
   "https://docs.djangoproject.com/en/stable/topics/performance/"},
}};

// By model::FindingKind.
inline constexpr std::array<Lesson, 7> kLessons{{
  {"n_plus_one",
   "N+1 queries",
   "One query fetched a list, and then one more query ran for each of its rows.",
   "Each round trip costs time, and there are as many as rows: what is quick with ten rows on your "
   "machine is slow with a thousand in production."},
  {"query_in_loop",
   "Query in a loop",
   "The same statement ran again and again with other values.",
   "The number of queries follows the number of rounds, and each one waits for the database."},
  {"repeated_query",
   "Repeated query",
   "The same statement with the same values ran several times.",
   "All but the first asked for what was known already."},
  {"write_loop",
   "Writes in a loop",
   "Rows were written one at a time.",
   "Each write is a round trip, and outside a transaction also a commit: a batch is many times faster."},
  {"slow_query",
   "Slow query",
   "A single statement took long.",
   "No change of the Python code around it helps: the database itself needs that long."},
  {"too_many_queries",
   "Too many queries",
   "The unit made more queries than its kind of operation should.",
   "Every query is a round trip; their number is the first thing that grows with the data."},
  {"slow_response",
   "Slow response",
   "The answer took longer than its kind of operation should.",
   "A person notices from a tenth of a second, and leaves after a few."},
}};

// The action of that name; for constants: an unknown name does not compile there, and throws elsewhere.
constexpr const Action& action_named(std::string_view name) {
  std::size_t at = 0;
  while (kActions.at(at).name != name) ++at;
  return kActions[at];
}

}  // namespace mercury::analysis::rules
// clang-format on
