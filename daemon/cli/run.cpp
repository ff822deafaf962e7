#include "cli/run.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <exception>
#include <istream>
#include <ostream>

#include "cli/commands.h"
#include "cli/text.h"

namespace mercury::cli {
namespace {

bool is_set(const World& world, const char* name) { return !world.environment.variable(name).value_or("").empty(); }

std::optional<std::size_t> columns_variable(const World& world) {
  const std::string text = world.environment.variable("COLUMNS").value_or("");
  std::size_t columns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
  if (error != std::errc() || end != text.data() + text.size() || columns == 0) return std::nullopt;
  return columns;
}

Style style_for(const Options& options, const World& world) {
  Style style;
  const bool terminal = world.output == Attached::Terminal;
  const bool plain = options.colored == Colored::Never || is_set(world, "NO_COLOR") ||
                     is_set(world, "MERCURY_NO_COLOR") || world.environment.variable("TERM") == "dumb";
  if (terminal && !plain) style.colors = Colors::Always;
  const auto size = terminal ? world.terminal_size() : std::nullopt;
  if (size && size->columns > 0) {
    style.columns = static_cast<std::size_t>(size->columns);
  } else {
    style.columns = columns_variable(world).value_or(kDefaultColumns);
  }
  return style;
}

ExitCode run_command(const Call& call) {
  if (call.options.command == Command::Version) return run_version(call);
  if (call.options.command == Command::Doctor) return run_doctor(call);
  std::vector<Attempt> attempts;
  auto daemon = find_daemon(call.candidates, call.world.version, call.deadline(), attempts);
  if (!daemon) return complain(call, daemon.error(), attempts);
  if (call.options.command == Command::Top) {
    const auto ended = run_top(call, std::move(*daemon));
    return ended ? *ended : complain(call, ended.error(), {});
  }
  const auto ended = ask_and_print(call, *daemon);
  daemon->leave();
  return ended ? *ended : complain(call, ended.error(), {});
}

ExitCode run_options(int argc, const char* const* argv, std::istream& in, std::ostream& out, std::ostream& err,
                     const World& world) {
  const ParsedOptions parsed = parse_options(argc, argv, world.version);
  if (!parsed.options) {
    (parsed.exit == ExitCode::Ok ? out : err) << parsed.text;
    return parsed.exit;
  }
  const auto candidates = platform::candidates(world.environment, parsed.options->address);
  if (!candidates) {
    err << "mercuryctl: " << printable(candidates.error().sentence) << "\n";
    return parsed.options->address.empty() ? ExitCode::Configuration : ExitCode::Usage;
  }
  const Call call{*parsed.options, world, *candidates, style_for(*parsed.options, world), in, out, err};
  return run_command(call);
}

}  // namespace

World this_world(std::string version) {
  World world;
  world.version = std::move(version);
  world.environment = platform::this_environment();
  using platform::StandardStream;
  if (platform::is_terminal(StandardStream::Input)) world.input = Attached::Terminal;
  if (platform::is_terminal(StandardStream::Output)) world.output = Attached::Terminal;
  world.terminal_size = platform::terminal_size;
  world.unix_time_s = [] {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  world.here = this_directory();
  return world;
}

int run(int argc, const char* const* argv, std::istream& in, std::ostream& out, std::ostream& err, const World& world) {
  try {
    const ExitCode exit = run_options(argc, argv, in, out, err, world);
    out.flush();
    return static_cast<int>(exit);
  } catch (const std::exception& error) {
    err << "mercuryctl: internal error: " << printable(error.what()) << "\n";
    return static_cast<int>(ExitCode::Internal);
  }
}

}  // namespace mercury::cli
