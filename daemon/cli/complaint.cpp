// What mercuryctl says when there is no answer: each address that was tried, why it failed, and what to do.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ostream>

#include "cli/commands.h"
#include "cli/text.h"

namespace mercury::cli {
namespace {

constexpr std::chrono::milliseconds kProbe{200};

std::string origin_text(platform::Candidate::Origin origin, const Options& options) {
  using Origin = platform::Candidate::Origin;
  if (origin == Origin::Private) return "your own";
  if (origin == Origin::System) return "the system's";
  return options.address.empty() ? "MERCURY_ADDRESS" : "--address";
}

std::string remedy(const std::vector<Attempt>& attempts) {
  const auto failed_with = [&attempts](const char* code) {
    return std::ranges::any_of(attempts, [code](const Attempt& attempt) { return attempt.error.code == code; });
  };
  std::string out;
  if (failed_with("permission_denied")) {
    out += "An address that is closed to you may have a daemon: ask its owner, or root, for access.\n";
  }
  if (failed_with("foreign_owner"))
    out += "Another user is at an address of yours: if you trust that user, name it with --address.\n";
  if (failed_with("not_a_socket"))
    out += "Something that is no socket is in the way: remove it, or name another address.\n";
  return out +
         "Start a daemon with `mercuryd`, or a Django site with django_mercury, which starts its own in development.\n";
}

// A named address failed; is somebody at the usual ones?
std::string alive_elsewhere(const Call& call, const std::vector<Attempt>& attempts) {
  if (attempts.empty() || attempts.front().candidate.origin != platform::Candidate::Origin::Named) return {};
  platform::Environment unnamed = call.world.environment;
  unnamed.variable = [&call](const std::string& name) {
    return name == "MERCURY_ADDRESS" ? std::nullopt : call.world.environment.variable(name);
  };
  const auto usual = platform::candidates(unnamed);
  if (!usual) return {};
  std::string out;
  for (const platform::Candidate& candidate : *usual) {
    if (candidate.address == attempts.front().candidate.address) continue;
    if (connect_to(candidate, platform::Deadline::clock::now() + kProbe)) {
      out += fmt::format("A daemon does answer at {} ({}).\n", candidate.address.text(),
                         origin_text(candidate.origin, call.options));
    }
  }
  return out;
}

}  // namespace

ExitCode complain(const Call& call, const base::Error& error, const std::vector<Attempt>& attempts) {
  call.err << "mercuryctl: " << printable(error.sentence) << "\n";
  if (error.code == "not_running") {
    for (const Attempt& attempt : attempts) {
      call.err << fmt::format("  tried {} ({}): {}\n", attempt.candidate.address.text(),
                              origin_text(attempt.candidate.origin, call.options), printable(attempt.error.sentence));
    }
    call.err << alive_elsewhere(call, attempts) << remedy(attempts);
  }
  if (error.code == "timed_out") {
    call.err << fmt::format(
        "Waited {} s (--timeout). A daemon that hangs is ended by its user: see its pid in the file "
        "<address>.lock.\n",
        static_cast<double>(call.options.timeout.count()) / 1000);
  }
  if (error.code == "command_unknown")
    call.err << "The daemon is older than mercuryctl; `mercuryctl version` shows both.\n";
  return exit_code_of(error);
}

}  // namespace mercury::cli
