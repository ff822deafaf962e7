// The answer to one COMMAND, made a few rows at a time.
//
// A ReplyStream knows which rows it has yet to write; next() writes REPLY frames until `more_time` says no or
// everything is said. Rows are taken from the engine when they are written, so a row that was forgotten in
// between is left out and a long listing never copies the tables. make_reply() checks the arguments and the
// right to see and to do (PROTOCOL.md §8); a refused command is a stream of one frame, the error.
//
// Threads: the loop's. Cost: what the rows cost.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "session/registry.h"
#include "wire/messages.h"

namespace mercury::session {

struct PeerIdentity;

class ReplyStream {
 public:
  virtual ~ReplyStream() = default;
  // Appends frames to `out`; false when the last one is written. Ask `more_time` between rows.
  virtual bool next(std::string& out, base::Time now, const std::function<bool()>& more_time) = 0;
};

std::unique_ptr<ReplyStream> make_reply(const wire::Command& command, const PeerIdentity& peer, Registry& registry);

}  // namespace mercury::session
