// The sections of an explain page that have a file of their own, and the choice of what it explains.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/daemon_client.h"
#include "cli/options.h"
#include "cli/place.h"
#include "cli/style.h"
#include "platform/stream.h"

namespace mercury::cli {

// What to write, indented by two.
std::string explain_fix(const nlohmann::json& finding, const Here& here, const Style& style);

// Which finding a person means by "3f2a" or "2": the beginning of an id, of at least 4 digits, or a rank. A number
// that begins an id is an id. If that does not leave exactly one id, `complaint` says so and `candidates` are those
// that match.
struct FindingChoice {
  std::string complaint;  // empty: it was found
  std::vector<std::string> candidates;
};

// `rows` becomes the finding's, one for each route that has it; the one that was meant first, else the largest saving.
base::Result<FindingChoice> choose_finding(DaemonClient& daemon, const Options& options, platform::Deadline deadline,
                                           nlohmann::json& rows);

}  // namespace mercury::cli
