// A pipe carries its access list itself, so it is read back and compared with what mercuryd gives a pipe.
#include "platform/address_access.h"

#include "platform/windows/pipe_security.h"
#include "platform/windows/win32.h"

namespace mercury::platform {

AddressAccess access_of(const Address& address, bool is_private) {
  const windows::Handle pipe(::CreateFileW(windows::wide(address.path).c_str(), FILE_READ_ATTRIBUTES | READ_CONTROL, 0,
                                           nullptr, OPEN_EXISTING, SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION,
                                           nullptr));
  if (!pipe) return {address.path + " cannot be looked at: " + windows::reason(::GetLastError()), "check who owns it"};
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  const SECURITY_INFORMATION parts = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
  wchar_t* text = nullptr;
  const DWORD error =
      ::GetSecurityInfo(pipe.get(), SE_KERNEL_OBJECT, parts, nullptr, nullptr, nullptr, nullptr, &descriptor);
  const windows::LocalMemory memory(descriptor);
  if (error != ERROR_SUCCESS ||
      ::ConvertSecurityDescriptorToStringSecurityDescriptorW(descriptor, SDDL_REVISION_1, parts, &text, nullptr) == 0) {
    return {address.path + " does not show its access list: " + windows::reason(error), "check who owns it"};
  }
  const windows::LocalMemory text_memory(text);
  AddressAccess out{address.path + " has " + windows::narrow(text), ""};
  const std::string owner = windows::owner_of(pipe.get());
  using Kind = ListenOptions::Kind;
  const bool as_made = windows::narrow(text) == windows::pipe_sddl(Kind::Private, owner) ||
                       (!is_private && windows::narrow(text) == windows::pipe_sddl(Kind::System, owner));
  if (!as_made) {
    out.finding += ", which is not what mercuryd gives a pipe";
    out.remedy = "end the process that made it";
  }
  return out;
}

}  // namespace mercury::platform
