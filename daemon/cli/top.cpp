// `top`: a page in place, once a second. Keys: q quits, w changes the window, s the order.
//
// Whatever ends it, the terminal must be as it was: RawKeys and AlternateScreen undo in their destructors what they
// did, and SIGINT, SIGTERM from outside only set a flag, so that the stack unwinds.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string_view>

#include "cli/commands.h"
#include "cli/pages.h"
#include "cli/routes.h"
#include "cli/text.h"
#include "platform/terminal.h"

namespace mercury::cli {
namespace {

using base::Result;
using nlohmann::json;
using Clock = platform::Deadline::clock;

constexpr std::chrono::milliseconds kInterval{1000};
constexpr std::size_t kRowsUnknown = 24;  // a terminal that does not say how high it is
constexpr std::size_t kHeadLines = 6;     // of the page, around the table's rows

volatile std::sig_atomic_t asked_to_end = 0;  // a signal handler can reach nothing else

void ask_to_end(int /*signal*/) { asked_to_end = 1; }

class EndOnSignals {
 public:
  EndOnSignals() : interrupt_(std::signal(SIGINT, ask_to_end)), terminate_(std::signal(SIGTERM, ask_to_end)) {
    asked_to_end = 0;
  }
  EndOnSignals(const EndOnSignals&) = delete;
  EndOnSignals& operator=(const EndOnSignals&) = delete;
  ~EndOnSignals() {
    std::signal(SIGINT, interrupt_);
    std::signal(SIGTERM, terminate_);
  }

 private:
  using Handler = void (*)(int);
  Handler interrupt_;
  Handler terminate_;
};

class AlternateScreen {
 public:
  explicit AlternateScreen(std::ostream& out) : out_(out) { out_ << "\x1b[?1049h\x1b[?25l" << std::flush; }
  AlternateScreen(const AlternateScreen&) = delete;
  AlternateScreen& operator=(const AlternateScreen&) = delete;
  ~AlternateScreen() { out_ << "\x1b[?25h\x1b[?1049l" << std::flush; }

  // From the top left corner, each line to its end, and nothing below: no flicker.
  void draw(const std::string& page) {
    std::string screen = "\x1b[H";
    std::size_t at = 0;
    while (at < page.size()) {
      const std::size_t end = std::min(page.find('\n', at), page.size());
      screen += page.substr(at, end - at) + "\x1b[K";
      if (end + 1 < page.size()) screen += "\r\n";
      at = end + 1;
    }
    out_ << screen << "\x1b[J" << std::flush;
  }

 private:
  std::ostream& out_;
};

struct Look {
  json status;
  json routes;
  Clock::time_point at;
};

Result<Look> look(const Call& call, DaemonClient& daemon, const Options& options) {
  auto status = daemon.result("status", {{"user", options.user}}, call.deadline());
  if (!status) return status.error();
  auto routes = routes_in_order(daemon, options, call.deadline());
  if (!routes) return routes.error();
  if (options.window != "all") {
    Options since_the_start = options;
    since_the_start.window = "all";
    const auto graded = routes_in_order(daemon, since_the_start, call.deadline());
    if (!graded) return graded.error();
    take_grades(*routes, *graded);
  }
  return Look{std::move(*status), std::move(*routes), Clock::now()};
}

Result<ExitCode> one_page(const Call& call, DaemonClient& daemon) {
  const auto seen = look(call, daemon, call.options);
  daemon.leave();
  if (!seen) return seen.error();
  if (call.options.format == Format::Json) {
    json routes = seen->routes;
    const std::size_t limit = call.options.limit.value_or(0);
    if (limit > 0 && routes.size() > limit)
      routes.erase(routes.begin() + static_cast<json::difference_type>(limit), routes.end());
    print_json(call.out, {{"status", seen->status}, {"routes", routes}});
    return ExitCode::Ok;
  }
  const std::size_t all = std::numeric_limits<std::size_t>::max();
  const std::size_t limit = call.options.limit.value_or(20);
  const Listing listing{call.options.window, call.options.sort, limit == 0 ? all : limit};
  call.out << render_top(seen->status, seen->routes, {}, listing, all, call.style);
  return ExitCode::Ok;
}

template <std::size_t N>
std::string after(const std::array<std::string_view, N>& ring, const std::string& now) {
  const auto found = std::ranges::find(ring, now);
  const auto at = static_cast<std::size_t>(found - ring.begin());
  return std::string(ring[(at + 1) % N]);
}

// One run of top on a terminal.
class Refreshing {
 public:
  Refreshing(const Call& call, DaemonClient daemon)
      : call_(call), options_(call.options), style_(call.style), daemon_(std::move(daemon)) {}

  void run(platform::RawKeys& keys) {
    AlternateScreen screen(call_.out);
    while (asked_to_end == 0) {
      const auto next = Clock::now() + kInterval;
      screen.draw(page());
      if (!wait(keys, next)) break;
    }
    if (daemon_) daemon_->leave();
  }

 private:
  std::string page() {
    const auto size = call_.world.terminal_size();
    if (size && size->columns > 0) style_.columns = static_cast<std::size_t>(size->columns);
    refresh();
    const std::size_t around = trouble_.empty() ? 1 : 2;  // the keys, and why the page is not fresh
    const std::size_t rows = size && size->rows > 2 ? static_cast<std::size_t>(size->rows) : kRowsUnknown;
    const std::size_t lines = rows - around;
    const std::string keys = paint(shorten_end("q quit   w window   s sort", style_.columns), Tone::Dim, style_);
    if (!seen_) return trouble_ + "\n" + keys;
    const std::size_t fits = lines > kHeadLines ? lines - kHeadLines : 1;
    const std::size_t limit = std::min(fits, options_.limit.value_or(0) == 0 ? fits : *options_.limit);
    const Listing listing{options_.window, options_.sort, limit};
    std::string out = render_top(seen_->status, seen_->routes, rates_, listing, lines, style_);
    if (!trouble_.empty()) out = paint(shorten_end(trouble_, style_.columns), Tone::Bad, style_) + "\n" + out;
    return out + keys;
  }

  // A daemon that went away is looked for again; the last numbers stay on the screen meanwhile.
  void refresh() {
    if (!daemon_) {
      std::vector<Attempt> attempts;
      auto found = find_daemon(call_.candidates, call_.world.version, call_.deadline(), attempts);
      if (!found) {
        trouble_ = printable(found.error().sentence) + "; trying again";
        return;
      }
      daemon_.emplace(std::move(*found));
    }
    auto now = look(call_, *daemon_, options_);
    if (!now) {
      trouble_ = printable(now.error().sentence) + "; trying again";
      daemon_.reset();
      return;
    }
    trouble_.clear();
    const std::chrono::duration<double> since = seen_ ? now->at - seen_->at : Clock::duration::zero();
    if (seen_) rates_ = rates_between(seen_->status, now->status, since.count());
    seen_.emplace(std::move(*now));
  }

  // False: the user wants to go. A key that changes the page ends the wait.
  bool wait(platform::RawKeys& keys, Clock::time_point until) {
    using Name = platform::Key::Name;
    while (asked_to_end == 0) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
      if (left.count() <= 0) return true;
      const platform::Key key = keys.read(left);
      if (key.name == Name::Interrupt || key.name == Name::Closed || key.name == Name::Escape) return false;
      if (key.name != Name::Character) continue;
      if (key.character == 'q') return false;
      if (key.character == 'w') options_.window = after<4>({"1m", "5m", "15m", "all"}, options_.window);
      if (key.character == 's')
        options_.sort = after<6>({"time", "p95", "count", "queries", "errors", "db"}, options_.sort);
      if (key.character == 'w' || key.character == 's') return true;
    }
    return false;
  }

  const Call& call_;
  Options options_;
  Style style_;
  std::optional<DaemonClient> daemon_;
  std::optional<Look> seen_;
  Rates rates_;
  std::string trouble_;  // why the page is not fresh
};

}  // namespace

Result<ExitCode> run_top(const Call& call, DaemonClient daemon) {
  const bool in_place = call.world.output == Attached::Terminal && call.options.format == Format::Text;
  if (!in_place) return one_page(call, daemon);
  auto keys = platform::RawKeys::enter();
  if (!keys) return one_page(call, daemon);
  const EndOnSignals signals;
  Refreshing(call, std::move(daemon)).run(*keys);
  return ExitCode::Ok;
}

}  // namespace mercury::cli
