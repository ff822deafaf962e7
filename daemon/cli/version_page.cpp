#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/text.h"
#include "wire/messages.h"

namespace mercury::cli {

using nlohmann::json;

ExitCode run_version(const Call& call) {
  std::vector<Attempt> attempts;
  auto daemon = find_daemon(call.candidates, call.world.version, call.deadline(), attempts);
  if (call.options.format == Format::Json) {
    json out = {{"schema_version", 1},
                {"version", call.world.version},
                {"protocol", {{"min", wire::kProtocolMin}, {"max", wire::kProtocolMax}}},
                {"daemon", nullptr}};
    if (daemon) {
      const wire::Welcome& welcome = daemon->welcome();
      out["daemon"] = {{"name", welcome.daemon},
                       {"protocol", welcome.protocol},
                       {"pid", welcome.pid},
                       {"address", daemon->address()}};
    } else {
      out["daemon_error"] = {{"code", daemon.error().code}, {"sentence", daemon.error().sentence}};
    }
    print_json(call.out, out);
  } else {
    call.out << fmt::format("mercuryctl {}, speaks protocol {}\n", call.world.version,
                            range_text(wire::kProtocolMin, wire::kProtocolMax));
    if (daemon) {
      const wire::Welcome& welcome = daemon->welcome();
      call.out << fmt::format("{}, speaks protocol {} with it; pid {}, at {}\n", printable(welcome.daemon),
                              welcome.protocol, welcome.pid, daemon->address());
    } else {
      call.out << printable(daemon.error().sentence) << "\n";
    }
  }
  if (daemon) daemon->leave();
  // That none runs is an answer; that one runs which cannot be understood is a fault.
  if (daemon || daemon.error().code == "not_running") return ExitCode::Ok;
  return exit_code_of(daemon.error());
}

}  // namespace mercury::cli
