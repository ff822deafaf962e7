// The service manager that started this process, if one did: systemd, or Windows' own.
//
//   ServiceLink link = ServiceLink::from_environment();
//   link.on_stop([] { … the manager wants an end: called on any thread … });      Windows only; systemd sends SIGTERM
//   link.ready("serving unix:///run/mercury/mercuryd.sock");
//   if (const auto every = link.watchdog()) … link.alive() that often, or the manager starts us anew …
//   link.stopping();
//   link.log_is_journal()       standard error is the journal's: lines may begin with <priority> and need no time
//
// Without a manager each call does nothing. What cannot be told is not worth an error: the manager then acts as if it
// had not been told, which its log shows.
//
// Thread rules: one thread at a time, but for the function given to on_stop(). Ownership: owns its socket or handle.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

namespace mercury::platform {

class ServiceLink {
 public:
  // A link to nobody.
  ServiceLink() = default;

  // POSIX: systemd's NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, which are taken out of the environment, so that no
  // child believes that they are meant for it; and JOURNAL_STREAM, if it names the very file that standard error is.
  // Windows: the service that run_as_service() has begun, if it has.
  static ServiceLink from_environment();

  ServiceLink(ServiceLink&& other) noexcept
      : handle_(std::exchange(other.handle_, -1)), watchdog_(other.watchdog_), journal_(other.journal_) {}
  ServiceLink& operator=(ServiceLink&& other) noexcept;
  ServiceLink(const ServiceLink&) = delete;
  ServiceLink& operator=(const ServiceLink&) = delete;
  ~ServiceLink();

  [[nodiscard]] bool exists() const { return handle_ != -1; }
  [[nodiscard]] bool log_is_journal() const { return journal_; }

  void on_stop(std::function<void()> stop);

  void ready(std::string_view status);  // clients can connect
  void reloading();                     // then ready() again
  void stopping();
  // For `systemctl status`: one line.
  void status(std::string_view line);

  // How often alive() is due: half of the time after which the manager acts. None: it does not watch.
  [[nodiscard]] std::optional<std::chrono::milliseconds> watchdog() const { return watchdog_; }
  void alive();

 private:
  std::intptr_t handle_ = -1;
  std::optional<std::chrono::milliseconds> watchdog_;
  bool journal_ = false;
};

}  // namespace mercury::platform
