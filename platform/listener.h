// The daemon's end of an address: a socket that accepts clients, and the proof that it is still the one they find.
//
// Opening one answers the question that a restart asks every time: what is that file which is already there?
//
//   what stands at the path           what open() does
//   nothing                           binds
//   a socket, somebody accepts        `address_in_use`, with the pid of whoever listens
//   a socket of ours, nobody accepts  removes it and binds, holding the instance lock
//   a socket of another user          `foreign_owner`
//   anything else                     `not_a_socket`; it is never removed
//   (a daemon that is just starting)  `already_running`, with its pid
//
// The order inside: check the directory, look, take the lock, look again, unlink, bind, chmod, listen. Nobody can
// connect between bind and listen, so the mode is right before the first client arrives.
//
// Under systemd (LISTEN_PID, LISTEN_FDS) the socket is inherited instead: its path is systemd's, so it is neither
// locked, nor chmod-ed, nor removed, and clients that come during a restart wait in its backlog.
//
// Who may connect: a private socket has mode 0600. The system's has 0666, because every connection is judged by the
// kernel's word about its peer (peer.h) and not by the file's mode; `mode` narrows it.
//
// Further codes: those of directory.h, `bad_inherited_socket`, `bad_address`, `permission_denied`, `io_error`. Every
// sentence names the path, where it helps the owner and the mode, and the remedy.
//
// Thread rules: the thread that runs the executor. Ownership: the listener owns socket, lock and file; close() and
// the destructor remove the file only while it is still this listener's own.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "platform/instance_lock.h"
#include "platform/paths.h"
#include "platform/stream.h"

namespace mercury::platform {

struct ListenOptions {
  enum class Kind {
    Private,  // the user's own default address: its directory is ours alone (0700), the socket is 0600
    Named,    // an address someone chose: the directory is only checked for strangers, the socket is 0600
    System    // the host's: as Named, and the socket is 0666
  };
  Kind kind = Kind::Private;
  std::optional<std::uint32_t> mode;  // of the socket, instead of the one above; no meaning on Windows
  int backlog = 1024;                 // the kernel caps it at net.core.somaxconn
};

class Listener {
 public:
  // Takes the socket that systemd handed over, if it handed one over, else listens at `address`.
  static base::Result<Listener> open(const boost::asio::any_io_executor& executor, const Address& address,
                                     const ListenOptions& options);

  Listener(Listener&& other) noexcept = default;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  // For async_accept. hide_from_children() and peer_of() come next for what it accepts.
  Acceptor& acceptor() { return acceptor_; }

  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] bool inherited() const { return !lock_.has_value(); }

  // Does the path still lead to this socket? The daemon asks now and then: one whose file was removed or replaced
  // will never see another client, and should say so and go.
  [[nodiscard]] bool still_ours() const;

  // Stops listening, removes the file if it is still ours, releases the lock. May be called again.
  void close();

 private:
  struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
  };

  Listener(Acceptor acceptor, Address address, FileIdentity file, std::optional<InstanceLock> lock);
  static base::Result<Listener> adopt(const boost::asio::any_io_executor& executor, int count);
  static std::optional<FileIdentity> identity_of(const std::string& path);

  Acceptor acceptor_;
  Address address_;
  FileIdentity file_;
  std::optional<InstanceLock> lock_;  // none: inherited. Released last, when the file is gone
};

}  // namespace mercury::platform
