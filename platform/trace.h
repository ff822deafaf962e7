// What the system's own profiler can see of this daemon: three events, of which each costs a look at a flag while
// nobody listens.
//
//   Trace trace;
//   trace.finding("n_plus_one", "books/", 31);          kind, route, calls of its query
//   trace.unit("books/", 12'300'000, 33, 1);            route, nanoseconds, queries, findings; after its findings
//   trace.state("ready");                               starting, ready, reloading, stopping, stopped, failed
//
// Linux: static probes (USDT) of the provider `mercuryd`, where sys/sdt.h was found when it was built; each call is a
// probe of its name, with its arguments, texts ending with NUL. Windows: events of the ETW provider `mercuryd`,
// a51418b4-0a8a-578a-570f-92aa11f5e9d8, which describe themselves. macOS: nothing. How to listen: README.md.
//
// Failure: none; who can not be told is not told. Thread rules: any thread. Ownership: on Windows it is the provider's
// registration, so it has one place in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace mercury::platform {

class Trace {
 public:
  Trace();
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  void unit(std::string_view route, std::uint64_t duration_ns, std::uint64_t queries, std::uint64_t findings) const;
  void finding(std::string_view kind, std::string_view route, std::uint64_t count) const;
  void state(std::string_view name) const;

 private:
  struct Registration;  // Windows only
  std::unique_ptr<Registration> registration_;
};

}  // namespace mercury::platform
