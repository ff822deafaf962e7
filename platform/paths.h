// Where things are: the daemon's address, its state and its configuration.
//
// A client and a daemon that never met must work out the same address, in C++ and in Python, so the rule is a pure
// function of an Environment and proto/vectors/paths.json holds both languages to it:
//
//   1. $XDG_RUNTIME_DIR/mercury/mercuryd-1.sock      if the variable is an absolute path
//   2. /run/user/UID/mercury/mercuryd-1.sock         if that directory is ours
//   3. $TMPDIR/mercury-UID/mercuryd-1.sock           if the variable is an absolute path (macOS: the user's own
//                                                    temporary directory comes first)
//   4. /tmp/mercury-UID/mercuryd-1.sock
//   5. a result of 1-4 over 103 bytes: /tmp/mercury-UID/m-HHHHHHHHHHHH.sock, where H are the first 12 of the 16
//      lower-case hex digits of FNV-1a 64 over the bytes of the whole path that was too long
//
// An empty variable counts as unset; trailing slashes are dropped; lengths are bytes, not characters; "1" is the
// protocol's major version. 103 bytes is what fits `sun_path` with its zero byte on every system we know.
//
// The host's own daemon is at /run/mercury/mercuryd.sock, on macOS at /var/db/mercury/mercuryd.sock.
//
// On Windows an address is a pipe (`\\.\pipe\mercuryd-1-<user SID>`, `\\.\pipe\mercuryd`) and rule 5 never applies.
//
// Thread rules: pure functions, except this_environment(), which reads the process environment and must not race
// with a setenv(). Cost: a few small strings.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mercury::platform {

inline constexpr std::size_t kAddressBytesMax = 103;

// All that the rules above ask of the world; a test writes its own.
struct Environment {
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::string user;                      // this user's identity: the decimal uid, or the SID on Windows
  bool run_user_is_ours = false;         // /run/user/UID is a directory and belongs to this user
  std::string user_temporary_directory;  // macOS only (confstr); empty elsewhere
  std::string home;                      // from the user database, for a process without $HOME; may be empty
};

Environment this_environment();

// Whose daemon: one user's, started on demand, or the host's.
enum class Scope { Private, System };

struct Address {
  std::string path;  // the socket's absolute path (on Windows the pipe's name)

  [[nodiscard]] std::string text() const;  // as a user writes it: unix:///run/mercury/mercuryd.sock
  friend bool operator==(const Address&, const Address&) = default;
};

Address private_address(const Environment& environment);
Address system_address();

// `unix:///path`, or a bare absolute path (everything after `unix://` is the path, nothing is percent-decoded).
// Fails with `bad_address` on another scheme, a relative or empty path, a zero byte, or more than kAddressBytesMax.
base::Result<Address> parse_address(std::string_view text);

// What it takes, for a sentence: "unix:///path/of/the/socket, of at most 103 bytes".
std::string_view address_rule();

struct Candidate {
  enum class Origin { Named, Private, System };  // Named: a flag or MERCURY_ADDRESS said so
  Address address;
  Origin origin;
};

// Where to look for a daemon, in order: `named` (a flag or a setting) alone if it is not empty, else
// MERCURY_ADDRESS alone if it is not empty, else the private address and then the system's.
base::Result<std::vector<Candidate>> candidates(const Environment& environment, std::string_view named = {});

// Private: $XDG_STATE_HOME/mercury, else ~/.local/state/mercury. System: the first entry of $STATE_DIRECTORY
// (systemd sets it), else /var/lib/mercury, on macOS /var/db/mercury/state. Fails with `no_home` if a private one has
// nowhere to be.
base::Result<std::string> state_directory(const Environment& environment, Scope scope);

// Whether a path means the same wherever a process stands: `/srv/x`, on Windows `C:\x` or `\\server\share`.
bool is_absolute(std::string_view path);

// The path of a file in a directory, with the system's separator.
std::string file_in(const std::string& directory, std::string_view name);

// Configuration files from the most general to the most particular; a later one overrides. They need not exist.
std::vector<std::string> config_files(const Environment& environment);

// The first 12 hex digits of FNV-1a 64 over `bytes`. Not a secret and not a signature: it keeps two names apart.
std::string short_hash(std::string_view bytes);

}  // namespace mercury::platform
