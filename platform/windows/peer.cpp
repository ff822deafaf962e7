// Who a client is, the pipe knows: its token can be borrowed for a moment. A client that allows identification only
// (ours do) lends a token that nothing can be done with but to look at it.
#include "platform/peer.h"

#include <algorithm>
#include <array>

#include "platform/windows/peer.h"
#include "platform/windows/win32.h"

namespace mercury::platform {
namespace {

constexpr std::uint32_t kAdministrators = 544;  // the last number of their SID, and what `groups` may hold here

bool is_administrator(HANDLE token) {
  PSID sid = nullptr;
  if (::ConvertStringSidToSidW(windows::wide(windows::kAdministratorsSid).c_str(), &sid) == 0) return false;
  const windows::LocalMemory memory(sid);
  BOOL member = FALSE;
  return ::CheckTokenMembership(token, sid, &member) != 0 && member != FALSE;
}

void describe(HANDLE token, bool impersonated, Peer& peer) {
  peer.user = windows::user_of_token(token);
  if (impersonated && is_administrator(token)) peer.groups.push_back(kAdministrators);
}

// The token that the client lent with its connection; false if it lent none.
bool ask_pipe(HANDLE pipe, Peer& peer) {
  if (::ImpersonateNamedPipeClient(pipe) == 0) return false;
  HANDLE token = nullptr;
  const bool opened = ::OpenThreadToken(::GetCurrentThread(), TOKEN_QUERY, TRUE, &token) != 0;
  const windows::Handle owned(token);
  ::RevertToSelf();
  if (opened) describe(owned.get(), true, peer);
  return opened && !peer.user.empty();
}

bool ask_process(Peer& peer) {
  const windows::Handle process(::OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, static_cast<DWORD>(peer.pid)));
  HANDLE token = nullptr;
  if (!process || ::OpenProcessToken(process.get(), TOKEN_QUERY, &token) == 0) return false;
  describe(windows::Handle(token).get(), false, peer);
  return !peer.user.empty();
}

}  // namespace

base::Result<Peer> peer_of(Stream& stream) {
  Peer peer;
  ULONG pid = 0;
  if (::GetNamedPipeClientProcessId(stream.native_handle(), &pid) != 0) peer.pid = static_cast<std::int64_t>(pid);
  if (ask_pipe(stream.native_handle(), peer) || (pid != 0 && ask_process(peer))) return peer;
  return base::Error{"peer_unknown", "the system does not say who the peer is: " + windows::reason(::GetLastError())};
}

namespace windows {

base::Result<Peer> server_of(HANDLE pipe) {
  Peer peer;
  ULONG pid = 0;
  if (::GetNamedPipeServerProcessId(pipe, &pid) != 0) peer.pid = static_cast<std::int64_t>(pid);
  peer.user = owner_of(pipe);
  if (peer.user.empty()) return base::Error{"peer_unknown", "the system does not say whose pipe it is"};
  return peer;
}

}  // namespace windows

// Windows has a group for those who may do everything, so no other is asked for.
std::optional<std::uint32_t> group_id(const std::string&) { return kAdministrators; }

bool is_member(const Peer& peer, std::uint32_t group) {
  return (group == kAdministrators && peer.user == windows::kSystemSid) ||
         std::ranges::find(peer.groups, group) != peer.groups.end();
}

std::string user_id() { return windows::own_sid(); }

std::string user_name(const std::string& user) { return windows::account_name(user); }

std::string user_of_name(const std::string& name) {
  std::array<std::byte, SECURITY_MAX_SID_SIZE> sid{};
  std::array<wchar_t, 256> domain{};
  auto sid_size = static_cast<DWORD>(sid.size()), domain_size = static_cast<DWORD>(domain.size());
  SID_NAME_USE use{};
  if (::LookupAccountNameW(nullptr, windows::wide(name).c_str(), sid.data(), &sid_size, domain.data(), &domain_size,
                           &use) == 0) {
    return name;
  }
  return windows::sid_text(sid.data());
}

}  // namespace mercury::platform
