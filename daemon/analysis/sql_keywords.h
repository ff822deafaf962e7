// The SQL words that a fingerprint writes in upper case.
//
// The list is closed and short on purpose: words that structure a statement, reserved in at least one of the
// vendors we know. A function (`count`), a type (`varchar`) or a word that people use for columns (`name`, `date`,
// `status`) is not in it, so it keeps the case in which it was written. What a word is *here*, keyword or name, is
// decided by the normaliser (see fingerprint.h); this file only knows the words.
//
// Thread rules: pure, no state. Cost: a binary search over some 160 words.
#pragma once

#include <cstdint>
#include <string_view>

namespace mercury::analysis {

// What the normaliser must know about a keyword, as a set of bits.
enum KeywordTrait : std::uint8_t {
  kPlain = 0,
  kOperand = 1,    // it is a value: a minus after it subtracts (END, CURRENT_DATE, NULL …)
  kValue = 2,      // TRUE, FALSE, NULL: a literal where a value is expected
  kCall = 4,       // written tight against its parenthesis: CAST(, COALESCE(
  kMaybeName = 8,  // not reserved everywhere: a name when it stands where a table is expected
};

struct Keyword {
  std::string_view text;  // upper case
  std::uint8_t traits;
};

// The keyword that `word` spells in any case, or nullptr. The result points into a static table.
const Keyword* find_keyword(std::string_view word);

}  // namespace mercury::analysis
