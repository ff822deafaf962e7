// Folds the lists whose length is data: `IN (?, ?, ?)` → `IN (?)`, `VALUES (?, ?), (?, ?)` → `VALUES (?, ?)`.
//
// One rule for both: an element that reads like an earlier element of the same list is dropped, with its comma.
// So the length never shows, while a column, an operator or a sub-query in an element is kept. To stay linear
// only the first kElementsRemembered different elements are compared with; a list with more than that many
// different ones keeps the rest. A list in which the text ends keeps its first element only: a statement that was cut
// reads the same wherever it was cut.
//
// It works on the normaliser's output in place. The normaliser calls it around each bracket and comma, in the order
// of the declarations below; depth counts open brackets, round and square.
//
// Thread rules: one object, one thread. Failure: none. Cost: amortised linear in the bytes written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mercury::analysis {

class ListFold {
 public:
  static constexpr std::size_t kElementsRemembered = 8;

  enum class Kind : std::uint8_t {
    Elements,  // IN ( element , element )
    Rows,      // VALUES ( … ) , ( … )
  };

  explicit ListFold(std::string& out) : out_(out) {}

  // Before any token is written. `goes_on`: it is a comma, and another row follows.
  void end_rows_unless(bool goes_on);

  // The list starts at the end of what is written: for Elements after its bracket, for Rows before the first.
  void open(Kind kind, std::size_t depth);

  // Before a closing bracket is written (depth inside it), and after (depth outside it).
  void before_close(std::size_t depth);
  void after_close(std::size_t depth);

  void before_comma(std::size_t depth);
  void after_comma(std::size_t depth);

  // The text, or a statement of it, is over: no list is open after this.
  void finish();

 private:
  struct List {
    Kind kind;
    bool between_rows = false;
    std::size_t depth = 0;
    std::size_t separator = 0;                              // where the comma before the current element was written
    std::size_t element = 0;                                // where the current element starts
    std::vector<std::pair<std::size_t, std::size_t>> kept;  // position and length in out_, all different
  };

  bool inside(Kind kind, std::size_t depth) const;
  void end_element();

  std::string& out_;
  std::vector<List> lists_;  // innermost last
};

}  // namespace mercury::analysis
