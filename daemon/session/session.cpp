#include "session/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "proto/limits.h"
#include "view/report.h"
#include "wire/data_frames.h"

namespace mercury::session {
namespace {

using base::Error;
using std::chrono::milliseconds;
using wire::Frame;
using wire::FrameType;

constexpr std::size_t kReadBytes = 64 * 1024;    // of a session that does not press
constexpr std::size_t kOutputSlice = 64 * 1024;  // produce() adds nothing while this much waits

aggregate::ClientFacts facts_of(const wire::Hello& hello, const PeerIdentity& peer) {
  aggregate::ClientFacts out;
  out.incarnation = hello.incarnation;
  out.labels = {peer.user, hello.service, hello.environment, hello.run};
  out.pid = hello.pid != 0 ? hello.pid : peer.pid;
  out.client = hello.client;
  out.release = hello.release;
  out.next_unit = hello.next_unit;
  out.said.created = hello.created;
  out.said.folded = hello.acknowledged;
  out.said.dropped = hello.dropped;
  out.thresholds = hello.thresholds;
  out.ignore = hello.ignore;
  return out;
}

aggregate::EntryKind entry_kind(wire::DefineKind kind) {
  switch (kind) {
    case wire::DefineKind::Statement: return aggregate::EntryKind::Statement;
    case wire::DefineKind::Site: return aggregate::EntryKind::Site;
    case wire::DefineKind::Route: return aggregate::EntryKind::Route;
    case wire::DefineKind::Alias: return aggregate::EntryKind::Alias;
    case wire::DefineKind::Cache: return aggregate::EntryKind::Cache;
  }
  return aggregate::EntryKind::None;
}

}  // namespace

Session::Session(PeerIdentity peer, Registry& registry, base::Time now)
    : peer_(std::move(peer)),
      registry_(registry),
      read_bytes_(kReadBytes),
      state_deadline_(now + milliseconds(limits::handshake_ms)) {
  registry_.enter(*this);
}

Session::~Session() {
  set_pressing(false);
  registry_.leave(*this);
}

void Session::set_pressing(bool pressing) {
  if (pressing != pressing_) registry_.count_pressing(pressing);
  pressing_ = pressing;
}

std::span<std::byte> Session::prepare() { return decoder_.prepare(read_bytes_); }

void Session::commit(std::size_t bytes, base::Time now) {
  if (state_ == State::Discarding || state_ == State::Finished) {
    decoder_ = wire::FrameDecoder();  // whatever comes now is thrown away
    return;
  }
  // A read that came back full is followed by as large a one as is this session's share of a turn of the loop: fewer
  // calls under load, less memory at rest, and a reader that asks for something waits no longer than a turn.
  set_pressing(bytes == read_bytes_);
  read_bytes_ = pressing_ ? registry_.share_of_turn() : kReadBytes;
  decoder_.commit(bytes);
  while (state_ == State::Greeting || state_ == State::Open) {
    auto next = decoder_.next();
    if (!next) return fail(next.error(), 0, now);
    if (!*next) break;
    on_frame(**next, now);
  }
  if (client_ != nullptr && unacknowledged_ >= static_cast<std::uint64_t>(limits::ack_units_max)) acknowledge(now);
}

void Session::on_frame(const Frame& frame, base::Time now) {
  if (state_ == State::Greeting) {
    if (frame.is(FrameType::Hello)) return on_hello(frame, now);
    return fail({"frame_unexpected", fmt::format("frame type {} before HELLO", frame.type)}, 0, now);
  }
  if (frame.type == 0 || frame.type > wire::kFrameTypeLast) return;  // optional, of a later version
  const bool from_client = client_ != nullptr;
  switch (static_cast<FrameType>(frame.type)) {
    case FrameType::Define:
      if (from_client) return on_define(frame, now);
      break;
    case FrameType::Batch:
      if (from_client) return on_batch(frame, now);
      break;
    case FrameType::Unit:
      if (from_client && batch_) return on_unit(frame, now);
      break;
    case FrameType::Dropped:
      if (from_client) return on_dropped(frame, now);
      break;
    case FrameType::Bye: return on_bye(now);
    case FrameType::Command: return on_command(frame, now);
    default: break;
  }
  fail({"frame_unexpected", fmt::format("frame type {} {}", frame.type,
                                        frame.is(FrameType::Unit) && from_client ? "before the first BATCH"
                                        : from_client                            ? "from a client"
                                                                                 : "from a reader")},
       0, now);
}

void Session::on_hello(const Frame& frame, base::Time now) {
  auto hello = wire::decode_hello(frame.text());
  if (!hello) return reject(hello.error(), now);
  if (hello->protocol_min > wire::kProtocolMax || hello->protocol_max < wire::kProtocolMin) {
    return reject({"version_unsupported",
                   fmt::format("the peer speaks protocol {} to {}, this daemon {} to {}", hello->protocol_min,
                               hello->protocol_max, wire::kProtocolMin, wire::kProtocolMax)},
                  now);
  }
  if (auto refusal = registry_.refusal(peer_.user)) return reject(*refusal, now);
  greet(*hello, now);
}

void Session::greet(const wire::Hello& hello, base::Time now) {
  wire::Welcome welcome;
  welcome.protocol = std::min(hello.protocol_max, wire::kProtocolMax);
  welcome.daemon = daemon_name();
  welcome.pid = registry_.facts().pid;
  welcome.address = registry_.facts().address;
  if (!hello.incarnation.empty()) {
    auto client = registry_.engine().attach(facts_of(hello, peer_), now);
    if (!client) return reject(client.error(), now);
    client_ = *client;
    dictionary_.use(*client_->tables);
    registry_.serve(*client_, *this, now);
    welcome.acknowledged = client_->highest;
    reports_ = std::ranges::find(hello.capabilities, wire::kReportCapability) != hello.capabilities.end();
    if (reports_) welcome.capabilities.emplace_back(wire::kReportCapability);
  }
  state_ = State::Open;
  send(wire::encode_welcome(welcome), now);
}

std::string Session::daemon_name() const { return "mercuryd/" + registry_.facts().version; }

void Session::on_define(const Frame& frame, base::Time now) {
  auto define = wire::decode_define(frame.payload);
  if (!define) return fail(define.error(), 0, now);
  base::Status placed = base::Done{};
  if (define->kind == wire::DefineKind::Statement) {
    placed = dictionary_.define_statement(define->id, define->text, static_cast<model::Vendor>(define->vendor));
  } else if (define->kind == wire::DefineKind::Site) {
    auto site = wire::decode_site(define->text);
    if (!site) return fail(site.error(), 0, now);
    placed = dictionary_.define_site(define->id, std::move(*site));
  } else {
    placed = dictionary_.define_text(define->id, entry_kind(define->kind), define->text);
  }
  if (!placed) fail(placed.error(), 0, now);
}

void Session::on_batch(const Frame& frame, base::Time now) {
  auto batch = wire::decode_batch(frame.payload);
  if (!batch) return fail(batch.error(), 0, now);
  batch_ = *batch;
  batch_received_ = now;
  registry_.engine().on_created(*client_, batch->created);
}

void Session::on_unit(const Frame& frame, base::Time now) {
  const std::uint64_t number = wire::number_of_unit(frame.payload);
  auto unit = wire::decode_unit(frame.payload);
  if (!unit) return fail(unit.error(), number, now);
  if (number <= last_number_) {
    return fail({"number_not_increasing",
                 fmt::format("number {} after {}, numbers on one connection rise", number, last_number_)},
                number, now);
  }
  const std::uint64_t ended = unit->header.start_ns + unit->header.duration_ns;
  const auto oldest = static_cast<std::uint64_t>(batch_received_.time_since_epoch().count());
  const std::uint64_t age = batch_->sent_ns > ended ? std::min(batch_->sent_ns - ended, oldest) : 0;
  const base::Time end = batch_received_ - base::Duration(static_cast<std::int64_t>(age));
  auto folded = registry_.engine().fold(*client_, dictionary_, *unit, {end, now});
  if (!folded) return fail(folded.error(), number, now);
  last_number_ = number;
  ++unacknowledged_;
  if (!ack_deadline_) ack_deadline_ = now + milliseconds(limits::ack_interval_ms);
  if (unit->header.has(model::unit_flag::kReportWanted)) [[unlikely]]
    report(*unit, now);
}

// Answers a unit that was just folded and asks for its verdict, which is there already: a report costs its text only.
void Session::report(const model::Unit& unit, base::Time now) {
  const model::Verdict* verdict = registry_.engine().verdict();
  if (!reports_ || !unit.nonce || verdict == nullptr) return;
  constexpr std::size_t kVerdictBytesMax = limits::report_bytes_max - wire::kReportHeaderBytes;
  const view::Report made = view::report_of(*verdict, client_->aliases, kVerdictBytesMax);
  send(wire::encode_report({*unit.nonce, made.findings_left_out, made.groups_left_out, made.verdict}), now);
}

void Session::on_dropped(const Frame& frame, base::Time now) {
  auto dropped = wire::decode_dropped(frame.payload);
  if (!dropped) return fail(dropped.error(), 0, now);
  if (auto fine = registry_.engine().on_dropped(*client_, dropped->totals, dropped->created); !fine)
    fail(fine.error(), 0, now);
}

void Session::on_bye(base::Time now) {
  if (client_ != nullptr) {
    acknowledge(now);
    // A BYE that we asked for with GOAWAY is no farewell: the client comes back to our successor.
    registry_.engine().disconnect(*client_, going_away_ ? model::ClientState::Disconnected : model::ClientState::Ended,
                                  now);
    registry_.release(*client_, *this);
    dictionary_.clear();
    client_ = nullptr;
  }
  // Replies that are still being written are the reader's; BYE means it wants no more.
  replies_.clear();
  state_ = State::Finished;
}

void Session::on_command(const Frame& frame, base::Time now) {
  auto command = wire::decode_command(frame.text());
  if (!command) return fail(command.error(), 0, now);
  if (replies_.size() >= static_cast<std::size_t>(limits::commands_pending_max)) {
    return fail(
        {"slow_reader", fmt::format("{} commands wait for a peer that does not read their replies", replies_.size())},
        0, now);
  }
  replies_.push_back(make_reply(*command, peer_, registry_));
}

void Session::acknowledge(base::Time now) {
  ack_deadline_.reset();
  unacknowledged_ = 0;
  if (client_->highest > 0) send(wire::encode_ack(client_->highest), now);
}

std::optional<base::Time> Session::deadline() const {
  if (state_ == State::Finished) return std::nullopt;
  if (state_ == State::Open && !going_away_) return ack_deadline_;
  return ack_deadline_ ? std::min(*ack_deadline_, state_deadline_) : state_deadline_;
}

void Session::on_time(base::Time now) {
  if (ack_deadline_ && now >= *ack_deadline_ && client_ != nullptr) acknowledge(now);
  if (state_ == State::Finished || now < state_deadline_) return;
  if (state_ == State::Greeting) {
    return fail({"handshake_timeout", fmt::format("no HELLO within {} ms", limits::handshake_ms)}, 0, now);
  }
  if (state_ == State::Discarding || going_away_) {
    if (state_ == State::Open && client_ != nullptr) acknowledge(now);
    state_ = State::Finished;
  }
}

bool Session::produce(base::Time now, const base::Clock& clock) {
  if (state_ == State::Open && !replies_.empty() && output_.size() < kOutputSlice) {
    const base::Time end = now + milliseconds(limits::reply_slice_ms);
    const bool more =
        replies_.front()->next(output_, now, [&] { return output_.size() < kOutputSlice && clock.now() < end; });
    if (!more) replies_.pop_front();
  }
  return !output_.empty();
}

std::string Session::take_output() { return std::exchange(output_, {}); }

void Session::go_away(std::string_view reason, base::Time now) {
  if (state_ != State::Open || going_away_) return;
  going_away_ = true;
  state_deadline_ = now + milliseconds(limits::goaway_ms);
  send(wire::encode_goaway(reason, limits::goaway_ms), now);
}

void Session::supersede(base::Time now) {
  client_ = nullptr;  // the new session's from here on
  dictionary_.clear();
  fail({"superseded", "the same incarnation has connected again"}, 0, now);
}

void Session::on_closed(base::Time now) {
  if (closed_) return;
  closed_ = true;
  set_pressing(false);
  state_ = State::Finished;
  replies_.clear();
  if (client_ != nullptr) {
    registry_.engine().disconnect(*client_, model::ClientState::Disconnected, now);
    registry_.release(*client_, *this);
    dictionary_.clear();
    client_ = nullptr;
  }
  registry_.leave(*this);
}

void Session::send(std::string_view frame, base::Time now) {
  if (output_.size() + frame.size() > static_cast<std::size_t>(limits::write_bytes_max)) {
    output_.clear();
    return fail(
        {"slow_reader", fmt::format("{} bytes of replies wait for a peer that does not read", limits::write_bytes_max)},
        0, now);
  }
  output_ += frame;
}

void Session::fail(const Error& error, std::uint64_t number, base::Time now) {
  if (state_ == State::Discarding || state_ == State::Finished) return;
  registry_.count_error(error.code);
  if (client_ != nullptr) acknowledge(now);
  if (state_ == State::Discarding) return;  // the peer does not read: that error was first
  output_ += wire::encode_error({error.code, error.sentence, number});
  discard(now);
}

void Session::reject(const Error& error, base::Time now) {
  registry_.count_reject(error.code);
  output_ += wire::encode_reject(error, daemon_name());
  discard(now);
}

void Session::discard(base::Time now) {
  state_ = State::Discarding;
  set_pressing(false);
  state_deadline_ = now + milliseconds(limits::discard_ms);
  ack_deadline_.reset();
  replies_.clear();
  // The data of a refused stream is of no more use; a client that comes back is the same client.
  if (client_ == nullptr) return;
  registry_.engine().disconnect(*client_, model::ClientState::Disconnected, now);
  registry_.release(*client_, *this);
  dictionary_.clear();
  client_ = nullptr;
}

}  // namespace mercury::session
