#include "platform/native_stream.h"
#include "platform/windows/win32.h"

namespace mercury::platform {
namespace {

using boost::system::error_code;

constexpr DWORD kBufferBytes = 64 * 1024;  // of each direction of an instance

error_code last_error() { return {static_cast<int>(::GetLastError()), boost::system::system_category()}; }

}  // namespace

Acceptor::Acceptor(const executor_type& executor) : state_(std::make_shared<State>(executor)) {}

base::Status Acceptor::open(const std::string& path, const std::string& sddl) {
  state_->path = path;
  state_->sddl = sddl;
  const error_code error = make_instance(*state_, true);
  if (!error) return base::Done{};
  state_->path.clear();
  const auto code = static_cast<DWORD>(error.value());
  // With FILE_FLAG_FIRST_PIPE_INSTANCE a name that somebody has is "access denied", and a pipe of ours is "busy".
  if (code == ERROR_ACCESS_DENIED || code == ERROR_PIPE_BUSY) {
    return base::Error{"address_in_use", "another process has the pipe " + path + " (" + windows::reason(code) +
                                             "); stop it (mercuryctl stop) or choose another address"};
  }
  return windows::error_about("cannot make the pipe", path, code);
}

error_code Acceptor::make_instance(State& state, bool first) {
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  if (::ConvertStringSecurityDescriptorToSecurityDescriptorW(windows::wide(state.sddl).c_str(), SDDL_REVISION_1,
                                                             &descriptor, nullptr) == 0) {
    return last_error();
  }
  const windows::LocalMemory memory(descriptor);
  SECURITY_ATTRIBUTES attributes{sizeof attributes, descriptor, FALSE};
  const DWORD mode = PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | (first ? FILE_FLAG_FIRST_PIPE_INSTANCE : 0U);
  const DWORD type = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
  windows::Handle pipe(::CreateNamedPipeW(windows::wide(state.path).c_str(), mode, type, PIPE_UNLIMITED_INSTANCES,
                                          kBufferBytes, kBufferBytes, 0, &attributes));
  if (!pipe) return last_error();
  error_code error;
  state.next.assign(pipe.get(), error);
  if (!error) pipe.release();
  return error;
}

bool Acceptor::connect(State& state, void* overlapped, error_code& error) {
  if (::ConnectNamedPipe(state.next.native_handle(), static_cast<OVERLAPPED*>(overlapped)) != 0) return true;
  switch (::GetLastError()) {
    case ERROR_IO_PENDING: return true;
    case ERROR_PIPE_CONNECTED: error = {}; return false;  // a client was faster than we
    case ERROR_NO_DATA: error = boost::asio::error::connection_aborted; return false;
    default: error = last_error(); return false;
  }
}

void Acceptor::cancel(error_code& error) {
  error = {};
  if (state_->next.is_open()) state_->next.cancel(error);
}

void Acceptor::close(error_code& error) {
  state_->path.clear();
  error = {};
  if (!state_->next.is_open()) return;
  error_code ignored;
  state_->next.cancel(ignored);
  state_->next.close(error);
}

}  // namespace mercury::platform
