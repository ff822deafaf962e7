// A service that takes three seconds to start, as one does that reads a large snapshot; and, with a number of
// milliseconds as its argument, what stop_service() says if it may take no longer.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <semaphore>
#include <thread>

#include "platform/service.h"
#include "platform/service_control.h"

namespace {

using namespace mercury::platform;

constexpr const char* kName = "mercuryd";  // so that `mercuryd service stop` is about it

int serve() {
  ServiceLink link = ServiceLink::from_environment();
  std::counting_semaphore stop(0);
  link.on_stop([&stop] { stop.release(); });
  std::this_thread::sleep_for(std::chrono::seconds(3));
  link.ready("slow, but here");
  stop.acquire();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    const auto ended = run_as_service(kName, serve);
    return ended ? *ended : 1;
  }
  const auto stopped = stop_service(kName, std::chrono::milliseconds(std::atoi(argv[1])));
  std::cout << (stopped ? "stopped" : stopped.error().sentence) << '\n';
}
