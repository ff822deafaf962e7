// A reader's connection to a daemon: HELLO without an incarnation, WELCOME, then COMMAND and its REPLY rows.
//
//   Result<DaemonClient> daemon = find_daemon(candidates, version, deadline, attempts);
//   Result<json> rows = daemon->rows("routes", {{"window", "1m"}}, deadline);
//
// Whatever answers at the address is not trusted to be a daemon, nor to answer at all: every wait has the caller's
// deadline, every frame its limit, and a reply that is not what PROTOCOL.md says is an error and not a page.
// It never starts a daemon.
//
// Codes, beside those of platform/stream.h and those that the daemon sends (ERROR, REJECT, REPLY):
//   version_unsupported  no common protocol version; the sentence names both versions and ranges
//   protocol_mismatch    what answers does not speak this protocol
//   closed               the connection ended before the answer did
//
// Thread rules: one thread at a time. Ownership: owns the connection. After an error it is of no more use, except
// after an `error` in a REPLY (permission_denied, arguments_invalid, command_unknown, internal).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "platform/paths.h"
#include "platform/peer.h"
#include "platform/stream.h"
#include "wire/frame.h"
#include "wire/messages.h"

namespace mercury::cli {

using Arguments = std::vector<std::pair<std::string, std::string>>;

class DaemonClient {
 public:
  // The handshake over a connected stream. `address` and mercuryctl's own `version` are for HELLO and for sentences.
  static base::Result<DaemonClient> open(platform::ClientStream stream, std::string address, const std::string& version,
                                         platform::Deadline deadline);

  // The rows of a command that answers with rows, as an array; the result of one that answers with a result, as an
  // object. Arguments that are empty are not sent.
  base::Result<nlohmann::json> rows(const std::string& command, const Arguments& arguments,
                                    platform::Deadline deadline);
  base::Result<nlohmann::json> result(const std::string& command, const Arguments& arguments,
                                      platform::Deadline deadline);

  // BYE, so that the daemon need not wait for a reader that is done. Failing to say it is no failure.
  void leave();

  [[nodiscard]] const wire::Welcome& welcome() const { return welcome_; }
  // As a user writes it: unix:///run/mercury/mercuryd.sock
  [[nodiscard]] const std::string& address() const { return address_; }
  // Who the daemon runs as.
  [[nodiscard]] base::Result<platform::Peer> peer() const { return stream_.peer(); }

 private:
  DaemonClient(platform::ClientStream stream, std::string address)
      : stream_(std::move(stream)), address_(std::move(address)) {}

  base::Status shake_hands(const std::string& version, platform::Deadline deadline);
  base::Status send_command(const std::string& command, const Arguments& arguments, platform::Deadline deadline);
  // The payload of the next REPLY to the last command.
  base::Result<nlohmann::json> next_reply(platform::Deadline deadline);
  base::Result<wire::Frame> read_frame(platform::Deadline deadline);
  [[nodiscard]] base::Error mismatch(const std::string& why) const;

  platform::ClientStream stream_;
  std::string address_;
  wire::FrameDecoder decoder_;
  wire::Welcome welcome_;
  std::int64_t request_id_ = 0;  // of the last command
};

// "1" or "1 to 3".
std::string range_text(std::int64_t min, std::int64_t max);

base::Result<platform::ClientStream> connect_to(const platform::Candidate& candidate, platform::Deadline deadline);

// Where a daemon was looked for and why it was not to be had.
struct Attempt {
  platform::Candidate candidate;
  base::Error error;
};

// The first candidate that accepts a connection, or the error of its handshake. If none accepts: `not_running`, and
// `attempts` says what happened at each; if only one was asked for, which is there but closed to us, its own error.
base::Result<DaemonClient> find_daemon(const std::vector<platform::Candidate>& candidates, const std::string& version,
                                       platform::Deadline deadline, std::vector<Attempt>& attempts);

}  // namespace mercury::cli
