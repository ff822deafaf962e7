// Who may connect to an address, or take a daemon's place there: for `mercuryctl doctor`.
//
// Thread rules: any thread. Cost: a few system calls. Failure: what cannot be found out is a trouble, too.
#pragma once

#include <string>

#include "platform/paths.h"

namespace mercury::platform {

struct AddressAccess {
  std::string finding;  // "/run/mercury has mode 0755", and what is wrong with that
  std::string remedy;   // a command, or what to look at; empty: nothing is wrong
};

AddressAccess access_of(const Address& address, bool is_private);

}  // namespace mercury::platform
