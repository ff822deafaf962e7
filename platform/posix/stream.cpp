#include "platform/stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <limits>
#include <utility>

#include "platform/peer.h"
#include "platform/posix/credentials.h"
#include "platform/posix/descriptor.h"
#include "platform/posix/unix_socket.h"

namespace mercury::platform {
namespace {

using namespace std::chrono_literals;
using Clock = Deadline::clock;

constexpr auto kBacklogRetry = 2ms;

// The time for poll(): rounded up, so that a wait never spins through its last millisecond.
int milliseconds_until(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

// True when one of `events` (or an error, which the next call reports) is there before the deadline. False once it
// has passed, ready or not: a peer that takes a byte at a time must not stretch it.
bool wait_for(int socket, short events, Deadline deadline) {
  while (Clock::now() < deadline) {
    pollfd wanted{socket, events, 0};
    const int ready = ::poll(&wanted, 1, milliseconds_until(deadline));
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
  }
  return false;
}

void pause_for_backlog() {
  const timespec pause{0, std::chrono::nanoseconds(kBacklogRetry).count()};
  ::nanosleep(&pause, nullptr);
}

base::Error connect_error(const std::string& path, int error) {
  struct stat facts {};
  const bool exists = ::lstat(path.c_str(), &facts) == 0;
  if (error == ENOENT || error == ENOTDIR) return {"not_running", "there is no socket at " + path};
  if (exists && !S_ISSOCK(facts.st_mode) && !S_ISLNK(facts.st_mode)) {
    return {"not_a_socket", path + " is no socket (" + posix::owner_and_mode(facts) + ")"};
  }
  if (error == ECONNREFUSED) return {"not_running", "nobody listens at " + path};
  return posix::error_about("cannot connect to", path, error);
}

base::Status check_owner(int socket, const std::string& path) {
  base::Result<Peer> daemon = posix::peer_of_descriptor(socket);
  if (!daemon) return daemon.error().in("connecting to " + path);
  if (daemon->uid == ::geteuid() || daemon->uid == 0) return base::Done{};
  return base::Error{"foreign_owner", "the process " + std::to_string(daemon->pid) + " that listens at " + path +
                                          " runs as " + posix::owner(daemon->uid) + ", neither root nor " +
                                          posix::owner(::geteuid()) + "; name the address if that is meant"};
}

base::Error timed_out(const char* doing) { return {"timed_out", std::string(doing) + ": the time is up"}; }

}  // namespace

void hide_from_children(Stream& stream) { ::fcntl(stream.native_handle(), F_SETFD, FD_CLOEXEC); }

base::Result<ClientStream> ClientStream::connect(const Address& address, std::chrono::milliseconds timeout,
                                                 Expect expect) {
  const Deadline deadline = Clock::now() + timeout;
  base::Result<sockaddr_un> name = posix::socket_address(address.path);
  if (!name) return name.error();
  base::Result<posix::Descriptor> socket = posix::make_socket();
  if (!socket) return socket.error();
  for (;;) {
    const int error = posix::connect_once(socket->number(), *name);
    if (error == 0) break;
    if (error != EAGAIN) return connect_error(address.path, error);
    if (Clock::now() >= deadline) {
      return base::Error{"timed_out", "the daemon at " + address.path + " accepted no connection within " +
                                          std::to_string(timeout.count()) + " ms; is it stopped or overloaded?"};
    }
    pause_for_backlog();
  }
  if (expect == Expect::OwnUser) {
    if (base::Status owner = check_owner(socket->number(), address.path); !owner) return owner.error();
  }
  return ClientStream(socket->release());
}

void ClientStream::close() { posix::Descriptor(static_cast<int>(std::exchange(handle_, -1))); }

base::Result<std::size_t> ClientStream::read_some(std::span<std::byte> buffer, Deadline deadline) {
  const int socket = static_cast<int>(handle_);
  for (;;) {
    const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    if (errno == ECONNRESET) return std::size_t{0};
    if (errno != EAGAIN) return base::Error{"io_error", "cannot read from the daemon: " + posix::reason(errno)};
    if (!wait_for(socket, POLLIN, deadline)) return timed_out("waiting for the daemon's answer");
  }
}

base::Status ClientStream::write_all(std::span<const std::byte> bytes, Deadline deadline) {
  const int socket = static_cast<int>(handle_);
  while (!bytes.empty()) {
    const ssize_t count = posix::send_some(socket, bytes);
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return base::Error{"closed", "the daemon closed the connection"};
    } else if (errno == EAGAIN) {
      if (!wait_for(socket, POLLOUT, deadline)) return timed_out("waiting for the daemon to read");
    } else if (errno != EINTR) {
      return base::Error{"io_error", "cannot write to the daemon: " + posix::reason(errno)};
    }
  }
  return base::Done{};
}

base::Status ClientStream::write_all(std::string_view bytes, Deadline deadline) {
  return write_all(std::as_bytes(std::span(bytes)), deadline);
}

base::Result<Peer> ClientStream::peer() const { return posix::peer_of_descriptor(static_cast<int>(handle_)); }

}  // namespace mercury::platform
