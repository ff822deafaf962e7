// systemd, spoken to without its library: a datagram of `NAME=value` lines to the socket that NOTIFY_SOCKET names
// (sd_notify(3)). Elsewhere, launchd included, there is no such variable and nobody is told anything.
//
// How the world behaves here:
//   - the name is a path, or `@name` for the abstract socket whose first byte is zero and which has no zero at its end
//   - systemd may not be reading: its queue is then full. What it must know (ready, reloading, stopping) waits up to a
//     second for room; a status or a sign of life does not, since the loop has clients
//   - it takes RELOADING=1 only with the time of the request, MONOTONIC_USEC, on the clock that it reads itself
//   - WATCHDOG_PID names whom the watchdog is for; a child inherits the variables and is not meant
#include "platform/service.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "platform/posix/descriptor.h"

namespace mercury::platform {
namespace {

constexpr int kPatienceMs = 1000;

enum class Patience { None, Some };

// The variable, which is not there any more afterwards.
std::string take(const char* name) {
  const char* value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(name);
  return text;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

posix::Descriptor connect_to(std::string name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() < 2 || name.size() >= sizeof address.sun_path) return posix::Descriptor();
  if (name.front() != '/' && name.front() != '@') return posix::Descriptor();
  if (name.front() == '@') name.front() = '\0';
  std::memcpy(address.sun_path, name.data(), name.size());
  const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  posix::Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM, 0));
  if (!socket) return socket;
  ::fcntl(socket.number(), F_SETFD, FD_CLOEXEC);
  ::fcntl(socket.number(), F_SETFL, O_NONBLOCK);
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), bytes) != 0) return posix::Descriptor();
  return socket;
}

void tell(std::intptr_t handle, const std::string& lines, Patience patience) {
  if (handle == -1) return;
  const int socket = static_cast<int>(handle);
  for (;;) {
    if (::send(socket, lines.data(), lines.size(), 0) >= 0) return;
    if (errno == EINTR) continue;
    if (errno != EAGAIN || patience == Patience::None) return;
    pollfd room{socket, POLLOUT, 0};
    if (::poll(&room, 1, kPatienceMs) <= 0) return;
  }
}

// A second line would be taken for another variable.
std::string status_line(std::string_view text) {
  std::string line = "STATUS=" + std::string(text);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

std::optional<std::chrono::milliseconds> half_of(std::string_view usec, std::string_view pid) {
  const std::optional<std::uint64_t> time = number_of(usec);
  if (!time || *time == 0) return std::nullopt;
  if (!pid.empty() && number_of(pid) != static_cast<std::uint64_t>(::getpid())) return std::nullopt;
  return std::chrono::milliseconds(std::max<std::uint64_t>(*time / 2000, 1));
}

// JOURNAL_STREAM is `device:inode`. Whoever sent standard error elsewhere has another file there.
bool is_standard_error(std::string_view stream) {
  struct stat facts {};
  if (stream.empty() || ::fstat(STDERR_FILENO, &facts) != 0) return false;
  return stream == std::to_string(facts.st_dev) + ":" + std::to_string(facts.st_ino);
}

}  // namespace

ServiceLink ServiceLink::from_environment() {
  ServiceLink link;
  const std::string usec = take("WATCHDOG_USEC");
  const std::string pid = take("WATCHDOG_PID");
  link.handle_ = connect_to(take("NOTIFY_SOCKET")).release();
  if (link.exists()) link.watchdog_ = half_of(usec, pid);
  const char* stream = std::getenv("JOURNAL_STREAM");
  link.journal_ = is_standard_error(stream == nullptr ? "" : stream);
  return link;
}

ServiceLink& ServiceLink::operator=(ServiceLink&& other) noexcept {
  std::swap(handle_, other.handle_);
  watchdog_ = other.watchdog_;
  journal_ = other.journal_;
  return *this;
}

ServiceLink::~ServiceLink() { posix::Descriptor(static_cast<int>(handle_)); }

// NOLINTNEXTLINE(performance-unnecessary-value-param): Windows keeps it
void ServiceLink::on_stop(std::function<void()> /*stop*/) {}

void ServiceLink::ready(std::string_view status) { tell(handle_, "READY=1\n" + status_line(status), Patience::Some); }

void ServiceLink::reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto usec = static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
  tell(handle_, "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec), Patience::Some);
}

void ServiceLink::stopping() { tell(handle_, "STOPPING=1", Patience::Some); }

void ServiceLink::status(std::string_view line) { tell(handle_, status_line(line), Patience::None); }

void ServiceLink::alive() { tell(handle_, "WATCHDOG=1", Patience::None); }

}  // namespace mercury::platform
