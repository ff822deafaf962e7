// Lines of a source file on a page: the place of a query with what stands around it, and an edit as a little diff.
//
// Pure functions of the file's text. Tabs become four spaces. Lines of an excerpt are cut to the page's width; those
// of a diff never, they are there to be copied.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "cli/style.h"

namespace mercury::cli {

// Line `line` (from 1) marked with ">", and up to two on either side; "" if the text has no such line.
std::string excerpt(const std::string& text, std::size_t line, const Style& style);

// `insert` goes into `line` (from 1) before character `column` (from 0); it may hold line ends.
struct Insertion {
  std::size_t line = 0;
  std::size_t column = 0;
  std::string insert;
};

enum class Fits { Yes, AlreadyThere, No };  // No: the file has no such place, it is another version of it
Fits fits(const std::string& text, const Insertion& insertion);

// What the insertion changes, with a line on either side; only if it fits.
std::string insertion_diff(const std::string& text, const Insertion& insertion, const Style& style);

}  // namespace mercury::cli
