// "Did you mean": the names that are most like what was typed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mercury::cli {

// At most `count` of `names`, each once, the most alike first: fewest letters to change, letters that only `names`
// has counted least, so that a part of a name is near to it. Cost: length × length for each name.
std::vector<std::string> nearest(std::string_view typed, const std::vector<std::string>& names, std::size_t count);

}  // namespace mercury::cli
