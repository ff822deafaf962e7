// What each command asks the daemon and what it prints: the seam between options, daemon_client and pages.
//
// Thread rules: one thread. A Call lives as long as one run().
#pragma once

#include <cstddef>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "base/result.h"
#include "cli/daemon_client.h"
#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/run.h"
#include "cli/style.h"
#include "platform/paths.h"
#include "platform/stream.h"

namespace mercury::cli {

// References outlive the Call; run() holds them all.
struct Call {
  const Options& options;
  const World& world;
  const std::vector<platform::Candidate>& candidates;
  Style style;
  std::istream& in;
  std::ostream& out;
  std::ostream& err;

  [[nodiscard]] platform::Deadline deadline() const;  // from now
};

// Commands of one question: status, routes, route, findings, explain, statements, units, reset,
// stop. An Error is for the caller to say.
base::Result<ExitCode> ask_and_print(const Call& call, DaemonClient& daemon);

// No daemon is needed for these two; that there is none is part of what they say.
ExitCode run_version(const Call& call);
ExitCode run_doctor(const Call& call);

base::Result<ExitCode> run_findings(const Call& call, DaemonClient& daemon);
base::Result<ExitCode> run_explain(const Call& call, DaemonClient& daemon);
// All findings of the route that `route`, a row of `routes`, is about; null if the daemon does not judge.
base::Result<nlohmann::json> findings_of_route(const Call& call, DaemonClient& daemon, const nlohmann::json& route);

// On a terminal refreshed each second until q; elsewhere one page.
base::Result<ExitCode> run_top(const Call& call, DaemonClient daemon);

// The sentences for an error, on `err`, and its exit code.
ExitCode complain(const Call& call, const base::Error& error, const std::vector<Attempt>& attempts);

// Rows of `routes` as the options want them: of one service, in order.
base::Result<nlohmann::json> routes_in_order(DaemonClient& daemon, const Options& options, platform::Deadline deadline);

// --limit, or the command's `usual` one; 0 is no limit.
std::size_t limit_or(const Options& options, std::size_t usual);

// JSON in ASCII, one line.
void print_json(std::ostream& out, const nlohmann::json& value);

}  // namespace mercury::cli
