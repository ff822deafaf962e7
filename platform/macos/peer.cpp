// LOCAL_PEERCRED says who called connect() (or, seen from a client, listen()), with at most 16 groups, of which the
// first is the primary one: who is in more has lost some, so a full list is asked of the user database instead.
// LOCAL_PEERPID is another matter: the process that used the other end last, and an error once that end is closed. It
// is a name for people; nothing is decided by it.
#include "platform/peer.h"

#include <sys/socket.h>
#include <sys/ucred.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>

#include "platform/posix/credentials.h"
#include "platform/posix/descriptor.h"

namespace mercury::platform::posix {
namespace {

// 0 if the kernel does not say.
pid_t last_user_of(int socket) {
  pid_t pid = 0;
  socklen_t bytes = sizeof pid;
  return ::getsockopt(socket, SOL_LOCAL, LOCAL_PEERPID, &pid, &bytes) == 0 ? pid : 0;
}

}  // namespace

base::Result<Peer> peer_of_descriptor(int socket) {
  xucred credentials{};
  socklen_t bytes = sizeof credentials;
  if (::getsockopt(socket, SOL_LOCAL, LOCAL_PEERCRED, &credentials, &bytes) != 0) {
    return base::Error{"peer_unknown", "the kernel does not say who the peer is: " + reason(errno)};
  }
  const auto count = static_cast<int>(credentials.cr_ngroups);
  if (credentials.cr_version != XUCRED_VERSION || count < 1 || count > NGROUPS) {
    return base::Error{"peer_unknown", "the kernel says who the peer is in a form that we do not know"};
  }
  Peer peer{credentials.cr_uid, credentials.cr_groups[0], last_user_of(socket), std::to_string(credentials.cr_uid), {}};
  if (count < NGROUPS) {
    peer.groups.assign(credentials.cr_groups + 1, credentials.cr_groups + count);
  } else {
    peer.groups = groups_from_database(peer);
  }
  return peer;
}

}  // namespace mercury::platform::posix
