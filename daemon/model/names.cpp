#include "model/loss.h"
#include "model/snapshot.h"
#include "model/unit.h"
#include "model/verdict.h"

namespace mercury::model {

std::string_view name_of(UnitKind kind) {
  switch (kind) {
    case UnitKind::Request: return "request";
    case UnitKind::Task: return "task";
    case UnitKind::Command: return "command";
    case UnitKind::Test: return "test";
    case UnitKind::Block: return "block";
    case UnitKind::Outside: return "outside";
  }
  return "";
}

std::string_view name_of(Method method) {
  constexpr std::array<std::string_view, 10> kNames{"",       "GET",     "HEAD",    "POST",  "PUT",
                                                    "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  const auto code = static_cast<std::size_t>(method);
  return code < kNames.size() ? kNames[code] : "_OTHER";
}

std::string_view name_of(Operation operation) {
  constexpr std::array<std::string_view, 8> kNames{"",       "list",   "detail", "create",
                                                   "update", "delete", "search", "auth"};
  const auto code = static_cast<std::size_t>(operation);
  return code < kNames.size() ? kNames[code] : "";
}

std::string_view name_of(DropReason reason) {
  constexpr std::array<std::string_view, kDropReasons + 1> kNames{
      "", "buffer_full", "rejected", "too_large", "encode_failed", "exit", "disabled"};
  const auto code = static_cast<std::size_t>(reason);
  return code < kNames.size() ? kNames[code] : "";
}

std::string_view name_of(FindingState state) {
  constexpr std::array<std::string_view, 4> kNames{"open", "gone", "constant", "ignored"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view name_of(UnitState state) {
  constexpr std::array<std::string_view, 3> kNames{"closed", "open", "incomplete"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view name_of(ClientState state) {
  constexpr std::array<std::string_view, 3> kNames{"connected", "disconnected", "ended"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view name_of(FindingKind kind) {
  constexpr std::array<std::string_view, 7> kNames{"n_plus_one", "query_in_loop",    "repeated_query", "write_loop",
                                                   "slow_query", "too_many_queries", "slow_response"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view name_of(Level level) {
  constexpr std::array<std::string_view, 3> kNames{"notice", "warn", "fail"};
  return kNames[static_cast<std::size_t>(level)];
}

}  // namespace mercury::model
