// `doctor`: the same steps as any other command, each of them said aloud.
#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/field.h"
#include "cli/pages.h"
#include "cli/text.h"
#include "platform/address_access.h"
#include "platform/peer.h"

namespace mercury::cli {
namespace {

using nlohmann::json;
using Origin = platform::Candidate::Origin;

Check ok(const char* name, std::string finding) { return {Check::State::Ok, name, std::move(finding), ""}; }
Check warn(const char* name, std::string finding, std::string remedy) {
  return {Check::State::Warn, name, std::move(finding), std::move(remedy)};
}

struct Report {
  std::vector<Check> checks;
  ExitCode exit = ExitCode::Ok;
};

// Who may take the daemon's place.
Check access_check(const platform::Candidate& candidate) {
  const auto access = platform::access_of(candidate.address, candidate.origin == Origin::Private);
  return access.remedy.empty() ? ok("mode", access.finding) : warn("mode", access.finding, access.remedy);
}

Check owner_check(const DaemonClient& daemon) {
  const auto peer = daemon.peer();
  if (!peer) return warn("owner", peer.error().sentence, "stop that daemon and start another");
  const char* you = peer->user == platform::user_id() ? " (you)" : "";
  return ok("owner", fmt::format("the daemon runs as {}{}, pid {}", platform::user_name(peer->user), you, peer->pid));
}

void examine(const Call& call, const platform::Candidate& candidate, DaemonClient& daemon, Report& report) {
  report.checks.push_back(owner_check(daemon));
  report.checks.push_back(access_check(candidate));
  const auto status = daemon.result("status", {}, call.deadline());
  if (!status) {
    report.checks.push_back(warn("status", status.error().sentence, "`mercuryctl status` says more"));
    report.exit = exit_code_of(status.error());
    return;
  }
  for (Check& check : check_status(*status, call.world.version)) report.checks.push_back(std::move(check));
}

// False if nobody accepts there.
bool try_candidate(const Call& call, const platform::Candidate& candidate, Report& report) {
  auto stream = connect_to(candidate, call.deadline());
  const std::string address = candidate.address.text();
  if (!stream) {
    const bool usual = stream.error().code == "not_running" && candidate.origin != Origin::Named;
    report.checks.push_back(usual ? ok("address", fmt::format("{}: {}", address, stream.error().sentence))
                                  : warn("address", fmt::format("{}: {}", address, stream.error().sentence),
                                         "start a daemon there, or correct the address"));
    return stream.error().code == "timed_out";
  }
  report.checks.push_back(ok("address", fmt::format("{}: somebody listens", address)));
  const auto began = platform::Deadline::clock::now();
  auto daemon = DaemonClient::open(std::move(*stream), address, call.world.version, call.deadline());
  if (!daemon) {
    report.checks.push_back(warn("handshake", daemon.error().sentence,
                                 "stop what listens there and start the mercuryd of this installation"));
    report.exit = exit_code_of(daemon.error());
    return true;
  }
  const std::chrono::duration<double, std::milli> took = platform::Deadline::clock::now() - began;
  report.checks.push_back(
      ok("handshake", fmt::format("{} speaks protocol {}, answered in {} ms", daemon->welcome().daemon,
                                  daemon->welcome().protocol, ms_text(took.count()))));
  examine(call, candidate, *daemon, report);
  daemon->leave();
  return true;
}

}  // namespace

ExitCode run_doctor(const Call& call) {
  Report report;
  bool somebody = false;
  for (const platform::Candidate& candidate : call.candidates)
    somebody = try_candidate(call, candidate, report) || somebody;
  if (!somebody) {
    report.checks.push_back(
        warn("daemon", "no daemon is running", "start `mercuryd`, or a Django site with django_mercury"));
    report.exit = ExitCode::NotRunning;
  }
  if (call.options.format == Format::Json) {
    print_json(call.out, doctor_json(report.checks));
  } else {
    call.out << render_doctor(report.checks, call.style);
  }
  return report.exit;
}

}  // namespace mercury::cli
