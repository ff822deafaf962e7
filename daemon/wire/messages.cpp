#include "wire/messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "proto/limits.h"
#include "wire/frame.h"

namespace mercury::wire {
namespace {

using base::Error;
using json = nlohmann::json;

constexpr std::size_t kLabelBytesMax = 128;
constexpr std::size_t kIncarnationChars = 32;
constexpr std::uint64_t kThresholdMax = std::uint64_t{1} << 48U;
constexpr std::uint64_t kCountMax = std::uint64_t{1} << 48U;  // of anything one client can have counted

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }
std::string frame_of(FrameType type, const json& value) { return encode_frame(type, dump(value)); }

// A short, printable form of an offending value.
std::string shown(const json& value) {
  // Only what can not nest is written out: writing recurses, and a stranger decides how deep.
  if (value.is_structured()) return value.is_array() ? "a list" : "an object";
  std::string text = dump(value);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

// Reads keys of one object; the first fault is kept and named, later reads give defaults.
class Reader {
 public:
  Reader(const json& object, std::string code) : object_(object), code_(std::move(code)) {}

  std::uint64_t number(const char* key, std::uint64_t missing = 0) {
    const json* value = find(key);
    if (value == nullptr) return missing;
    if (value->is_number_unsigned()) return value->get<std::uint64_t>();
    wrong(key, *value, "a whole number of at least 0");
    return missing;
  }
  std::string text(const char* key) {
    const json* value = find(key);
    if (value == nullptr) return {};
    if (value->is_string()) return value->get<std::string>();
    wrong(key, *value, "a string");
    return {};
  }
  std::string label(const char* key) {
    std::string out = text(key);
    if (out.size() > kLabelBytesMax) out.resize(kLabelBytesMax);
    return out;
  }
  const json& object(const char* key) {
    static const json kNone = json::object();
    const json* value = find(key);
    if (value == nullptr) return kNone;
    if (value->is_object()) return *value;
    wrong(key, *value, "an object");
    return kNone;
  }
  bool require(const char* key) {
    if (find(key) != nullptr) return true;
    fail(fmt::format("the key '{}' is missing", key));
    return false;
  }
  void fail(std::string sentence) {
    if (!error_) error_ = Error{code_, std::move(sentence)};
  }
  void wrong(const char* key, const json& value, std::string_view wanted) {
    fail(fmt::format("'{}' is {}, it must be {}", key, shown(value), wanted));
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  void take(const Reader& other) {
    if (!error_) error_ = other.error_;
  }

 private:
  const json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  const json& object_;
  std::string code_;
  std::optional<Error> error_;
};

bool is_incarnation(const std::string& text) {
  return text.size() == kIncarnationChars &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

void read_totals(Reader& in, Hello& hello) {
  const json& totals = in.object("totals");
  Reader counts(totals, "hello_invalid");
  hello.created = counts.number("created");
  hello.acknowledged = counts.number("acknowledged");
  hello.buffered = counts.number("buffered");
  Reader reasons(counts.object("dropped"), "hello_invalid");
  for (std::size_t i = 0; i < model::kDropReasons; ++i) {
    const std::string key(name_of(static_cast<model::DropReason>(i + 1)));
    hello.dropped[i] = reasons.number(key.c_str());
  }
  in.take(counts);
  in.take(reasons);
  std::uint64_t accounted = hello.acknowledged;
  bool in_range = hello.created <= kCountMax && hello.acknowledged <= kCountMax;
  for (const std::uint64_t dropped : hello.dropped) {
    in_range = in_range && dropped <= kCountMax;
    accounted += in_range ? dropped : 0;
  }
  if (!in_range || accounted > hello.created) {
    in.fail(fmt::format("'totals' do not add up: {} created, {} acknowledged and dropped", hello.created, accounted));
  }
}

json totals_of(const Hello& hello) {
  json dropped = json::object();
  for (std::size_t i = 0; i < model::kDropReasons; ++i) {
    if (hello.dropped[i] > 0) dropped[std::string(name_of(static_cast<model::DropReason>(i + 1)))] = hello.dropped[i];
  }
  return {{"created", hello.created},
          {"acknowledged", hello.acknowledged},
          {"buffered", hello.buffered},
          {"dropped", dropped}};
}

// Numbers of 1 and more replace the defaults; what is none is left as it is: a typing error is the client's to tell.
model::Thresholds thresholds_of(const json& hello) {
  model::Thresholds out;
  const auto found = hello.find("thresholds");
  if (found == hello.end() || !found->is_object()) return out;
  const auto read = [&](const char* key, auto& to) {
    const auto value = found->find(key);
    if (value != found->end() && value->is_number_unsigned() && value->template get<std::uint64_t>() > 0) {
      to = std::min<std::uint64_t>(value->template get<std::uint64_t>(), kThresholdMax);
    }
  };
  read("n_plus_one_threshold", out.n_plus_one);
  read("loop_calls_min", out.loop_calls_min);
  read("slow_query_ns", out.slow_query_ns);
  read("polling_gap_ns", out.polling_gap_ns);
  read("response_ms", out.response_ms);
  read("queries", out.queries);
  return out;
}

std::vector<model::IgnoreRule> ignore_of(const json& hello) {
  std::vector<model::IgnoreRule> out;
  const auto found = hello.find("ignore");
  if (found == hello.end() || !found->is_array()) return out;
  for (const json& rule : *found) {
    if (!rule.is_object() || out.size() == static_cast<std::size_t>(limits::ignore_rules_max)) continue;
    const auto text = [&](const char* key) {
      const auto value = rule.find(key);
      return value != rule.end() && value->is_string() ? value->get<std::string>() : std::string();
    };
    model::IgnoreRule read{text("kind"),  text("route"),  text("file"), text("function"),
                           text("field"), text("reason"), text("until")};
    if (!read.reason.empty()) out.push_back(std::move(read));
  }
  return out;
}

base::Result<json> parse_object(std::string_view text, const char* code) {
  json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) return Error{code, "the payload is not JSON"};
  if (!value.is_object()) return Error{code, fmt::format("the payload is {}, it must be an object", shown(value))};
  return value;
}

}  // namespace

std::string_view Command::argument(std::string_view name) const {
  for (const auto& [key, value] : arguments) {
    if (key == name) return value;
  }
  return {};
}

base::Result<Hello> decode_hello(std::string_view text) {
  auto value = parse_object(text, "hello_invalid");
  if (!value) return value.error();
  Reader in(*value, "hello_invalid");
  Hello out;
  in.require("protocol");
  Reader range(in.object("protocol"), "hello_invalid");
  for (const auto& [key, field] : {std::pair{"min", &out.protocol_min}, std::pair{"max", &out.protocol_max}}) {
    range.require(key);
    *field = static_cast<int>(std::min<std::uint64_t>(range.number(key), 1'000'000));
  }
  in.take(range);
  out.client = in.label("client");
  out.incarnation = in.text("incarnation");
  if (!out.incarnation.empty()) {
    if (!is_incarnation(out.incarnation)) in.wrong("incarnation", out.incarnation, "32 lower-case hex digits");
    in.require("next_unit");
    in.require("totals");
  }
  out.next_unit = in.number("next_unit", 1);
  read_totals(in, out);
  out.pid = static_cast<std::int64_t>(in.number("pid"));
  out.service = in.label("service");
  out.environment = in.label("environment");
  out.run = in.label("run");
  out.release = in.label("release");
  if (const auto found = value->find("capabilities"); found != value->end() && found->is_array()) {
    for (const json& item : *found) {
      if (item.is_string()) out.capabilities.push_back(item.get<std::string>());
    }
  }
  out.thresholds = thresholds_of(*value);
  out.ignore = ignore_of(*value);
  if (in.error()) return *in.error();
  return out;
}

base::Result<Command> decode_command(std::string_view text) {
  auto value = parse_object(text, "json_invalid");
  if (!value) return value.error();
  Reader in(*value, "json_invalid");
  Command out;
  in.require("request_id");
  in.require("command");
  out.request_id = static_cast<std::int64_t>(in.number("request_id"));
  out.command = in.text("command");
  for (const auto& [key, item] : in.object("arguments").items()) {
    if (item.is_string()) {
      out.arguments.emplace_back(key, item.get<std::string>());
    } else if (item.is_number() || item.is_boolean()) {
      out.arguments.emplace_back(key, dump(item));
    } else if (!item.is_null()) {
      in.wrong(key.c_str(), item, "text or a number");
    }
  }
  if (in.error()) return *in.error();
  return out;
}

std::string encode_hello(const Hello& hello) {
  json value = {{"protocol", {{"min", hello.protocol_min}, {"max", hello.protocol_max}}},
                {"client", hello.client},
                {"pid", hello.pid},
                {"service", hello.service},
                {"environment", hello.environment},
                {"run", hello.run},
                {"release", hello.release},
                {"capabilities", hello.capabilities}};
  if (!hello.incarnation.empty()) {
    value["incarnation"] = hello.incarnation;
    value["next_unit"] = hello.next_unit;
    value["totals"] = totals_of(hello);
  }
  return frame_of(FrameType::Hello, value);
}

std::string encode_command(const Command& command) {
  json arguments = json::object();
  for (const auto& [key, value] : command.arguments) arguments[key] = value;
  return frame_of(FrameType::Command,
                  {{"request_id", command.request_id}, {"command", command.command}, {"arguments", arguments}});
}

std::string encode_welcome(const Welcome& welcome) {
  json value = {{"protocol", welcome.protocol},
                {"daemon", welcome.daemon},
                {"pid", welcome.pid},
                {"address", welcome.address},
                {"capabilities", welcome.capabilities},
                {"limits",
                 {{"frame_bytes_max", limits::frame_bytes_max},
                  {"dictionary_max", limits::dictionary_max},
                  {"unit_records_max", limits::unit_records_max}}}};
  if (welcome.acknowledged) value["acknowledged"] = *welcome.acknowledged;
  return frame_of(FrameType::Welcome, value);
}

std::string encode_reject(const Error& error, std::string_view daemon) {
  return frame_of(FrameType::Reject, {{"code", error.code},
                                      {"sentence", error.sentence},
                                      {"daemon", daemon},
                                      {"required", {{"min", kProtocolMin}, {"max", kProtocolMax}}}});
}

std::string encode_goaway(std::string_view reason, std::int64_t drain_ms) {
  return frame_of(FrameType::Goaway, {{"reason", reason}, {"drain_ms", drain_ms}});
}

std::string encode_error(const ErrorFrame& error) {
  return frame_of(FrameType::Error, {{"code", error.code},
                                     {"sentence", error.sentence},
                                     {"number", error.number == 0 ? json(nullptr) : json(error.number)}});
}

base::Result<Welcome> decode_welcome(std::string_view text) {
  auto value = parse_object(text, "json_invalid");
  if (!value) return value.error();
  Reader in(*value, "json_invalid");
  Welcome out;
  in.require("protocol");
  out.protocol = static_cast<int>(in.number("protocol"));
  out.daemon = in.text("daemon");
  out.pid = static_cast<std::int64_t>(in.number("pid"));
  out.address = in.text("address");
  if (value->contains("acknowledged")) out.acknowledged = in.number("acknowledged");
  if (in.error()) return *in.error();
  return out;
}

base::Result<ErrorFrame> decode_error(std::string_view text) {
  auto value = parse_object(text, "json_invalid");
  if (!value) return value.error();
  Reader in(*value, "json_invalid");
  in.require("code");
  ErrorFrame out{in.text("code"), in.text("sentence"), in.number("number")};
  if (in.error()) return *in.error();
  return out;
}

}  // namespace mercury::wire
