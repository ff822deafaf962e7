// A connected stream of bytes between a client and the daemon, as both sides hold it.
//
// The daemon's side is Asio's: transport accepts a `Stream` from an `Acceptor` and uses async_read_some,
// async_write, cancel and close on it; a Windows pipe offers the same verbs under the same two names. The command
// line's side is ClientStream: blocking calls, each with a time by which it must be done, and no io_context.
//
// How the world behaves here:
//   - connect() to a socket whose backlog is full answers EAGAIN at once, and nothing can be polled for: it is
//     tried again every few milliseconds until the time is up (macOS says ECONNREFUSED, as if nobody listened)
//   - connect() to a plain file and to a socket nobody listens on both answer ECONNREFUSED: lstat() tells them apart
//   - a write to a closed peer raises SIGPIPE unless the call says MSG_NOSIGNAL, or on macOS the socket SO_NOSIGPIPE,
//     as ours do
//
// Codes of connect(): `not_running` (no such path, or nobody listens there), `not_a_socket`, `permission_denied`,
// `foreign_owner`, `timed_out`, `bad_address`, `io_error`. Of reading and writing: `timed_out`, `closed`, `io_error`.
//
// Thread rules: one thread at a time for one stream. Ownership: a stream owns its descriptor, which is never
// inherited by a child process, and closes it in its destructor.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "platform/native_stream.h"  // Stream and Acceptor
#include "platform/paths.h"

namespace mercury::platform {

// Asio accepts descriptors that a child process would inherit; call this once on every accepted stream.
void hide_from_children(Stream& stream);

using Deadline = std::chrono::steady_clock::time_point;

struct Peer;

// Who may be listening at an address. A private address must lead to this user's daemon or root's: a stranger who
// was first at /tmp/mercury-UID would be told every statement. Anyone: the system's address, or one a user named.
enum class Expect { OwnUser, Anyone };

class ClientStream {
 public:
  static base::Result<ClientStream> connect(const Address& address, std::chrono::milliseconds timeout, Expect expect);

  ClientStream(ClientStream&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  ClientStream& operator=(ClientStream&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;
  ~ClientStream() { close(); }

  // At least one byte into `buffer` (which must not be empty); 0 means that the daemon closed its side.
  base::Result<std::size_t> read_some(std::span<std::byte> buffer, Deadline deadline);

  // All of `bytes`, or an error after which the stream is of no more use: some of them may have gone out.
  base::Status write_all(std::span<const std::byte> bytes, Deadline deadline);
  base::Status write_all(std::string_view bytes, Deadline deadline);

  // The daemon at the other end.
  [[nodiscard]] base::Result<Peer> peer() const;

  void close();

 private:
  explicit ClientStream(std::intptr_t handle) : handle_(handle) {}
  std::intptr_t handle_;  // -1: closed
};

}  // namespace mercury::platform
