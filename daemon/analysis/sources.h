// Where a loop's rows came from, and how the relation reads from there: VERDICTS.md §3.
//
// A loop that follows a relation belongs to an earlier query that fetched the rows; the fix goes there. The source may
// be such a loop itself: then the path grows by one link for each, down to the root.
//
// Ownership: looks into `groups`, valid until its next collect(). Threads: one object, one thread. Failure: none but
// std::bad_alloc. Cost: one sort of the unit's tables when the first loop asks, then a binary search each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "analysis/groups.h"

namespace mercury::analysis {

class Sources {
 public:
  // How a relation reads from the rows of `root`, which is where a fix goes.
  struct Path {
    std::string text;             // "": unknown
    const Group* root = nullptr;  // null: no source
    std::uint32_t loops = 1;      // of the chain, this one included
    bool needs_prefetch = false;  // a loop of the chain above this one is mended with more than a join
  };

  // Starts a unit: forgets the one before.
  void begin(const Groups& groups);

  // At most kSourcesMax, the latest first. `loop` is an element of groups.all().
  std::vector<const Group*> of(const Group& loop);
  Path path_of(const Group& loop);

 private:
  struct Row {
    std::string_view table;
    bool single = false;  // fetched one row: no list for a loop to run over
    std::uint32_t group = 0;
    bool operator<(const Row& other) const {
      return std::tie(table, single, group) < std::tie(other.table, other.single, other.group);
    }
  };

  void index();
  [[nodiscard]] bool is_single(const Group& group) const;
  void find(std::string_view table, bool single, std::uint32_t before, std::vector<const Group*>& out) const;
  const Group* source_of(const Group& loop);
  bool chains(const Group& source);
  Path path_of(const Group& loop, std::uint32_t level);

  const Groups* groups_ = nullptr;
  std::vector<Row> rows_;  // sorted; of this unit if indexed_
  bool indexed_ = false;
};

}  // namespace mercury::analysis
