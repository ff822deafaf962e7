#include "platform/listener.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <utility>

#include "platform/directory.h"
#include "platform/posix/credentials.h"
#include "platform/posix/descriptor.h"
#include "platform/posix/inherited.h"
#include "platform/posix/unix_socket.h"

namespace mercury::platform {
namespace {

using Protocol = boost::asio::local::stream_protocol;
using posix::kFirstInherited;

// What is left to do with the path: an error if it cannot be ours, else whether there is a dead socket to remove.
enum class Found { Nothing, DeadSocket };

base::Error in_use(const std::string& path, const base::Result<Peer>& daemon) {
  const std::string who = daemon && daemon->pid > 0 ? "process " + std::to_string(daemon->pid) + ", which runs as " +
                                                          posix::owner(daemon->uid) + ","
                                                    : "another process";
  return {"address_in_use", who + " listens at " + path + "; stop it (mercuryctl stop) or choose another address"};
}

base::Result<Found> look_at(const std::string& path, const sockaddr_un& address) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) {
    if (errno == ENOENT) return Found::Nothing;
    return posix::error_about("cannot look at", path, errno);
  }
  const std::string what = path + " (" + posix::owner_and_mode(facts) + ")";
  if (!S_ISSOCK(facts.st_mode)) {
    return base::Error{"not_a_socket", what + " is no socket and is left alone; remove it or choose another address"};
  }
  base::Result<posix::Descriptor> probe = posix::make_socket();
  if (!probe) return probe.error();
  const int error = posix::connect_once(probe->number(), address);
  if (error == 0) return in_use(path, posix::peer_of_descriptor(probe->number()));
  if (error == EAGAIN) return in_use(path, base::Error{"peer_unknown", "its backlog is full"});
  if (facts.st_uid != ::geteuid()) {
    return base::Error{"foreign_owner", what + " is another user's socket; this process runs as " +
                                            posix::owner(::geteuid()) + ": remove it or choose another address"};
  }
  // A socket of ours with its mode bits taken away cannot be asked; the instance lock decides.
  if (error == ECONNREFUSED || error == EACCES) return Found::DeadSocket;
  if (error == ENOENT) return Found::Nothing;
  return posix::error_about("cannot probe", path, error);
}

mode_t mode_of(const ListenOptions& options) {
  if (options.mode) return static_cast<mode_t>(*options.mode);
  return options.kind == ListenOptions::Kind::System ? 0666 : 0600;
}

// bind, chmod, listen: until listen() every client is refused, so the mode is right before the first gets in.
base::Result<posix::Descriptor> bind_and_listen(const std::string& path, const sockaddr_un& address,
                                                const ListenOptions& options) {
  base::Result<posix::Descriptor> socket = posix::make_socket();
  if (!socket) return socket.error();
  if (::bind(socket->number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return posix::error_about("cannot make the socket", path, errno);
  }
  if (::chmod(path.c_str(), mode_of(options)) != 0 || ::listen(socket->number(), options.backlog) != 0) {
    const base::Error error = posix::error_about("cannot listen at", path, errno);
    ::unlink(path.c_str());
    return error;
  }
  return socket;
}

bool option_is(int socket, int option, int wanted) {
  int value = 0;
  socklen_t bytes = sizeof value;
  return ::getsockopt(socket, SOL_SOCKET, option, &value, &bytes) == 0 && value == wanted;
}

base::Result<Acceptor> acceptor_for(const boost::asio::any_io_executor& executor, int socket) {
  Acceptor acceptor(executor);
  boost::system::error_code error;
  acceptor.assign(Protocol(), socket, error);
  if (error) return base::Error{"io_error", "cannot use the listening socket: " + error.message()};
  return acceptor;
}

}  // namespace

base::Result<Listener> Listener::open(const boost::asio::any_io_executor& executor, const Address& address,
                                      const ListenOptions& options) {
  if (const int count = posix::inherited_sockets(); count > 0) return adopt(executor, count);
  const std::string& path = address.path;
  base::Result<sockaddr_un> name = posix::socket_address(path);
  if (!name) return name.error();
  const auto rule = options.kind == ListenOptions::Kind::Private ? DirectoryRule::Private : DirectoryRule::Given;
  if (base::Status directory = prepare_directory(posix::directory_of(path), rule); !directory) {
    return directory.error();
  }
  if (base::Result<Found> first = look_at(path, *name); !first) return first.error();
  base::Result<InstanceLock> lock = InstanceLock::acquire(address);
  if (!lock) return lock.error();
  base::Result<Found> found = look_at(path, *name);
  if (!found) return found.error();
  if (*found == Found::DeadSocket && ::unlink(path.c_str()) != 0) {
    return posix::error_about("cannot remove the dead socket", path, errno);
  }
  base::Result<posix::Descriptor> socket = bind_and_listen(path, *name, options);
  if (!socket) return socket.error();
  const std::optional<FileIdentity> file = identity_of(path);
  if (!file) return base::Error{"io_error", path + " vanished while it was being opened; start again"};
  base::Result<Acceptor> acceptor = acceptor_for(executor, socket->number());
  if (!acceptor) {
    ::unlink(path.c_str());
    return acceptor.error();
  }
  socket->release();
  return Listener(std::move(*acceptor), address, *file, std::move(*lock));
}

base::Result<Listener> Listener::adopt(const boost::asio::any_io_executor& executor, int count) {
  const auto bad = [](const std::string& why) {
    return base::Error{"bad_inherited_socket", "systemd handed over " + why + "; mercuryd.socket must have one " +
                                                   "ListenStream= with an absolute path"};
  };
  if (count != 1) return bad(std::to_string(count) + " sockets");
  sockaddr_un name{};
  socklen_t bytes = sizeof name;
  if (::getsockname(kFirstInherited, reinterpret_cast<sockaddr*>(&name), &bytes) != 0) {
    return bad("a descriptor that is no socket");
  }
  if (name.sun_family != AF_UNIX || !option_is(kFirstInherited, SO_TYPE, SOCK_STREAM) ||
      !option_is(kFirstInherited, SO_ACCEPTCONN, 1)) {
    return bad("something else than a listening Unix stream socket");
  }
  if (bytes <= offsetof(sockaddr_un, sun_path) || name.sun_path[0] != '/') return bad("a socket without a path");
  name.sun_path[sizeof name.sun_path - 1] = '\0';
  const Address address{name.sun_path};
  const std::optional<FileIdentity> file = identity_of(address.path);
  if (!file) return bad("a socket whose path " + address.path + " is gone");
  ::fcntl(kFirstInherited, F_SETFD, FD_CLOEXEC);
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(variable);
  base::Result<Acceptor> acceptor = acceptor_for(executor, kFirstInherited);
  if (!acceptor) return acceptor.error();
  return Listener(std::move(*acceptor), address, *file, std::nullopt);
}

Listener::Listener(Acceptor acceptor, Address address, FileIdentity file, std::optional<InstanceLock> lock)
    : acceptor_(std::move(acceptor)), address_(std::move(address)), file_(file), lock_(std::move(lock)) {}

Listener::~Listener() { close(); }

std::optional<Listener::FileIdentity> Listener::identity_of(const std::string& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return std::nullopt;
  return FileIdentity{static_cast<std::uint64_t>(facts.st_dev), facts.st_ino};
}

bool Listener::still_ours() const { return acceptor_.is_open() && identity_of(address_.path) == file_; }

void Listener::close() {
  if (!acceptor_.is_open()) return;
  if (lock_ && still_ours()) ::unlink(address_.path.c_str());
  boost::system::error_code ignored;  // the descriptor is gone either way
  acceptor_.close(ignored);
  if (lock_) lock_->release();
}

}  // namespace mercury::platform
