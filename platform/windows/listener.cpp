// Whether somebody has the name is asked three times, because each answer has its gap: a client's open tells who it is,
// but not of a daemon that is starting; the mutex tells of that, but only of a mercuryd; the first instance tells of
// everybody, but not who it is.
#include "platform/listener.h"

#include <utility>

#include "platform/windows/pipe_security.h"
#include "platform/windows/service_sid.h"
#include "platform/windows/win32.h"

namespace mercury::platform {
namespace {

base::Status look_at(const std::string& path) {
  const windows::Handle probe(::CreateFileW(windows::wide(path).c_str(), FILE_READ_ATTRIBUTES | READ_CONTROL, 0,
                                            nullptr, OPEN_EXISTING, SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION,
                                            nullptr));
  const DWORD error = probe ? ERROR_SUCCESS : ::GetLastError();
  if (error == ERROR_FILE_NOT_FOUND) return base::Done{};
  std::string who = "another process";
  ULONG pid = 0;
  if (probe && ::GetNamedPipeServerProcessId(probe.get(), &pid) != 0) {
    who = "process " + std::to_string(pid) + ", which runs as " +
          windows::account_name(windows::owner_of(probe.get())) + ",";
  }
  if (probe || error == ERROR_PIPE_BUSY || error == ERROR_ACCESS_DENIED) {
    return base::Error{"address_in_use",
                       who + " listens at " + path + "; stop it (mercuryctl stop) or choose another address"};
  }
  return windows::error_about("cannot look at", path, error);
}

}  // namespace

base::Result<Listener> Listener::open(const boost::asio::any_io_executor& executor, const Address& address,
                                      const ListenOptions& options) {
  if (base::Status free = look_at(address.path); !free) return free.error();
  base::Result<InstanceLock> lock = InstanceLock::acquire(address);
  if (!lock) return lock.error();
  Acceptor acceptor(executor);
  // A service runs as LocalService, as many others do; its own SID is what clients trust, and nobody else has it.
  const std::string service = windows::service_sid(windows::kServiceName);
  const std::string sddl =
      windows::pipe_sddl(options.kind, windows::may_own_as(service) ? service : windows::own_sid());
  if (base::Status opened = acceptor.open(address.path, sddl); !opened) return opened.error();
  return Listener(std::move(acceptor), address, {}, std::move(*lock));
}

Listener::Listener(Acceptor acceptor, Address address, FileIdentity file, std::optional<InstanceLock> lock)
    : acceptor_(std::move(acceptor)), address_(std::move(address)), file_(file), lock_(std::move(lock)) {}

Listener::~Listener() { close(); }

// Nobody can take the name away while one of its instances is open.
bool Listener::still_ours() const { return acceptor_.is_open(); }

void Listener::close() {
  if (!acceptor_.is_open()) return;
  boost::system::error_code ignored;  // the handle is gone either way
  acceptor_.close(ignored);
  if (lock_) lock_->release();
}

}  // namespace mercury::platform
