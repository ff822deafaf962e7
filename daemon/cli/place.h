// Where in the code: a place of PROTOCOL.md §8 as a person reads it, and the files that it names, if they are here.
//
//   place_text(row["trigger"], here)   → "shop/views.py:14 in order_list"
//
// mercuryctl often runs in the project that the daemon watches, but need not: a path below the current directory is
// shown relative to it, and a source file that cannot be read here is simply not quoted. Here is all that a page
// knows of this machine; a test writes its own.
//
// Thread rules: pure functions but for what `read` does.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace mercury::cli {

struct Here {
  std::string directory;  // the current one, absolute; empty: unknown
  // The whole text of a source file; nothing if there is none that may be shown.
  std::function<std::optional<std::string>(const std::string& path)> read;
};

// Reads Python files of at most 4 MiB and nothing else: the paths come from whoever sends to the daemon.
Here this_directory();

// Printable; relative if it lies below here.directory.
std::string path_text(const std::string& file, const Here& here);

// "" if the place is null or says nothing.
std::string place_text(const nlohmann::json& place, const Here& here);

// "shop/views.py:14", or "" without a file.
std::string file_line_text(const nlohmann::json& place, const Here& here);

}  // namespace mercury::cli
