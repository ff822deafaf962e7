// mercuryctl as a whole: arguments in, pages, complaints and exit codes out, against a fake daemon.
#include "cli/run.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cli/text.h"
#include "daemon/cli/ctl.h"
#include "daemon/cli/fake_daemon.h"
#include "daemon/cli/rows.h"
#include "platform/environment.h"
#include "platform/peer.h"
#include "platform/place.h"

namespace mercury::cli {
namespace {

using nlohmann::json;
using platform::testing::TemporaryDirectory;
using testing::answering;
using testing::ctl;
using testing::Ended;
using testing::FakeDaemon;
using testing::FakePeer;
using testing::Setting;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::string kHostile = "shop/\x1b]0;evil\x07/caf\xc3\xa9/";

// A daemon with three routes, of which one has two status classes.
json answer(const std::string& command, const json& arguments) {
  using testing::detail_row;
  using testing::route_row;
  const json statements = json::array({testing::statement_row("0a", "SELECT shop_order", 10, 1)});
  const json routes{route_row("GET", "shop/orders/", 10, 5), route_row("GET", "shop/orders/", 2, 5, "5xx"),
                    route_row("POST", "shop/orders/", 100, 50), route_row("GET", kHostile, 1, 1)};
  if (command == "status") return testing::status_row();
  if (command == "routes") return routes;
  if (command == "statements") return statements;
  if (command == "reset") return {{"routes", 3}, {"statements", 1}, {"units", 0}};
  if (command == "shutdown") return {{"stopping", true}};
  if (command == "route") {
    json found = json::array();
    for (const json& row : routes) {
      const std::string part = arguments.value("route", "");
      const bool method = arguments.value("method", row["method"]) == row["method"];
      if (method && has(row["route"], part)) found.push_back(detail_row(row, statements));
    }
    return found;
  }
  return {{"error", {{"code", "command_unknown"}, {"sentence", "command '" + command + "' is not known"}}}};
}

class WithADaemon : public ::testing::Test {
 protected:
  Ended run_with(std::vector<std::string> words, Setting setting = {}) {
    setting.variables["MERCURY_ADDRESS"] = daemon_.address().text();
    return ctl(std::move(words), setting);
  }
  FakeDaemon daemon_{answering(answer)};
};

TEST_F(WithADaemon, PrintsAPageOfEachKind) {
  for (const auto& [words, part] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"status"}, "2,000 created = 2,000 acknowledged + 0 dropped + 0 buffered ✓"},
           {{"status"}, "since 2026-11-22 17:18:51 UTC"},
           {{"routes"}, "shop/orders/"},
           {{"statements"}, "SELECT shop_order"},
           {{"top"}, "mercuryd 0.1.0  up 2 h 13 min"},
           {{"version"}, "mercuryd/0.1.0, speaks protocol 1"},
           {{"doctor"}, "mercuryd/0.1.0 speaks protocol 1"},
           {{"reset", "--yes"}, "Forgotten: 3 routes, 1 statement, 0 units."},
           {{"stop"}, "(pid 4711)"}}) {
    const Ended ended = run_with(words);
    EXPECT_EQ(ended.exit, 0) << words[0] << ended.err;
    EXPECT_TRUE(has(ended.out, part)) << ended.out;
    EXPECT_EQ(ended.err, "");
  }
}

TEST_F(WithADaemon, PrintsOneLineOfAsciiJsonForEachCommand) {
  for (const std::string command :
       {"status", "routes", "route", "statements", "top", "version", "doctor", "reset", "stop"}) {
    std::vector<std::string> words{command, "--json"};
    if (command == "route") words.push_back("caf");
    if (command == "reset") words.push_back("--yes");
    const Ended ended = run_with(words);
    EXPECT_EQ(ended.exit, 0) << command << ended.err;
    EXPECT_TRUE(json::accept(ended.out)) << ended.out;
    EXPECT_EQ(ended.out.find('\n'), ended.out.size() - 1);
    for (const char c : ended.out) EXPECT_TRUE((c >= ' ' && c <= '~') || c == '\n') << command << static_cast<int>(c);
  }
  EXPECT_EQ(json::parse(run_with({"status", "--json"}).out), testing::status_row());
  EXPECT_EQ(json::parse(run_with({"routes", "--json"}).out)[3]["route"], kHostile)
      << "JSON is exact, not escaped twice";
}

TEST_F(WithADaemon, JsonListsAreSortedFilteredAndCutLikeThePage) {
  const json rows = json::parse(run_with({"routes", "--json", "--limit", "1"}).out);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0]["method"], "POST");
  EXPECT_EQ(json::parse(run_with({"routes", "--json", "--sort", "errors"}).out)[0]["status_class"], "5xx");
  EXPECT_EQ(json::parse(run_with({"routes", "--json", "--limit", "0"}).out).size(), 4U);
  EXPECT_EQ(json::parse(run_with({"routes", "--json", "--service", "other"}).out).size(), 0U);
}

TEST_F(WithADaemon, NothingFromTheDaemonReachesTheTerminalUnescaped) {
  for (const char* command : {"routes", "top"}) {
    const Ended ended = run_with({command});
    EXPECT_EQ(ended.out.find('\x1b'), std::string::npos);
    EXPECT_EQ(ended.out.find('\x07'), std::string::npos);
    EXPECT_TRUE(has(ended.out, "\\x1b]0;evil\\x07")) << ended.out;
  }
  const Ended route = run_with({"route", kHostile});
  EXPECT_EQ(route.exit, 0) << route.err;
  EXPECT_EQ(route.out.find('\x1b'), std::string::npos);
}

TEST_F(WithADaemon, ARouteIsFoundByItsNumberInTheSameOrder) {
  EXPECT_EQ(run_with({"route", "1"}).out.find("POST shop/orders/\n"), 0U);
  EXPECT_EQ(run_with({"route", "2"}).out.find("GET shop/orders/\n"), 0U);
  EXPECT_EQ(run_with({"route", "1", "--sort", "errors"}).out.find("GET shop/orders/\n"), 0U);
  for (const char* number : {"0", "5", "99999999999999999999"}) {
    const Ended none = run_with({"route", number});
    EXPECT_EQ(none.exit, 2);
    EXPECT_TRUE(has(none.err, "`mercuryctl routes` has 4 rows")) << none.err;
  }
}

TEST_F(WithADaemon, ARouteShowsAllItsStatusClasses) {
  const json rows = json::parse(run_with({"route", "GET orders", "--json"}).out);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0]["status_class"], "2xx");
  EXPECT_EQ(rows[1]["status_class"], "5xx");
  EXPECT_TRUE(rows[0].contains("windows"));
}

TEST_F(WithADaemon, AnAmbiguousPartListsWhatItMatches) {
  const Ended ended = run_with({"route", "orders"});
  EXPECT_EQ(ended.exit, 2);
  EXPECT_EQ(ended.out, "");
  EXPECT_TRUE(has(ended.err, "in the names of 2 routes")) << ended.err;
  EXPECT_TRUE(has(ended.err, "\n  GET shop/orders/\n  POST shop/orders/\n")) << ended.err;
}

TEST_F(WithADaemon, APartThatNothingHasNamesTheNearest) {
  const Ended ended = run_with({"route", "shop/ordres/"});
  EXPECT_EQ(ended.exit, 2);
  EXPECT_TRUE(has(ended.err, "no route has 'shop/ordres/' in its name; the nearest:\n  GET shop/orders/\n"))
      << ended.err;
}

TEST_F(WithADaemon, ACommandThatTheDaemonDoesNotKnowIsAMismatch) {
  const Ended ended = run_with({"units"});
  EXPECT_EQ(ended.exit, 76);
  EXPECT_TRUE(has(ended.err, "command 'units' is not known")) << ended.err;
}

TEST_F(WithADaemon, ResetAsksAtATerminalAndNowhereElse) {
  Setting terminal;
  terminal.in = Attached::Terminal;
  for (const char* no : {"", "n\n", "\n", "yes please\n"}) {
    terminal.input = no;
    const Ended kept = run_with({"reset"}, terminal);
    EXPECT_EQ(kept.exit, 1);
    EXPECT_TRUE(has(kept.err, "[y/N]"));
    EXPECT_TRUE(has(kept.err, "Nothing was forgotten"));
    EXPECT_EQ(kept.out, "");
  }
  terminal.input = "y\n";
  EXPECT_TRUE(has(run_with({"reset"}, terminal).out, "Forgotten"));
  const Ended unasked = run_with({"reset"});
  EXPECT_EQ(unasked.exit, 2);
  EXPECT_TRUE(has(unasked.err, "--yes"));
}

TEST_F(WithADaemon, ColoursAreForTerminalsThatWantThem) {
  Setting terminal;
  terminal.out = Attached::Terminal;
  EXPECT_TRUE(has(run_with({"status"}, terminal).out, "\x1b["));
  EXPECT_FALSE(has(run_with({"status"}).out, "\x1b["));
  EXPECT_FALSE(has(run_with({"status", "--no-color"}, terminal).out, "\x1b["));
  for (const char* name : {"NO_COLOR", "MERCURY_NO_COLOR"}) {
    Setting off = terminal;
    off.variables[name] = "1";
    EXPECT_FALSE(has(run_with({"status"}, off).out, "\x1b[")) << name;
    off.variables[name] = "";
    EXPECT_TRUE(has(run_with({"status"}, off).out, "\x1b[")) << name << " empty means off";
  }
}

TEST_F(WithADaemon, PagesFitTheColumnsOfTheWorld) {
  for (const char* columns : {"50", "60", "80", "200"}) {
    Setting setting;
    setting.variables["COLUMNS"] = columns;
    std::istringstream lines(run_with({"routes"}, setting).out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), std::stoul(columns)) << line;
  }
  Setting terminal;
  terminal.out = Attached::Terminal;
  terminal.variables["COLUMNS"] = "60";
  EXPECT_TRUE(has(run_with({"routes", "--no-color"}, terminal).out, "queries  queries"))
      << "the terminal knows better than COLUMNS";
}

TEST_F(WithADaemon, DoctorSaysEachCheckWithItsState) {
  const json checks = json::parse(run_with({"doctor", "--json"}).out);
  std::vector<std::string> names;
  for (const json& check : checks) names.push_back(check["check"]);
  EXPECT_EQ(names, (std::vector<std::string>{"address", "handshake", "owner", "mode", "version", "loss", "snapshot",
                                             "limits", "errors", "state"}));
  for (const json& check : checks) EXPECT_EQ(check["state"] == "warn", !check["remedy"].is_null()) << check;
}

// ---- no daemon, or none that helps --------------------------------------------------------------------------

TEST(WithoutADaemon, EachAddressIsNamedWithItsReasonAndNothingIsStarted) {
  const TemporaryDirectory directory;
  Setting setting;
  setting.variables["XDG_RUNTIME_DIR"] = directory.path();  // where a user's own one is looked for, where it is a file
  platform::Environment environment = platform::testing::environment_of(setting.variables);
  environment.user = platform::user_id();
  for (const char* command : {"status", "routes", "top", "stop", "units"}) {
    const Ended ended = ctl({command}, setting);
    EXPECT_EQ(ended.exit, 3);
    EXPECT_EQ(ended.out, "");
    EXPECT_EQ(ended.err.find("mercuryctl: no daemon is running\n"), 0U) << ended.err;
    EXPECT_TRUE(has(ended.err, "tried " + platform::private_address(environment).text() + " (your own): "))
        << ended.err;
    EXPECT_TRUE(has(ended.err, "tried " + platform::system_address().text() + " (the system's): ")) << ended.err;
    EXPECT_TRUE(has(ended.err, "Start a daemon with `mercuryd`")) << ended.err;
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path())) << "looking must leave nothing behind";
}

TEST(WithoutADaemon, VersionStillSaysItsOwnAndDoctorWhatToDo) {
  const TemporaryDirectory directory;
  Setting setting;
  setting.variables["MERCURY_ADDRESS"] = directory.address().text();
  const Ended version = ctl({"version"}, setting);
  EXPECT_EQ(version.exit, 0);
  EXPECT_EQ(version.out, "mercuryctl 0.1.0, speaks protocol 1\nno daemon is running\n");
  EXPECT_EQ(json::parse(ctl({"version", "--json"}, setting).out)["daemon"], nullptr);
  const Ended doctor = ctl({"doctor"}, setting);
  EXPECT_EQ(doctor.exit, 3);
  EXPECT_TRUE(has(doctor.out, " at " + directory.address().path)) << doctor.out;
  EXPECT_TRUE(has(doctor.out, "→ start `mercuryd`")) << doctor.out;
}

TEST(WithoutADaemon, ABadAddressIsUsageOrConfigurationByWhereItStands) {
  EXPECT_EQ(ctl({"status", "--address", "tcp://x"}).exit, 2);
  Setting setting;
  setting.variables["MERCURY_ADDRESS"] = "tcp://x";
  const Ended ended = ctl({"status"}, setting);
  EXPECT_EQ(ended.exit, 78);
  EXPECT_TRUE(has(ended.err, "MERCURY_ADDRESS")) << ended.err;
}

TEST(ABadDaemon, EndsWithTheExitCodeOfItsFault) {
  struct Case {
    FakeDaemon::Script script;
    int exit;
    std::string said;
  };
  const json skew{{"code", "version_unsupported"}, {"sentence", "no"}, {"required", {{"min", 2}, {"max", 3}}}};
  const json stopping{{"code", "stopping"}, {"sentence", "the daemon is stopping"}};
  const auto refusing = [](json reject) {
    return [reject](FakePeer& peer) {
      peer.read();
      peer.write_json(wire::FrameType::Reject, reject);
    };
  };
  const auto replying = [](const char* code) {
    return answering([code](const std::string&, const json&) {
      return json{{"error", {{"code", code}, {"sentence", "because"}}}};
    });
  };
  const std::vector<Case> cases{
      {refusing(skew), 76, "mercuryctl 0.1.0 speaks protocol 1, the daemon at "},
      {refusing(stopping), 69, "the daemon is stopping"},
      {replying("permission_denied"), 77, "because"},
      {replying("arguments_invalid"), 2, "because"},
      {replying("internal"), 70, "because"},
      {[](FakePeer& peer) {
         peer.write("SSH-2.0-OpenSSH_9.2p1\r\n");
         peer.hang();
       },
       76, "does not speak"},
      {[](FakePeer& peer) { peer.greet(); }, 69, "closed the connection"},
      {[](FakePeer& peer) { peer.hang(); }, 4, "--timeout"},
      {[](FakePeer& peer) {
         peer.greet();
         peer.hang();
       },
       4, "--timeout"},
  };
  for (const Case& one : cases) {
    FakeDaemon daemon(one.script);
    const Ended ended =
        ctl({"status", "--timeout", one.exit == 4 ? "0.1" : "20", "--address", daemon.address().text()});
    EXPECT_EQ(ended.exit, one.exit) << ended.err;
    EXPECT_EQ(ended.out, "");
    EXPECT_TRUE(has(ended.err, one.said)) << ended.err;
  }
}

TEST(ABadDaemon, MakesVersionAndDoctorEndWithItsFaultToo) {
  wire::Welcome later;
  later.protocol = 2;
  later.daemon = "mercuryd/9.0.0";
  FakeDaemon daemon([later](FakePeer& peer) {
    peer.read();
    peer.write(wire::encode_welcome(later));
  });
  for (const char* command : {"version", "doctor"}) {
    const Ended ended = ctl({command, "--address", daemon.address().text()});
    EXPECT_EQ(ended.exit, 76);
    EXPECT_TRUE(has(ended.out, "mercuryd/9.0.0")) << ended.out;
  }
}

}  // namespace
}  // namespace mercury::cli
