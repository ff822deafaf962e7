#include "cli/exit_code.h"

#include <array>
#include <string_view>
#include <utility>

namespace mercury::cli {
namespace {

constexpr std::array<std::pair<std::string_view, ExitCode>, 21> kCodes{{
    {"usage", ExitCode::Usage},
    {"arguments_invalid", ExitCode::Usage},
    {"not_running", ExitCode::NotRunning},
    {"not_a_socket", ExitCode::NotRunning},
    {"timed_out", ExitCode::TimedOut},
    {"handshake_timeout", ExitCode::TimedOut},
    {"closed", ExitCode::Unavailable},
    {"io_error", ExitCode::Unavailable},
    {"connections_max", ExitCode::Unavailable},
    {"users_max", ExitCode::Unavailable},
    {"stopping", ExitCode::Unavailable},
    {"slow_reader", ExitCode::Unavailable},
    {"version_unsupported", ExitCode::ProtocolMismatch},
    {"protocol_mismatch", ExitCode::ProtocolMismatch},
    {"command_unknown", ExitCode::ProtocolMismatch},
    {"frame_type_unknown", ExitCode::ProtocolMismatch},
    {"hello_invalid", ExitCode::ProtocolMismatch},
    {"permission_denied", ExitCode::NoPermission},
    {"foreign_owner", ExitCode::NoPermission},
    {"bad_address", ExitCode::Configuration},
    {"configuration", ExitCode::Configuration},
}};

}  // namespace

ExitCode exit_code_of(const base::Error& error) {
  for (const auto& [code, exit] : kCodes) {
    if (error.code == code) return exit;
  }
  return ExitCode::Internal;
}

}  // namespace mercury::cli
