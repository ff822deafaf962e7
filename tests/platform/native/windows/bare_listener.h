// Somebody who listens at an address without the code under test, and has room for one client that is not accepted.
#pragma once

#include <cstdlib>
#include <string>

#include "platform/paths.h"
#include "platform/windows/win32.h"

namespace mercury::platform::testing {

class BareListener {
 public:
  // `owner`: whose the pipe is, as SDDL has it.
  explicit BareListener(const Address& address, const std::string& owner = windows::own_sid()) {
    PSECURITY_DESCRIPTOR descriptor = nullptr;
    const std::string sddl = "O:" + owner + "D:P(A;;FA;;;WD)";
    if (::ConvertStringSecurityDescriptorToSecurityDescriptorW(windows::wide(sddl).c_str(), SDDL_REVISION_1,
                                                               &descriptor, nullptr) == 0) {
      std::abort();
    }
    const windows::LocalMemory memory(descriptor);
    SECURITY_ATTRIBUTES attributes{sizeof attributes, descriptor, FALSE};
    pipe_ = windows::Handle(::CreateNamedPipeW(windows::wide(address.path).c_str(), PIPE_ACCESS_DUPLEX,
                                               PIPE_TYPE_BYTE | PIPE_NOWAIT, 1, 512, 512, 0, &attributes));
    if (!pipe_) std::abort();
  }

  // Sends the client away that waits, so that the next one has its place.
  void make_room() {
    ::DisconnectNamedPipe(pipe_.get());
    ::ConnectNamedPipe(pipe_.get(), nullptr);  // PIPE_NOWAIT: it only says that a client may come
  }

 private:
  windows::Handle pipe_;
};

}  // namespace mercury::platform::testing
