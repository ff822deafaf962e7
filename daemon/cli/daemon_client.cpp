#include "cli/daemon_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/exit_code.h"
#include "cli/field.h"
#include "cli/text.h"
#include "platform/peer.h"
#include "platform/process.h"
#include "proto/limits.h"

namespace mercury::cli {
namespace {

using base::Error;
using base::Result;
using base::Status;
using nlohmann::json;
using platform::Deadline;

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::chrono::milliseconds kByeTime{100};

std::chrono::milliseconds left_until(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Deadline::clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

Error error_of(std::string_view payload) {
  const Result<wire::ErrorFrame> sent = wire::decode_error(payload);
  if (!sent) return {"protocol_mismatch", "the daemon sent an error that cannot be read: " + sent.error().sentence};
  return {printable(sent->code), printable(sent->sentence)};
}

// Both versions and both ranges, from a REJECT that says `version_unsupported`.
Error skew(const json& reject, const std::string& address, const std::string& version) {
  const std::string daemon = field::text(reject, {"daemon"});
  const auto bound = [&](const char* key) {
    return static_cast<std::int64_t>(std::clamp(field::number_or(reject, {"required", key}, 0), 0.0, 1e6));
  };
  return {
      "version_unsupported",
      fmt::format("mercuryctl {} speaks protocol {}, the daemon at {}{} speaks {}; install the same version of both",
                  version, range_text(wire::kProtocolMin, wire::kProtocolMax), address,
                  daemon.empty() ? "" : fmt::format(" ({})", daemon), range_text(bound("min"), bound("max")))};
}

}  // namespace

std::string range_text(std::int64_t min, std::int64_t max) {
  return min == max ? std::to_string(min) : fmt::format("{} to {}", min, max);
}

Result<platform::ClientStream> connect_to(const platform::Candidate& candidate, Deadline deadline) {
  const bool is_private = candidate.origin == platform::Candidate::Origin::Private;
  return platform::ClientStream::connect(candidate.address, left_until(deadline),
                                         is_private ? platform::Expect::OwnUser : platform::Expect::Anyone);
}

Result<DaemonClient> DaemonClient::open(platform::ClientStream stream, std::string address, const std::string& version,
                                        Deadline deadline) {
  DaemonClient client(std::move(stream), std::move(address));
  if (Status hands = client.shake_hands(version, deadline); !hands) return hands.error();
  return client;
}

Status DaemonClient::shake_hands(const std::string& version, Deadline deadline) {
  wire::Hello hello;
  hello.protocol_min = wire::kProtocolMin;
  hello.protocol_max = wire::kProtocolMax;
  hello.client = "mercuryctl/" + version;
  hello.pid = platform::process_id();
  // A daemon that refuses before it has read may close at once: what it said is then still to be read.
  if (Status sent = stream_.write_all(wire::encode_hello(hello), deadline); !sent && sent.error().code != "closed") {
    return sent;
  }
  const Result<wire::Frame> frame = read_frame(deadline);
  if (!frame) return frame.error();
  if (frame->is(wire::FrameType::Reject)) {
    const Error error = error_of(frame->text());
    if (error.code != "version_unsupported") return error;
    return skew(json::parse(frame->text(), nullptr, false), address_, version);
  }
  if (!frame->is(wire::FrameType::Welcome))
    return mismatch(fmt::format("it answers HELLO with frame type {}", frame->type));
  Result<wire::Welcome> welcome = wire::decode_welcome(frame->text());
  if (!welcome) return mismatch(welcome.error().in("WELCOME").sentence);
  if (welcome->protocol < wire::kProtocolMin || welcome->protocol > wire::kProtocolMax) {
    return Error{
        "version_unsupported",
        fmt::format(
            "mercuryctl {} speaks protocol {}, the daemon at {} ({}) chose {}; install the same version of both",
            version, range_text(wire::kProtocolMin, wire::kProtocolMax), address_, printable(welcome->daemon),
            welcome->protocol)};
  }
  welcome_ = std::move(*welcome);
  return base::Done{};
}

Status DaemonClient::send_command(const std::string& command, const Arguments& arguments, Deadline deadline) {
  wire::Command sent;
  sent.request_id = ++request_id_;
  sent.command = command;
  for (const auto& argument : arguments) {
    if (!argument.second.empty()) sent.arguments.push_back(argument);
  }
  const std::string bytes = wire::encode_command(sent);
  if (bytes.size() - wire::kFrameHeaderBytes > static_cast<std::size_t>(limits::command_bytes_max)) {
    return Error{"usage", fmt::format("the arguments are {} bytes long, a command may have {}",
                                      bytes.size() - wire::kFrameHeaderBytes, limits::command_bytes_max)};
  }
  const Status status = stream_.write_all(bytes, deadline);
  // As in the handshake: an ERROR may lie there to be read.
  return !status && status.error().code == "closed" ? Status(base::Done{}) : status;
}

Result<json> DaemonClient::next_reply(Deadline deadline) {
  for (;;) {
    const Result<wire::Frame> frame = read_frame(deadline);
    if (!frame) return frame.error();
    if (frame->is(wire::FrameType::Goaway)) continue;  // it still answers what was asked
    if (!frame->is(wire::FrameType::Reply)) return mismatch(fmt::format("it answers with frame type {}", frame->type));
    json reply = json::parse(frame->text(), nullptr, false);
    if (!reply.is_object()) return mismatch("its reply is not a JSON object");
    if (field::number(reply, {"request_id"}) != static_cast<double>(request_id_)) continue;
    if (const json& error = field::at(reply, {"error"}); error.is_object()) {
      return Error{field::text(error, {"code"}), field::text(error, {"sentence"})};
    }
    return reply;
  }
}

Result<json> DaemonClient::rows(const std::string& command, const Arguments& arguments, Deadline deadline) {
  if (Status sent = send_command(command, arguments, deadline); !sent) return sent.error();
  json all = json::array();
  for (;;) {
    Result<json> reply = next_reply(deadline);
    if (!reply) return reply.error();
    if (const auto rows = reply->find("rows"); rows != reply->end() && rows->is_array()) {
      for (json& row : *rows) {
        if (row.is_object()) all.push_back(std::move(row));
      }
    }
    const json& more = field::at(*reply, {"more"});
    if (!more.is_boolean()) return mismatch("its reply does not say whether more follows");
    if (!more.get<bool>()) return all;
  }
}

Result<json> DaemonClient::result(const std::string& command, const Arguments& arguments, Deadline deadline) {
  if (Status sent = send_command(command, arguments, deadline); !sent) return sent.error();
  Result<json> reply = next_reply(deadline);
  if (!reply) return reply.error();
  json found = field::at(*reply, {"result"});
  if (!found.is_object()) return mismatch("its reply to " + command + " has no result");
  const json& schema = field::at(*reply, {"schema_version"});
  if (!found.contains("schema_version") && schema.is_number()) found["schema_version"] = schema;
  return found;
}

void DaemonClient::leave() {
  const Status said =
      stream_.write_all(wire::encode_frame(wire::FrameType::Bye, ""), Deadline::clock::now() + kByeTime);
  if (!said) return;  // it is gone already
  stream_.close();
}

Result<wire::Frame> DaemonClient::read_frame(Deadline deadline) {
  for (;;) {
    const auto next = decoder_.next();
    if (!next) return mismatch(next.error().sentence);
    if (const auto& frame = *next) {
      if (frame->is(wire::FrameType::Error)) return error_of(frame->text());
      if (frame->type == 0 || frame->type > wire::kFrameTypeLast) continue;  // optional and unknown
      return *frame;
    }
    const auto count = stream_.read_some(decoder_.prepare(kReadBytes), deadline);
    if (!count) return count.error().in(address_);
    if (*count == 0)
      return Error{"closed", fmt::format("the daemon at {} closed the connection before it had answered", address_)};
    decoder_.commit(*count);
  }
}

Error DaemonClient::mismatch(const std::string& why) const {
  return {"protocol_mismatch", fmt::format("what answers at {} does not speak mercury's protocol {}: {}", address_,
                                           range_text(wire::kProtocolMin, wire::kProtocolMax), printable(why))};
}

Result<DaemonClient> find_daemon(const std::vector<platform::Candidate>& candidates, const std::string& version,
                                 Deadline deadline, std::vector<Attempt>& attempts) {
  for (const platform::Candidate& candidate : candidates) {
    auto stream = connect_to(candidate, deadline);
    if (stream) return DaemonClient::open(std::move(*stream), candidate.address.text(), version, deadline);
    if (stream.error().code == "timed_out") return stream.error();
    attempts.push_back({candidate, stream.error()});
  }
  if (attempts.size() == 1 && exit_code_of(attempts.front().error) == ExitCode::NoPermission) {
    return attempts.front().error;
  }
  return Error{"not_running", "no daemon is running"};
}

}  // namespace mercury::cli
