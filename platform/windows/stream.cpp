// The command line's end of a pipe. Every call is overlapped, because a blocking read of a pipe can not be given up in
// time; one that was given up is waited for, since the system still writes into its buffer until then.
#include "platform/stream.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "platform/windows/peer.h"
#include "platform/windows/pipe_security.h"
#include "platform/windows/service_sid.h"
#include "platform/windows/win32.h"

namespace mercury::platform {
namespace {

using Clock = Deadline::clock;

HANDLE handle_of(std::intptr_t handle) { return reinterpret_cast<HANDLE>(handle); }

DWORD milliseconds_until(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<DWORD>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<std::int32_t>::max()));
}

base::Error timed_out(const char* doing) { return {"timed_out", std::string(doing) + ": the time is up"}; }

// How a read or a write ended.
struct Ended {
  DWORD error;
  DWORD bytes;
};

// `begin(overlapped)` starts the operation. ERROR_OPERATION_ABORTED: it was given up at the deadline.
template <typename Begin>
Ended finish(HANDLE pipe, Deadline deadline, Begin begin) {
  const windows::Handle event(::CreateEventW(nullptr, TRUE, FALSE, nullptr));
  OVERLAPPED overlapped{};
  overlapped.hEvent = event.get();
  if (begin(&overlapped) == 0 && ::GetLastError() != ERROR_IO_PENDING) return {::GetLastError(), 0};
  if (::WaitForSingleObject(event.get(), milliseconds_until(deadline)) != WAIT_OBJECT_0) {
    ::CancelIoEx(pipe, &overlapped);
  }
  DWORD bytes = 0;
  if (::GetOverlappedResult(pipe, &overlapped, &bytes, TRUE) != 0) return {ERROR_SUCCESS, bytes};
  return {::GetLastError(), 0};
}

bool is_closed(DWORD error) {
  return error == ERROR_BROKEN_PIPE || error == ERROR_PIPE_NOT_CONNECTED || error == ERROR_NO_DATA;
}

base::Status check_owner(HANDLE pipe, const std::string& path) {
  base::Result<Peer> daemon = windows::server_of(pipe);
  if (!daemon) return daemon.error().in("connecting to " + path);
  const std::string& owner = daemon->user;
  // A service's pipe is the service's own, and not its account's, which it shares with others.
  if (owner == windows::own_sid() || owner == windows::kSystemSid || owner == windows::kAdministratorsSid ||
      owner == windows::service_sid(windows::kServiceName)) {
    return base::Done{};
  }
  return base::Error{"foreign_owner",
                     "the pipe " + path + " of process " + std::to_string(daemon->pid) + " belongs to " +
                         windows::account_name(owner) + ", neither the system nor its service nor " +
                         windows::account_name(windows::own_sid()) + "; name the address if that is meant"};
}

}  // namespace

void hide_from_children(Stream&) {}  // a handle is inherited only if it was made so

base::Result<ClientStream> ClientStream::connect(const Address& address, std::chrono::milliseconds timeout,
                                                 Expect expect) {
  const Deadline deadline = Clock::now() + timeout;
  const std::wstring path = windows::wide(address.path);
  const DWORD flags = FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION;
  for (;;) {
    windows::Handle pipe(
        ::CreateFileW(path.c_str(), windows::kClientRights, 0, nullptr, OPEN_EXISTING, flags, nullptr));
    if (pipe) {
      if (expect == Expect::OwnUser) {
        if (base::Status owner = check_owner(pipe.get(), address.path); !owner) return owner.error();
      }
      return ClientStream(reinterpret_cast<std::intptr_t>(pipe.release()));
    }
    const DWORD error = ::GetLastError();
    if (error == ERROR_FILE_NOT_FOUND) return base::Error{"not_running", "nobody listens at " + address.path};
    if (error != ERROR_PIPE_BUSY) return windows::error_about("cannot connect to", address.path, error);
    const DWORD left = milliseconds_until(deadline);
    if (left == 0) {
      return base::Error{"timed_out", "the daemon at " + address.path + " accepted no connection within " +
                                          std::to_string(timeout.count()) + " ms; is it stopped or overloaded?"};
    }
    ::WaitNamedPipeW(path.c_str(), left);  // until an instance is free; whether one was, the next open tells
  }
}

void ClientStream::close() {
  const std::intptr_t handle = std::exchange(handle_, -1);
  if (handle != -1) windows::Handle(handle_of(handle));
}

base::Result<std::size_t> ClientStream::read_some(std::span<std::byte> buffer, Deadline deadline) {
  const HANDLE pipe = handle_of(handle_);
  const auto most = static_cast<DWORD>(std::min<std::size_t>(buffer.size(), std::numeric_limits<std::int32_t>::max()));
  const Ended ended = finish(pipe, deadline, [&](OVERLAPPED* overlapped) {
    return ::ReadFile(pipe, buffer.data(), most, nullptr, overlapped);
  });
  if (ended.error == ERROR_SUCCESS) return static_cast<std::size_t>(ended.bytes);
  if (is_closed(ended.error)) return std::size_t{0};
  if (ended.error == ERROR_OPERATION_ABORTED) return timed_out("waiting for the daemon's answer");
  return base::Error{"io_error", "cannot read from the daemon: " + windows::reason(ended.error)};
}

base::Status ClientStream::write_all(std::span<const std::byte> bytes, Deadline deadline) {
  const HANDLE pipe = handle_of(handle_);
  while (!bytes.empty()) {
    const auto most = static_cast<DWORD>(std::min<std::size_t>(bytes.size(), 64 * 1024));
    const Ended ended = finish(pipe, deadline, [&](OVERLAPPED* overlapped) {
      return ::WriteFile(pipe, bytes.data(), most, nullptr, overlapped);
    });
    if (ended.error == ERROR_SUCCESS) {
      bytes = bytes.subspan(ended.bytes);
    } else if (is_closed(ended.error)) {
      return base::Error{"closed", "the daemon closed the connection"};
    } else if (ended.error == ERROR_OPERATION_ABORTED) {
      return timed_out("waiting for the daemon to read");
    } else {
      return base::Error{"io_error", "cannot write to the daemon: " + windows::reason(ended.error)};
    }
  }
  return base::Done{};
}

base::Status ClientStream::write_all(std::string_view bytes, Deadline deadline) {
  return write_all(std::as_bytes(std::span(bytes)), deadline);
}

base::Result<Peer> ClientStream::peer() const { return windows::server_of(handle_of(handle_)); }

}  // namespace mercury::platform
