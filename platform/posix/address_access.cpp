// Whoever may write to the socket's directory can take the daemon's place.
#include "platform/address_access.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "platform/posix/descriptor.h"

namespace mercury::platform {

AddressAccess access_of(const Address& address, bool is_private) {
  const std::string directory = posix::directory_of(address.path);
  struct stat facts {};
  if (::stat(directory.c_str(), &facts) != 0) {
    return {directory + " cannot be looked at: " + posix::reason(errno), "check who owns it"};
  }
  const mode_t mode = facts.st_mode & 07777U;
  std::array<char, 8> octal{};
  std::snprintf(octal.data(), octal.size(), "%04o", static_cast<unsigned>(mode));
  AddressAccess out{directory + " has mode " + octal.data(), ""};
  if (is_private && mode != 0700) {
    out.finding += ", a private one must have 0700";
    out.remedy = "chmod 0700 '" + directory + "'";
  } else if ((mode & (S_IWGRP | S_IWOTH)) != 0 && (mode & S_ISVTX) == 0) {
    out.finding += ", so others can replace the socket";
    out.remedy = "chmod go-w '" + directory + "'";
  }
  return out;
}

}  // namespace mercury::platform
