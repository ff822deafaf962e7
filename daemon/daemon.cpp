#include "daemon.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <exception>
#include <filesystem>
#include <optional>
#include <utility>

#include "aggregate/engine.h"
#include "base/clock.h"
#include "base/log.h"
#include "platform/instance_lock.h"
#include "platform/listener.h"
#include "platform/process.h"
#include "platform/service.h"
#include "platform/signals.h"
#include "session/registry.h"
#include "state/snapshot_file.h"
#include "state/snapshot_writer.h"
#include "tracer.h"
#include "transport/heartbeat.h"
#include "transport/server.h"

namespace mercury {
namespace {

namespace asio = boost::asio;
namespace log = base::log;
using base::Error;
using std::chrono::seconds;

constexpr seconds kTick{1};

platform::ListenOptions listen_options(const Settings& settings) {
  using Kind = platform::ListenOptions::Kind;
  platform::ListenOptions options;
  switch (settings.kind) {
    case platform::Candidate::Origin::Private: options.kind = Kind::Private; break;
    case platform::Candidate::Origin::Named: options.kind = Kind::Named; break;
    case platform::Candidate::Origin::System: options.kind = Kind::System; break;
  }
  options.mode = settings.socket_mode;
  return options;
}

// Somebody listens there. If it is a mercuryd, it holds the lock and we are the loser of a race.
Error who_is_there(const platform::Address& address, const Error& in_use) {
  const auto lock = platform::InstanceLock::acquire(address);
  return !lock && lock.error().code == "already_running" ? lock.error() : in_use;
}

class RunningDaemon final : public Daemon, private session::Host {
 public:
  RunningDaemon(const Settings& settings, Reload reload, platform::ServiceLink manager)
      : settings_(settings), reload_(std::move(reload)), manager_(std::move(manager)) {}
  ~RunningDaemon() override = default;

  base::Status open(std::string version);
  void run(const std::function<void()>& ready) override;
  void tell_failure(const Error& error);

 private:
  base::Status restore(session::Facts& facts);
  void wait_for_signal();
  void on_signal(int number);
  void wait_for_tick();
  void tick();
  void look_after_socket();
  void look_after_snapshot(base::Time now);
  void look_after_idleness(base::Time now);
  void on_snapshot(const base::Status& outcome);
  void save_at_end();
  model::EngineState state_now() const;
  void reload();
  base::Status take_new_settings();
  [[nodiscard]] std::string status_line() const;
  void tell_ready();
  void stop(const std::string& reason);

  [[nodiscard]] std::uint64_t memory_bytes() const override { return platform::resident_bytes(); }
  [[nodiscard]] session::SnapshotFacts snapshot() const override {
    return {writer_ ? writer_->path() : "", saved_at_, saved_revision_ != engine_.revision()};
  }
  // Posted, so that the reply to the command that asked for it is on its way first.
  void request_shutdown() override {
    asio::post(io_, [this] { stop("command"); });
  }

  Settings settings_;
  Reload reload_;
  platform::ServiceLink manager_;
  // In the order of birth. The loop stands behind registry and engine although it is used earlier: what is left in it
  // when it is stopped at once are connections, which take leave of both.
  base::SystemClock clock_;
  Tracer tracer_;
  aggregate::Engine engine_{&tracer_};
  std::optional<session::Registry> registry_;
  asio::io_context io_{1};
  asio::signal_set signals_{io_};
  asio::steady_timer tick_timer_{io_};
  std::optional<platform::Listener> listener_;
  std::optional<state::SnapshotWriter> writer_;  // none: nothing is kept on disk
  std::optional<transport::Server> server_;
  std::optional<transport::Heartbeat> heartbeat_;

  std::optional<std::uint64_t> saved_revision_;  // of the engine, in the file; none: this run has not written one
  std::uint64_t writing_revision_ = 0;
  std::optional<base::Time> saved_at_;
  std::string snapshot_trouble_;  // the sentence that was logged last
  std::string reload_trouble_;    // of the last reload
  base::Time next_snapshot_;
  base::Time idle_since_;
  bool stopping_ = false;
};

// ---- birth ----

base::Status RunningDaemon::open(std::string version) {
  tracer_.state("starting");
  auto listener = platform::Listener::open(io_.get_executor(), settings_.address, listen_options(settings_));
  if (!listener) {
    const Error& error = listener.error();
    return error.code == "address_in_use" ? who_is_there(settings_.address, error) : error;
  }
  listener_.emplace(std::move(*listener));
  session::Facts facts;
  facts.version = std::move(version);
  facts.address = listener_->address().text();
  facts.pid = platform::process_id();
  facts.started = clock_.now();
  if (base::Status restored = restore(facts); !restored) return restored;
  registry_.emplace(engine_, static_cast<session::Host&>(*this), std::move(facts));
  server_.emplace(io_, *listener_, *registry_, clock_);
  heartbeat_.emplace(io_, manager_, listener_->address());
  return base::Done{};
}

base::Status RunningDaemon::restore(session::Facts& facts) {
  if (settings_.state_dir.empty()) return base::Done{};
  const std::string path = state::snapshot_path(settings_.state_dir, listener_->address());
  auto loaded = state::load(path);
  if (!loaded && loaded.error().code != "state_newer") return loaded.error();
  if (!loaded) {
    log::warn("snapshot left alone, nothing will be saved", {{"reason", loaded.error().sentence}});
    return base::Done{};
  }
  writer_.emplace(path);
  if (!*loaded) return base::Done{};
  engine_.restore(**loaded, clock_.now());
  saved_revision_ = engine_.revision();
  facts.restarts = (*loaded)->restarts;
  facts.restored_from = (*loaded)->written;
  return base::Done{};
}

// ---- life ----

void RunningDaemon::run(const std::function<void()>& ready) {
  const base::Time now = clock_.now();
  next_snapshot_ = now + settings_.snapshot_interval;
  idle_since_ = now;
  for (const int number : platform::stop_signals()) signals_.add(number);
  if (const auto reload = platform::reload_signal()) signals_.add(*reload);
  wait_for_signal();
  wait_for_tick();
  server_->start();
  const session::Facts& facts = registry_->facts();
  log::info("mercuryd started", {{"version", facts.version},
                                 {"address", facts.address},
                                 {"pid", facts.pid},
                                 {"snapshot", writer_ ? writer_->path() : ""},
                                 {"restored", facts.restored_from ? "yes" : "no"},
                                 {"restarts", facts.restarts}});
  if (ready) ready();
  manager_.on_stop([this] { asio::post(io_, [this] { stop("service manager"); }); });
  tell_ready();
  heartbeat_->start();
  try {
    io_.run();
  } catch (const std::exception& defect) {  // ours: end in order, with what we have saved
    log::error("mercuryd failed", {{"defect", defect.what()}});
  }
  server_->close();
  save_at_end();
  listener_->close();
  tracer_.state("stopped");
  log::info("mercuryd stopped", {{"pid", facts.pid}});
}

void RunningDaemon::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;
    on_signal(number);
  });
}

void RunningDaemon::on_signal(int number) {
  if (number == platform::reload_signal()) {
    reload();
  } else if (!stopping_) {
    stop(number == SIGINT ? "SIGINT" : "SIGTERM");
  } else {
    signals_.clear();  // the next one kills
    return io_.stop();
  }
  wait_for_signal();
}

void RunningDaemon::wait_for_tick() {
  tick_timer_.expires_after(kTick);
  tick_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    tick();
    wait_for_tick();
  });
}

// Goes on while the daemon drains: sessions still get their time.
void RunningDaemon::tick() {
  const base::Time now = clock_.now();
  engine_.tick(now);
  server_->nudge();
  if (stopping_) return;
  look_after_socket();
  look_after_snapshot(now);
  look_after_idleness(now);
}

void RunningDaemon::look_after_socket() {
  if (listener_->still_ours()) return;
  log::warn("socket removed or replaced, making room for a successor", {{"address", listener_->address().text()}});
  stop("unreachable");
}

void RunningDaemon::look_after_snapshot(base::Time now) {
  if (!writer_ || stopping_) return;
  if (const auto outcome = writer_->finished()) on_snapshot(*outcome);
  if (now < next_snapshot_ || writer_->busy()) return;
  next_snapshot_ = now + settings_.snapshot_interval;
  if (saved_revision_ == engine_.revision()) return;
  writing_revision_ = engine_.revision();
  writer_->start(state_now());
}

// A disk that stays full is told once, and once more when it is well again.
void RunningDaemon::on_snapshot(const base::Status& outcome) {
  if (outcome) {
    saved_revision_ = writing_revision_;
    saved_at_ = clock_.now();
    if (std::exchange(snapshot_trouble_, {}).empty()) return;
    log::info("snapshot written again", {{"path", writer_->path()}});
    return manager_.status(status_line());
  }
  if (std::exchange(snapshot_trouble_, outcome.error().sentence) == outcome.error().sentence) return;
  log::error("snapshot failed, the one before is kept",
             {{"code", outcome.error().code}, {"reason", outcome.error().sentence}});
  manager_.status(status_line());
}

void RunningDaemon::look_after_idleness(base::Time now) {
  if (registry_->clients() > 0) idle_since_ = now;
  if (settings_.idle_exit == seconds::zero() || now - idle_since_ < settings_.idle_exit || stopping_) return;
  stop("idle");
}

model::EngineState RunningDaemon::state_now() const {
  model::EngineState state = engine_.save(clock_.now());
  state.restarts = registry_->facts().restarts + 1;
  return state;
}

void RunningDaemon::reload() {
  manager_.reloading();
  tracer_.state("reloading");
  const base::Status done = take_new_settings();
  reload_trouble_ = done ? "" : done.error().sentence;
  tell_ready();
}

void RunningDaemon::tell_ready() {
  manager_.ready(status_line());
  tracer_.state("ready");
}

void RunningDaemon::tell_failure(const Error& error) {
  manager_.status("cannot start: " + error.sentence);
  tracer_.state("failed");
}

base::Status RunningDaemon::take_new_settings() {
  const auto fresh = reload_();
  if (!fresh) {
    log::error("reload failed, the settings stay as they are", {{"reason", fresh.error().sentence}});
    return fresh.error();
  }
  if (log::open(log_options(*fresh, manager_))) {
    settings_.log_level = fresh->log_level;
    settings_.log_file = fresh->log_file;
  } else {
    log::error("log file cannot be opened, the log stays where it is", {{"path", fresh->log_file}});
  }
  settings_.idle_exit = fresh->idle_exit;
  settings_.snapshot_interval = fresh->snapshot_interval;
  next_snapshot_ = std::min(next_snapshot_, clock_.now() + fresh->snapshot_interval);
  for (const ConfigKey key : {ConfigKey::Address, ConfigKey::StateDir, ConfigKey::SocketMode}) {
    const auto line = static_cast<std::size_t>(key);
    if (settings_.lines[line].value == fresh->lines[line].value) continue;
    log::warn("setting needs a restart", {{"key", fresh->lines[line].key},
                                          {"value", fresh->lines[line].value},
                                          {"running_with", settings_.lines[line].value}});
  }
  log::info("settings reloaded");
  return base::Done{};
}

// For `systemctl status`: where it serves, and what somebody must see to.
std::string RunningDaemon::status_line() const {
  std::string line = "serving " + listener_->address().text();
  if (!reload_trouble_.empty()) line += "; reload failed: " + reload_trouble_;
  if (!snapshot_trouble_.empty()) line += "; snapshot failed: " + snapshot_trouble_;
  return line;
}

// ---- death ----

void RunningDaemon::stop(const std::string& reason) {
  if (std::exchange(stopping_, true)) return;
  log::info("mercuryd stopping", {{"reason", reason}, {"connections", registry_->connections()}});
  manager_.stopping();
  tracer_.state("stopping");
  heartbeat_->stop();
  server_->drain([this] { io_.stop(); });
}

void RunningDaemon::save_at_end() {
  if (!writer_) return;
  std::error_code ignored;
  if (!listener_->still_ours() && std::filesystem::exists(listener_->address().path, ignored)) {
    log::warn("last snapshot left out, a successor has the address", {{"path", writer_->path()}});
    return;
  }
  if (!writer_->busy() && saved_revision_ == engine_.revision()) return;
  writing_revision_ = engine_.revision();
  on_snapshot(writer_->write(state_now()));
}

}  // namespace

base::log::Options log_options(const Settings& settings, const platform::ServiceLink& manager) {
  log::Options options;
  options.level = settings.log_level;
  options.file = settings.log_file;
  options.standard_error = manager.log_is_journal() ? log::Stderr::Journal : log::Stderr::Plain;
  return options;
}

base::Result<std::unique_ptr<Daemon>> Daemon::open(const Settings& settings, std::string version, Reload reload,
                                                   platform::ServiceLink manager) {
  auto daemon = std::make_unique<RunningDaemon>(settings, std::move(reload), std::move(manager));
  if (base::Status opened = daemon->open(std::move(version)); !opened) {
    daemon->tell_failure(opened.error());
    return opened.error();
  }
  return std::unique_ptr<Daemon>(std::move(daemon));
}

}  // namespace mercury
