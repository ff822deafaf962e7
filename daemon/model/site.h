// Where a query was made: PROTOCOL.md §4, kind site. Every field may be absent (empty, 0).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mercury::model {

struct SiteFrame {
  std::uint32_t line = 0;
  bool application = false;
  std::string file;
  std::string module;
  std::string function;
  bool operator==(const SiteFrame&) const = default;
};

namespace site_flag {
inline constexpr std::uint16_t kChunk = 1;
inline constexpr std::uint16_t kBulk = 2;
}  // namespace site_flag

enum class AnchorKind : std::uint8_t {
  None,   // there is no anchor, or one of a later version
  Chain,  // a method call, behind the expression of a queryset
  Admin,  // a line in the body of a ModelAdmin
};

// Where a suggestion is inserted: line from 1, column in characters from 0.
struct Anchor {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  AnchorKind kind = AnchorKind::None;
  std::string file;
  bool operator==(const Anchor&) const = default;
};

struct Site {
  std::vector<SiteFrame> frames;  // innermost first
  std::uint32_t template_line = 0;
  std::string template_name;
  std::string view;
  std::string serializer_field;
  std::string admin_column;
  std::string operation;      // of the ORM: fetch, follow, …
  std::string relation;       // app.Model.field
  std::string relation_kind;  // foreign_key, …; "": no relation is known
  std::string owner_table;    // of the instance that holds the relation
  std::string model;          // app.Model whose rows the query returns
  std::string state;          // words that say what the queryset is
  std::string joins;          // lines `path=table`
  std::string path;           // of a prefetch, from the queryset that was prefetched
  Anchor anchor;
  std::string ignore;       // `kind|reason`
  std::uint16_t flags = 0;  // last: the verdict reads it with the key that follows it in a JudgedSite
  bool operator==(const Site&) const = default;
};

}  // namespace mercury::model
