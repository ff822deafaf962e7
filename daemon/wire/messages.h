// The JSON frames of the control plane: HELLO, WELCOME, REJECT, GOAWAY, ERROR, COMMAND (PROTOCOL.md §3, §7–§9).
//
// Decoders ignore unknown keys and give `hello_invalid` or `json_invalid` with the key, its value and what is
// wanted. Encoders return whole frames. Text that is not UTF-8 is shown with replacement characters. REPLY
// frames are put together by `session`, whose rows come from `view`. Pure functions; nlohmann/json stays in the
// .cpp file.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/loss.h"
#include "model/verdict.h"

namespace mercury::wire {

inline constexpr int kProtocolMin = 1;
inline constexpr int kProtocolMax = 1;
inline constexpr std::string_view kReportCapability = "report";

struct Hello {
  int protocol_min = 0;
  int protocol_max = 0;
  std::string client;
  std::string incarnation;  // empty: a reader
  std::uint64_t next_unit = 1;
  std::uint64_t created = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t buffered = 0;
  std::array<std::uint64_t, model::kDropReasons> dropped{};
  std::int64_t pid = 0;
  std::string service, environment, run, release;
  std::vector<std::string> capabilities;
  model::Thresholds thresholds;
  std::vector<model::IgnoreRule> ignore;  // at most ignore_rules_max, each with a reason
};

struct Welcome {
  int protocol = kProtocolMax;
  std::string daemon;
  std::int64_t pid = 0;
  std::string address;
  std::vector<std::string> capabilities;
  std::optional<std::uint64_t> acknowledged;  // for a client
};

struct ErrorFrame {
  std::string code;
  std::string sentence;
  std::uint64_t number = 0;  // 0: not known, sent as null
};

struct Command {
  std::int64_t request_id = 0;
  std::string command;
  // Arguments are few and all text; a number in JSON is taken as its text, anything else is json_invalid.
  std::vector<std::pair<std::string, std::string>> arguments;

  [[nodiscard]] std::string_view argument(std::string_view name) const;  // "" if absent
};

base::Result<Hello> decode_hello(std::string_view json);
base::Result<Command> decode_command(std::string_view json);

std::string encode_hello(const Hello& hello);
std::string encode_command(const Command& command);
std::string encode_welcome(const Welcome& welcome);
// With `required`: the versions that this daemon speaks.
std::string encode_reject(const base::Error& error, std::string_view daemon);
std::string encode_goaway(std::string_view reason, std::int64_t drain_ms);
std::string encode_error(const ErrorFrame& error);

// What a peer of the daemon reads (mercuryctl, tests).
base::Result<Welcome> decode_welcome(std::string_view json);
base::Result<ErrorFrame> decode_error(std::string_view json);  // of ERROR and of REJECT

}  // namespace mercury::wire
