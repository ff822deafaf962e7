#include "cli/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <vector>

#include "cli/text.h"
#include "platform/peer.h"

namespace mercury::cli {
namespace {

constexpr double kTimeoutMaxSeconds = 3600;
constexpr std::int64_t kLimitMax = 1'000'000'000;

constexpr const char* kAbout =
    "Ask mercuryd what it has measured. It never starts a daemon.\n"
    "Exit codes: 0 ok, 1 a gate failed, 2 usage, 3 daemon not running, 4 time-out, 69 unavailable,\n"
    "70 internal, 76 protocol mismatch, 77 permission, 78 configuration.";

// Which of the optional options a command has; `sorts` and `window` are its default first, empty: no such option.
struct Shape {
  Command command;
  const char* name;
  const char* about;
  std::vector<std::string> sorts;
  std::string window;
  bool takes_user = false;
  bool takes_service = false;
  bool takes_limit = false;
};

std::vector<Shape> shapes() {
  const std::vector<std::string> routes{"time", "p95", "count", "queries", "errors", "db"};
  return {
      {Command::Status, "status", "The daemon, its clients, and what was lost", {}, "", true, false, false},
      {Command::Top, "top", "The busiest routes, refreshed each second", routes, "1m", true, true, true},
      {Command::Routes, "routes", "Every route, numbered", routes, "all", true, true, true},
      {Command::Route, "route", "One route: its windows and its statements", routes, "all", true, true, true},
      {Command::Findings, "findings", "What is slow, why, and what to write", {}, "", true, true, true},
      {Command::Explain, "explain", "One finding, for who has never heard of it", {}, "", true, false, false},
      {Command::Statements,
       "statements",
       "SQL statements without their literals",
       {"time", "calls", "p95", "rows", "repeat"},
       "",
       true,
       false,
       true},
      {Command::Units,
       "units",
       "The slowest units and the open ones, with their statements over time",
       {"duration", "queries", "db", "age"},
       "",
       true,
       false,
       true},
      {Command::Reset, "reset", "Forget what was measured", {}, "", true, false, false},
      {Command::Stop, "stop", "Stop the daemon", {}, "", false, false, false},
      {Command::Version, "version", "Versions of mercuryctl and of the daemon", {}, "", false, false, false},
      {Command::Doctor,
       "doctor",
       "Check the addresses, the handshake and the daemon's health",
       {},
       "",
       false,
       false,
       false},
  };
}

const std::vector<std::string> kKinds{"n_plus_one", "query_in_loop",    "repeated_query", "write_loop",
                                      "slow_query", "too_many_queries", "slow_response"};

// "n_plus_one", "any:warn".
std::optional<Gate> gate_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  Gate gate{text.substr(0, colon), FindingLevel::Fail, text};
  if (gate.kind != "any" && std::ranges::find(kKinds, gate.kind) == kKinds.end()) return std::nullopt;
  if (colon == std::string::npos) return gate;
  const std::string level = text.substr(colon + 1);
  if (level != "notice" && level != "warn" && level != "fail") return std::nullopt;
  if (level == "notice") gate.level = FindingLevel::Notice;
  if (level == "warn") gate.level = FindingLevel::Warn;
  return gate;
}

std::string check_gate(const std::string& text) {
  if (gate_of(text)) return {};
  return fmt::format("'{}' is no KIND[:LEVEL]: the kinds are any, {}; the levels notice, warn, fail", printable(text),
                     fmt::join(kKinds, ", "));
}

// What CLI11 writes into; one for all commands, since only one is given.
struct Given {
  Options options;
  double timeout_s = 5;
  std::int64_t limit = 0;
  bool json = false;
  bool no_color = false;
  bool yes = false;
  bool all = false;
  std::vector<std::string> gates;
};

void add_common(CLI::App& app, Given& given) {
  app.add_flag("--json", given.json, "Print JSON in ASCII");
  app.add_option("--address", given.options.address, "unix:///path of the daemon's socket")->type_name("ADDRESS");
  app.add_option("--timeout", given.timeout_s, "Give up after this many seconds (5)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, kTimeoutMaxSeconds).description(""));
  app.add_flag("--no-color", given.no_color, "No colours, as NO_COLOR and MERCURY_NO_COLOR say too");
}

void add_own(CLI::App& sub, const Shape& shape, Given& given) {
  if (shape.takes_user)
    sub.add_option("--user", given.options.user, "Only this user's data: a name, an id, or all")->type_name("USER");
  if (shape.takes_service) sub.add_option("--service", given.options.service, "Only this service")->type_name("NAME");
  if (!shape.window.empty()) {
    sub.add_option("--window", given.options.window, fmt::format("1m, 5m, 15m or all ({})", shape.window))
        ->type_name("WINDOW")
        ->check(CLI::IsMember({"1m", "5m", "15m", "all"}).description(""));
  }
  if (!shape.sorts.empty()) {
    sub.add_option("--sort", given.options.sort, fmt::format("{} ({})", fmt::join(shape.sorts, ", "), shape.sorts[0]))
        ->type_name("ORDER")
        ->check(CLI::IsMember(shape.sorts).description(""));
  }
  if (shape.takes_limit) {
    sub.add_option("--limit", given.limit, "At most N rows, 0 for all")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{0}, kLimitMax).description(""));
  }
  if (shape.command == Command::Reset) sub.add_flag("--yes,-y", given.yes, "Do not ask");
  if (shape.command == Command::Route) {
    sub.add_option("route", given.options.pattern,
                   "Its number in `routes`, or a part of its name; GET or POST may stand before it")
        ->type_name("PATTERN_OR_ROW")
        ->required();
  }
}

void add_own_of_findings(CLI::App& sub, const Shape& shape, Given& given) {
  if (shape.command == Command::Explain) {
    sub.add_option("finding", given.options.pattern,
                   "The beginning of its id, at least 4 digits, or its number in `findings`")
        ->type_name("ID_OR_NUMBER")
        ->required();
  }
  if (shape.command != Command::Findings) return;
  sub.add_option("route", given.options.pattern,
                 "Only of this route: its number in `routes`, or a part of its name; GET or POST may stand before it")
      ->type_name("PATTERN_OR_ROW");
  sub.add_flag("--all", given.all, "Also what is gone, constant or ignored");
  sub.add_option("--kind", given.options.kind, fmt::format("Only {}", fmt::join(kKinds, ", ")))
      ->type_name("KIND")
      ->check(CLI::IsMember(kKinds).description(""));
  sub.add_option("--fail-on", given.gates,
                 "End with 1 if a finding of KIND (or any) is open at LEVEL (notice, warn, fail) or worse (fail)")
      ->type_name("KIND[:LEVEL]")
      ->allow_extra_args(false)
      ->check(check_gate, "");
}

Options finished(const Given& given, const Shape& shape, const CLI::App& sub) {
  Options options = given.options;
  // The daemon knows users by their ids; "all" is its word.
  if (!options.user.empty() && options.user != "all") options.user = platform::user_of_name(options.user);
  options.command = shape.command;
  options.format = given.json ? Format::Json : Format::Text;
  options.colored = given.no_color ? Colored::Never : Colored::IfTerminal;
  options.confirm = given.yes ? Confirm::Given : Confirm::Ask;
  options.show = given.all ? Show::All : Show::Open;
  for (const std::string& text : given.gates) options.gates.push_back(gate_of(text).value_or(Gate{}));
  options.timeout = std::chrono::milliseconds(std::llround(given.timeout_s * 1000));
  if (options.window.empty()) options.window = shape.window;
  if (options.sort.empty() && !shape.sorts.empty()) options.sort = shape.sorts.front();
  if (shape.takes_limit && sub.count("--limit") > 0) options.limit = static_cast<std::size_t>(given.limit);
  return options;
}

}  // namespace

ParsedOptions parse_options(int argc, const char* const* argv, const std::string& version) {
  Given given;
  CLI::App app(kAbout, "mercuryctl");
  app.set_version_flag("--version", "mercuryctl " + version);
  app.require_subcommand(0, 1);  // none is said below, in words of ours
  app.fallthrough();             // --json may stand before and after the command
  add_common(app, given);
  const std::vector<Shape> all = shapes();
  std::map<const CLI::App*, const Shape*> shape_of;
  for (const Shape& shape : all) {
    CLI::App* sub = app.add_subcommand(shape.name, shape.about);
    add_own(*sub, shape, given);
    add_own_of_findings(*sub, shape, given);
    sub->footer("And --json, --address, --timeout, --no-color: see mercuryctl --help");
    shape_of[sub] = &shape;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const bool asked_for = app.exit(error, out, err) == 0;  // help and --version are errors to the library, too
    return {std::nullopt, asked_for ? out.str() : "mercuryctl: " + err.str(),
            asked_for ? ExitCode::Ok : ExitCode::Usage};
  }
  if (app.get_subcommands().empty()) {
    std::string names;
    for (const Shape& shape : all) names += (names.empty() ? "" : ", ") + std::string(shape.name);
    return {std::nullopt,
            fmt::format("mercuryctl: a command is required: {}\nRun with --help for more information.\n", names),
            ExitCode::Usage};
  }
  const CLI::App* sub = app.get_subcommands().front();
  return {finished(given, *shape_of.at(sub), *sub), "", ExitCode::Ok};
}

}  // namespace mercury::cli
