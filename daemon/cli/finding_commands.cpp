// `findings` and `explain`: all findings are asked for once, so that ranks, what is left out and gates agree.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/field.h"
#include "cli/findings.h"
#include "cli/pages.h"
#include "cli/route_choice.h"
#include "cli/routes.h"
#include "cli/text.h"

namespace mercury::cli {
namespace {

using base::Result;
using nlohmann::json;

constexpr std::size_t kFindingsShown = 10;  // each is a block
constexpr std::size_t kIdsNamed = 5;

// Which routes `findings` was asked for.
class Routes {
 public:
  explicit Routes(const Options& options) : options_(options) {}

  // A number is a place in `mercuryctl routes`; its complaint is empty if it is none, or one that is there.
  Result<RouteChoice> resolve(DaemonClient& daemon, platform::Deadline deadline) {
    if (!is_row_number(options_.pattern)) return RouteChoice{};
    return listed_route(daemon, as_in_routes(), deadline, row_);
  }

  [[nodiscard]] bool has(const json& finding) const {
    return in_service(finding) && (row_.is_null() ? matches(finding) : is_in_route(finding, row_));
  }

  // The same question about a row of `routes`.
  [[nodiscard]] bool has_route(const json& route) const {
    return in_service(route) && (row_.is_null() ? matches(route) : same_route(route, row_));
  }

  [[nodiscard]] Options as_in_routes() const {
    Options options = options_;
    options.window = "all";
    options.sort = "time";
    return options;
  }

 private:
  [[nodiscard]] bool in_service(const json& row) const {
    return options_.service.empty() || field::raw_text(row, {"service"}) == options_.service;
  }
  [[nodiscard]] bool matches(const json& row) const {
    const auto [method, part] = split_pattern(options_.pattern);
    return field::raw_text(row, {"route"}).find(part) != std::string::npos &&
           (method.empty() || field::raw_text(row, {"method"}) == method);
  }

  const Options& options_;
  json row_;  // of a number
};

ExitCode say(const Call& call, const std::string& complaint, const std::vector<std::string>& titles) {
  call.err << "mercuryctl: " << complaint << "\n" << render_matches(titles, call.style);
  return ExitCode::Usage;
}

// How much was looked at where nothing was found.
Result<RouteChoice> count_judged(const Call& call, DaemonClient& daemon, const Routes& routes, FindingsList& list) {
  const auto rows = routes_in_order(daemon, routes.as_in_routes(), call.deadline());
  if (!rows) return rows.error();
  std::vector<const json*> seen;
  for (const json& row : *rows) {
    if (field::raw_text(row, {"kind"}) == "outside" || !routes.has_route(row)) continue;
    list.units_judged += field::number_or(row, {"count"}, 0);
    if (std::ranges::none_of(seen, [&row](const json* other) { return same_route(*other, row); })) seen.push_back(&row);
  }
  list.routes_judged = seen.size();
  if (seen.empty() && !call.options.pattern.empty())
    return no_such_route(daemon, routes.as_in_routes(), call.deadline());
  return RouteChoice{};
}

// One line for each gate that failed.
ExitCode judge(const Call& call, const std::vector<RankedFinding>& findings) {
  ExitCode exit = ExitCode::Ok;
  for (const Gate& gate : call.options.gates) {
    std::vector<std::string> ids;
    for (const RankedFinding& finding : findings) {
      if (fails(*finding.row, gate)) ids.push_back(short_id(*finding.row));
    }
    if (ids.empty()) continue;
    const std::string count = plural(static_cast<double>(ids.size()), "finding");
    const bool more = ids.size() > kIdsNamed;
    if (more) ids.resize(kIdsNamed);
    call.err << fmt::format("mercuryctl: the gate {} failed: {} ({}{})\n", gate.text, count, fmt::join(ids, ", "),
                            more ? ", …" : "");
    exit = ExitCode::GateFailed;
  }
  return exit;
}

void print_rows(const Call& call, const FindingsList& list) {
  json rows = json::array();
  for (const RankedFinding& finding : list.findings) {
    if (rows.size() == list.limit) break;
    rows.push_back(*finding.row);
  }
  print_json(call.out, rows);
}

}  // namespace

Result<ExitCode> run_findings(const Call& call, DaemonClient& daemon) {
  const Options& options = call.options;
  Routes routes(options);
  const auto resolved = routes.resolve(daemon, call.deadline());
  if (!resolved) return resolved.error();
  if (!resolved->complaint.empty()) return say(call, resolved->complaint, resolved->titles);
  const auto rows = daemon.rows("findings", {{"all", "true"}, {"user", options.user}}, call.deadline());
  if (!rows) return rows.error();
  FindingsList list;
  list.findings = rank_findings(*rows);
  list.kind = options.kind;
  list.limit = limit_or(options, options.format == Format::Json ? 0 : kFindingsShown);
  std::erase_if(list.findings, [&](const RankedFinding& finding) {
    const bool of_kind = options.kind.empty() || field::raw_text(*finding.row, {"kind"}) == options.kind;
    return !of_kind || !routes.has(*finding.row);
  });
  const std::vector<RankedFinding> judged = list.findings;
  bool unjudged = false;
  if (options.show == Show::Open) list.left_out = leave_out_closed(list.findings);
  if (list.findings.empty()) {
    const auto known = count_judged(call, daemon, routes, list);
    if (!known) return known.error();
    if (!known->complaint.empty() && judged.empty()) return say(call, known->complaint, known->titles);
    if (!options.gates.empty() && list.units_judged == 0) {
      call.err << "mercuryctl: nothing was measured, so the gate has judged nothing and fails\n";
      unjudged = true;
    }
  }
  if (options.format == Format::Json) {
    print_rows(call, list);
  } else {
    call.out << render_findings(list, call.world.here, call.style);
  }
  return unjudged ? ExitCode::GateFailed : judge(call, judged);
}

Result<ExitCode> run_explain(const Call& call, DaemonClient& daemon) {
  json rows;
  const auto choice = choose_finding(daemon, call.options, call.deadline(), rows);
  if (!choice) return choice.error();
  if (!choice->complaint.empty()) return say(call, choice->complaint, choice->candidates);
  if (call.options.format == Format::Json) {
    print_json(call.out, rows);
  } else {
    call.out << render_explain(rows, call.world.here, call.style);
  }
  return ExitCode::Ok;
}

Result<json> findings_of_route(const Call& call, DaemonClient& daemon, const json& route) {
  const auto rows = daemon.rows(
      "findings", {{"route", field::raw_text(route, {"route"})}, {"all", "true"}, {"user", call.options.user}},
      call.deadline());
  // An older daemon has none; the rest of the page is as good as ever.
  if (!rows && rows.error().code == "command_unknown") return json();
  if (!rows) return rows.error();
  json own = json::array();
  for (const json& row : *rows) {
    if (is_in_route(row, route)) own.push_back(row);
  }
  return own;
}

}  // namespace mercury::cli
