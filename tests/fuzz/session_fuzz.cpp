// A stranger's bytes into a whole session: decoder, codecs, dictionary, engine, replies. It may refuse everything,
// but it must never crash, hang, or break the ledger's invariant.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "aggregate/engine.h"
#include "base/clock.h"
#include "session/registry.h"
#include "session/session.h"
#include "wire/messages.h"

namespace {

class SilentHost final : public mercury::session::Host {
 public:
  [[nodiscard]] std::uint64_t memory_bytes() const override { return 0; }
  [[nodiscard]] mercury::session::SnapshotFacts snapshot() const override { return {}; }
  void request_shutdown() override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace mercury;
  base::ManualClock clock;
  SilentHost host;
  aggregate::Engine engine;
  session::Registry registry(engine, host, {"fuzz", "unix:///fuzz", 1, clock.now(), 0, std::nullopt});
  session::Session session({"1000", 1, true}, registry, clock.now());
  const auto feed = [&](std::span<const std::byte> input) {
    const auto room = session.prepare();
    const std::size_t count = std::min(room.size(), input.size());
    std::copy_n(input.begin(), count, room.begin());
    session.commit(count, clock.now());
  };
  // Half of the inputs begin behind a good handshake, so that the data plane is reached soon.
  if (size > 0 && (bytes[0] & 1U) != 0) {
    wire::Hello hello;
    hello.protocol_min = hello.protocol_max = 1;
    hello.incarnation = "00112233445566778899aabbccddeeff";
    hello.capabilities = {std::string(wire::kReportCapability)};
    const std::string frame = wire::encode_hello(hello);
    feed(std::as_bytes(std::span(frame)));
  }
  if (size > 1) feed(std::as_bytes(std::span(bytes + 1, size - 1)));
  while (session.produce(clock.now(), clock)) (void)session.take_output();
  const model::Loss loss = engine.totals("").loss;
  if (loss.created < loss.folded) std::abort();
  clock.advance(std::chrono::seconds(10));
  session.on_time(clock.now());
  session.on_closed(clock.now());
  engine.tick(clock.now());
  return 0;
}
