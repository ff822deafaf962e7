// Result<T>: a value, or an Error that says why there is none.
//
// Every function of this project that can fail for a reason the caller must handle returns a Result; no
// exception crosses a room. An Error is a stable code (for programs and counters; the codes that travel are
// listed in proto/PROTOCOL.md) and a sentence (for people) that names the offending value, the limit and the
// remedy. Context is added on the way up with `Error::in()`, and the error is logged once, at the top.
//
//   Result<Config> config = load(path);
//   if (!config) return config.error().in("reading the configuration");
//   use(*config);
//
// Thread rules: plain values, no shared state. Cost: one std::variant.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace mercury::base {

struct Error {
  std::string code;      // stable, snake_case, e.g. "frame_too_large"
  std::string sentence;  // starts in lower case, no full stop; a caller may prefix it

  // The same error with `context: ` in front of its sentence.
  [[nodiscard]] Error in(const std::string& context) const { return {code, context + ": " + sentence}; }
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }

  // Precondition for the value accessors: operator bool() is true.
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Precondition: operator bool() is false.
  [[nodiscard]] const Error& error() const {
    assert(state_.index() == 1);
    return *std::get_if<1>(&state_);
  }

 private:
  T& value() {
    assert(state_.index() == 0);
    return *std::get_if<0>(&state_);
  }
  const T& value() const {
    assert(state_.index() == 0);
    return *std::get_if<0>(&state_);
  }
  std::variant<T, Error> state_;
};

// What a function without a value returns: `return Done{};` or an Error.
struct Done {};
using Status = Result<Done>;

}  // namespace mercury::base
