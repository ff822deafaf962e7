#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/field.h"
#include "cli/pages.h"
#include "cli/text.h"
#include "proto/limits.h"

namespace mercury::cli {
namespace {

using nlohmann::json;

Check ok(std::string name, std::string finding) { return {Check::State::Ok, std::move(name), std::move(finding), ""}; }
Check warn(std::string name, std::string finding, std::string remedy) {
  return {Check::State::Warn, std::move(name), std::move(finding), std::move(remedy)};
}

Check version_check(const json& status, const std::string& own) {
  const std::string daemon = field::text(status, {"version"});
  if (daemon == own) return ok("version", fmt::format("mercuryd and mercuryctl are {}", own));
  return warn("version", fmt::format("mercuryd is {}, mercuryctl {}", daemon, own),
              "they understand each other; to have one version of both, run `mercuryctl stop` and start the daemon of "
              "this installation");
}

Check loss_check(const json& status) {
  const json& units = field::at(status, {"units"});
  const double dropped = field::sum(field::at(units, {"dropped"}));
  const double created = field::number_or(units, {"created"}, 0);
  const double accounted =
      field::number_or(units, {"acknowledged"}, 0) + dropped + field::number_or(units, {"buffered"}, 0);
  if (created != accounted) {
    return warn(
        "loss",
        fmt::format("{} units were created, {} are accounted for", number_text(created), number_text(accounted)),
        "this is a defect; please report it with the output of `mercuryctl status --json`");
  }
  const double lost = field::number_or(units, {"lost_in_restart"}, 0);
  if (dropped + lost > 0) {
    return warn("loss",
                fmt::format("of {} units {} were dropped and {} lost in restarts", number_text(created),
                            number_text(dropped), number_text(lost)),
                "`mercuryctl status` names the reasons; the percentiles leave these units out");
  }
  return ok("loss", fmt::format("all {} units are accounted for, none dropped", number_text(created)));
}

Check snapshot_check(const json& status) {
  if (const auto age = field::number(status, {"restored"})) {
    return ok("snapshot", fmt::format("this daemon began with a snapshot {} old", seconds_text(age)));
  }
  if (field::number_or(status, {"restarts"}, 0) > 0) {
    return warn("snapshot", "this daemon was restarted and found no snapshot to begin with",
                "look into its log, and whether its state directory can be written");
  }
  return ok("snapshot", "none was read at the start, this is the first");
}

// What a crash would lose.
Check state_check(const json& status) {
  const json& path = field::at(status, {"snapshot", "path"});
  if (!path.is_string()) return ok("state", "this daemon keeps nothing on disk");
  const auto age = field::number(status, {"snapshot", "age_s"});
  const double unsaved_s = age ? *age : field::number_or(status, {"uptime_s"}, 0);
  const std::string finding = age ? fmt::format("the last snapshot was written {} ago, {}", seconds_text(age),
                                                printable(path.get<std::string>()))
                                  : fmt::format("no snapshot was written yet, {}", printable(path.get<std::string>()));
  const double interval_s = static_cast<double>(limits::snapshot_interval_ms) / 1000;
  if (field::at(status, {"snapshot", "behind"}) != json(true) || unsaved_s < 3 * interval_s)
    return ok("state", finding);
  return warn("state", finding, "look into the daemon's log: is the disk full, or the state directory not writable?");
}

Check limits_check(const json& status) {
  const double overflowed = field::number_or(status, {"series", "overflowed"}, 0);
  if (overflowed == 0) return ok("limits", "no series overflowed");
  return warn("limits", fmt::format("{} units or queries went into `(overflow)`", number_text(overflowed)),
              "routes or statements have too many names; look for ids in them, then `mercuryctl reset`");
}

Check errors_check(const json& status) {
  const double errors = field::sum(field::at(status, {"errors"}));
  const double rejects = field::sum(field::at(status, {"rejects"}));
  if (errors + rejects == 0) return ok("errors", "no client was refused");
  return warn("errors", fmt::format("{}, {}", plural(errors, "protocol error"), plural(rejects, "refused connection")),
              "`mercuryctl status` names the codes; clients of another version are the usual cause");
}

}  // namespace

std::vector<Check> check_status(const json& status, const std::string& own_version) {
  return {version_check(status, own_version),
          loss_check(status),
          snapshot_check(status),
          limits_check(status),
          errors_check(status),
          state_check(status)};
}

std::string render_doctor(const std::vector<Check>& checks, const Style& style) {
  std::size_t widest = 0;
  for (const Check& check : checks) widest = std::max(widest, display_width(check.name));
  std::string page;
  for (const Check& check : checks) {
    const bool fine = check.state == Check::State::Ok;
    page += fmt::format("{}  {}  {}\n", paint(fine ? "ok  " : "warn", fine ? Tone::Good : Tone::Warn, style),
                        pad_right(check.name, widest), printable(check.finding));
    if (!check.remedy.empty()) page += fmt::format("{}→ {}\n", std::string(8 + widest, ' '), printable(check.remedy));
  }
  return page;
}

json doctor_json(const std::vector<Check>& checks) {
  json rows = json::array();
  for (const Check& check : checks) {
    rows.push_back({{"check", check.name},
                    {"state", check.state == Check::State::Ok ? "ok" : "warn"},
                    {"finding", check.finding},
                    {"remedy", check.remedy.empty() ? json(nullptr) : json(check.remedy)}});
  }
  return rows;
}

}  // namespace mercury::cli
