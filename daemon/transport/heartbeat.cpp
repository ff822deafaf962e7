#include "transport/heartbeat.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/log.h"
#include "platform/process.h"
#include "wire/messages.h"

namespace mercury::transport {
namespace {

constexpr int kLooks = 10;  // an interval
constexpr std::chrono::milliseconds kLookAtLeast{5};

std::string greeting() {
  wire::Hello hello;
  hello.protocol_min = wire::kProtocolMin;
  hello.protocol_max = wire::kProtocolMax;
  hello.client = "mercuryd/heartbeat";
  hello.pid = platform::process_id();
  return wire::encode_hello(hello);
}

}  // namespace

Heartbeat::Heartbeat(boost::asio::io_context& io, platform::ServiceLink& manager, platform::Address address)
    : manager_(manager), address_(std::move(address)), timer_(io) {}

void Heartbeat::start() {
  if (!manager_.watchdog()) return;
  interval_ = *manager_.watchdog();
  knock();
}

void Heartbeat::stop() {
  timer_.cancel();
  stream_.reset();
  interval_ = {};  // an expiry that is already queued finds this and does nothing
}

void Heartbeat::look_again_in(Clock::duration time) {
  timer_.expires_after(std::max<Clock::duration>(time, kLookAtLeast));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && interval_ > Clock::duration::zero()) look();
  });
}

void Heartbeat::knock() {
  knocked_ = Clock::now();
  auto stream = platform::ClientStream::connect(address_, std::chrono::milliseconds(0), platform::Expect::Anyone);
  if (!stream) return on_silence(stream.error().sentence);
  if (base::Status sent = stream->write_all(greeting(), knocked_); !sent) return on_silence(sent.error().sentence);
  stream_.emplace(std::move(*stream));
  look_again_in(interval_ / kLooks);
}

void Heartbeat::look() {
  if (!stream_) return knock();
  std::array<std::byte, 256> answer{};
  const auto bytes = stream_->read_some(answer, knocked_);
  if (bytes) return on_answer();
  if (bytes.error().code != "timed_out") return on_silence(bytes.error().sentence);
  if (Clock::now() - knocked_ >= interval_ / 2) return on_silence("no answer at its own address");
  look_again_in(interval_ / kLooks);
}

void Heartbeat::on_answer() {
  stream_.reset();
  manager_.alive();
  if (std::exchange(silence_logged_, false)) base::log::info("reached its own socket again");
  look_again_in(knocked_ + interval_ - Clock::now());
}

void Heartbeat::on_silence(const std::string& reason) {
  stream_.reset();
  if (!std::exchange(silence_logged_, true)) {
    base::log::warn("cannot reach its own socket, the service manager will start it anew",
                    {{"address", address_.text()}, {"reason", reason}});
  }
  look_again_in(interval_ / kLooks);
}

}  // namespace mercury::transport
