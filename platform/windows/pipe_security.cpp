#include "platform/windows/pipe_security.h"

namespace mercury::platform::windows {

std::string pipe_sddl(ListenOptions::Kind kind, const std::string& user) {
  std::string sddl = "O:" + user + "D:P(D;;FA;;;NU)(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;" + user + ")";
  if (kind == ListenOptions::Kind::System) sddl += "(A;;0x12019b;;;AU)";
  return sddl;
}

}  // namespace mercury::platform::windows
