#include "cli/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <istream>
#include <limits>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/field.h"
#include "cli/pages.h"
#include "cli/route_choice.h"
#include "cli/routes.h"
#include "cli/text.h"

namespace mercury::cli {
namespace {

using base::Error;
using base::Result;
using nlohmann::json;

constexpr std::size_t kRowsShown = 50;
constexpr std::size_t kUnitsShown = 5;  // each has a timeline

Listing listing_of(const Options& options, std::size_t usual) {
  return {options.window, options.sort, limit_or(options, usual)};
}

void print_rows(const Call& call, json rows) {
  const std::size_t limit = limit_or(call.options, 0);
  if (rows.size() > limit) rows.erase(rows.begin() + static_cast<json::difference_type>(limit), rows.end());
  print_json(call.out, rows);
}

bool wants_json(const Call& call) { return call.options.format == Format::Json; }

Result<ExitCode> status(const Call& call, DaemonClient& daemon) {
  const auto answer = daemon.result("status", {{"user", call.options.user}}, call.deadline());
  if (!answer) return answer.error();
  if (wants_json(call)) {
    print_json(call.out, *answer);
  } else {
    call.out << render_status(*answer, call.world.unix_time_s(), call.style);
  }
  return ExitCode::Ok;
}

Result<ExitCode> routes(const Call& call, DaemonClient& daemon) {
  auto rows = routes_in_order(daemon, call.options, call.deadline());
  if (!rows) return rows.error();
  if (wants_json(call)) {
    print_rows(call, std::move(*rows));
  } else {
    call.out << render_routes(*rows, listing_of(call.options, kRowsShown), call.style);
  }
  return ExitCode::Ok;
}

Result<ExitCode> route(const Call& call, DaemonClient& daemon) {
  json rows;
  const auto choice = choose_route(daemon, call.options, call.deadline(), rows);
  if (!choice) return choice.error();
  if (!choice->complaint.empty()) {
    call.err << "mercuryctl: " << choice->complaint << "\n" << render_matches(choice->titles, call.style);
    return ExitCode::Usage;
  }
  if (wants_json(call)) {
    print_json(call.out, rows);
    return ExitCode::Ok;
  }
  const auto findings = rows.empty() ? Result<json>(json()) : findings_of_route(call, daemon, rows.front());
  if (!findings) return findings.error();
  call.out << render_route(rows, *findings, limit_or(call.options, kRowsShown), call.world.here, call.style);
  return ExitCode::Ok;
}

Result<ExitCode> statements(const Call& call, DaemonClient& daemon) {
  auto rows = daemon.rows("statements", {{"user", call.options.user}}, call.deadline());
  if (!rows) return rows.error();
  sort_statements(*rows, call.options.sort);
  if (wants_json(call)) {
    print_rows(call, std::move(*rows));
  } else {
    call.out << render_statements(*rows, listing_of(call.options, kRowsShown), call.style);
  }
  return ExitCode::Ok;
}

Result<ExitCode> units(const Call& call, DaemonClient& daemon) {
  auto rows = daemon.rows("units", {{"user", call.options.user}}, call.deadline());
  if (!rows) return rows.error();
  sort_units(*rows, call.options.sort);
  if (wants_json(call)) {
    print_rows(call, std::move(*rows));
  } else {
    call.out << render_units(*rows, listing_of(call.options, kUnitsShown), call.style);
  }
  return ExitCode::Ok;
}

// Only a person at a terminal can be asked; elsewhere --yes is the answer.
Result<ExitCode> confirm_reset(const Call& call) {
  if (call.options.confirm == Confirm::Given) return ExitCode::Ok;
  if (call.world.input != Attached::Terminal)
    return Error{"usage", "reset forgets what was measured; say so with --yes"};
  const std::string whose =
      call.options.user.empty() ? "that you may reset" : "of user " + printable(call.options.user);
  call.err << "Forget all routes, statements and units " << whose << "? [y/N] " << std::flush;
  std::string answer;
  std::getline(call.in, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return ExitCode::Ok;
  call.err << "Nothing was forgotten.\n";
  return ExitCode::GateFailed;
}

Result<ExitCode> reset(const Call& call, DaemonClient& daemon) {
  auto confirmed = confirm_reset(call);
  if (!confirmed || *confirmed != ExitCode::Ok) return confirmed;
  const auto answer = daemon.result("reset", {{"user", call.options.user}}, call.deadline());
  if (!answer) return answer.error();
  if (wants_json(call)) {
    print_json(call.out, *answer);
  } else {
    const auto count = [&answer](const char* key, const char* noun) {
      return plural(field::number_or(*answer, {key}, 0), noun);
    };
    call.out << fmt::format("Forgotten: {}, {}, {}.\n", count("routes", "route"), count("statements", "statement"),
                            count("units", "unit"));
  }
  return ExitCode::Ok;
}

Result<ExitCode> stop(const Call& call, DaemonClient& daemon) {
  const auto answer = daemon.result("shutdown", {}, call.deadline());
  if (!answer) return answer.error();
  if (wants_json(call)) {
    print_json(call.out, *answer);
  } else {
    call.out << fmt::format("{} (pid {}) at {} is stopping.\n", printable(daemon.welcome().daemon),
                            daemon.welcome().pid, daemon.address());
  }
  return ExitCode::Ok;
}

}  // namespace

platform::Deadline Call::deadline() const { return platform::Deadline::clock::now() + options.timeout; }

Result<ExitCode> ask_and_print(const Call& call, DaemonClient& daemon) {
  switch (call.options.command) {
    case Command::Status: return status(call, daemon);
    case Command::Routes: return routes(call, daemon);
    case Command::Route: return route(call, daemon);
    case Command::Findings: return run_findings(call, daemon);
    case Command::Explain: return run_explain(call, daemon);
    case Command::Statements: return statements(call, daemon);
    case Command::Units: return units(call, daemon);
    case Command::Reset: return reset(call, daemon);
    case Command::Stop: return stop(call, daemon);
    case Command::Top:
    case Command::Version:
    case Command::Doctor: break;  // run() has them elsewhere
  }
  return Error{"internal", "a command without an answer"};
}

std::size_t limit_or(const Options& options, std::size_t usual) {
  const std::size_t limit = options.limit.value_or(usual);
  return limit == 0 ? std::numeric_limits<std::size_t>::max() : limit;
}

Result<json> routes_in_order(DaemonClient& daemon, const Options& options, platform::Deadline deadline) {
  auto rows = daemon.rows("routes", {{"window", options.window}, {"user", options.user}}, deadline);
  if (!rows) return rows.error();
  keep_service(*rows, options.service);
  sort_routes(*rows, options.sort);
  return rows;
}

void print_json(std::ostream& out, const json& value) {
  out << value.dump(-1, ' ', true, json::error_handler_t::replace) << "\n";
}

}  // namespace mercury::cli
