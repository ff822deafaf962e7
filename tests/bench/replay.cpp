// Plays a file of client frames into one session, without a socket: what decoding, folding and judging cost by
// themselves, and the same number of instructions in every run.
//
//   .venv/bin/python tests/bench/workload.py /tmp/stream --units 20000
//   build/bench/tests/replay /tmp/stream
//   build/bench/tests/replay /tmp/stream --untold          without the daemon's tracer, to see what that costs
//   valgrind --tool=callgrind --toggle-collect='*Session::commit*' build/bench/tests/replay /tmp/stream
//
// Prints what the session folded and the CPU time of it. 1 if the session refused anything.
#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aggregate/engine.h"
#include "base/clock.h"
#include "session/registry.h"
#include "session/session.h"
#include "tracer.h"

namespace {

class SilentHost final : public mercury::session::Host {
 public:
  [[nodiscard]] std::uint64_t memory_bytes() const override { return 0; }
  [[nodiscard]] mercury::session::SnapshotFacts snapshot() const override { return {}; }
  void request_shutdown() override {}
};

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace mercury;
  const bool untold = argc == 3 && std::string_view(argv[2]) == "--untold";
  if (argc != 2 && !untold) {
    std::fprintf(stderr, "usage: replay FILE [--untold]\n");
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  const std::string stream{std::istreambuf_iterator<char>(file), {}};
  if (stream.empty()) {
    std::fprintf(stderr, "replay: %s is empty or cannot be read\n", argv[1]);
    return 2;
  }
  base::ManualClock clock;
  clock.advance(std::chrono::hours(1));
  SilentHost host;
  Tracer tracer;
  aggregate::Engine engine(untold ? nullptr : &tracer);
  session::Registry registry(engine, host, {"replay", "unix:///replay", 1, clock.now(), 0, std::nullopt});
  session::Session session({"1000", 1, true}, registry, clock.now());
  double before = cpu_seconds();
  std::uint64_t before_queries = 0;
  for (std::span<const std::byte> left = std::as_bytes(std::span(stream)); !left.empty();) {
    const auto room = session.prepare();
    const std::size_t count = std::min(room.size(), left.size());
    std::copy_n(left.begin(), count, room.begin());
    session.commit(count, clock.now());
    left = left.subspan(count);
    (void)session.take_output();
    if (before_queries == 0) {  // the first chunk has the definitions, which cost as much as many units
      before_queries = engine.totals("").queries;
      before = cpu_seconds();
    }
  }
  const double took = cpu_seconds() - before;
  const model::Totals totals = engine.totals("");
  std::printf("%llu units, %llu queries, %.1f ns of CPU a query\n", static_cast<unsigned long long>(totals.loss.folded),
              static_cast<unsigned long long>(totals.queries),
              took * 1e9 / static_cast<double>(totals.queries - before_queries));
  return totals.loss.folded == totals.loss.created && totals.loss.folded > 0 ? 0 : 1;
}
