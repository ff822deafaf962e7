// The user's terminal: is there one, how large is it, which key was pressed.
//
// `mercuryctl` asks is_terminal() and columns before it chooses colours and cuts lines; `top` also reads keys one by
// one, for which the terminal must stop collecting lines, echoing and turning Ctrl-C into a signal.
//
// Thread rules: one thread. Ownership: RawKeys owns the terminal's mode and puts the old one back in its destructor,
// so whatever ends `top` must unwind the stack: Ctrl-C arrives as Key::Interrupt, not as a signal, and SIGTERM is
// the caller's to catch.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "base/result.h"

namespace mercury::platform {

enum class StandardStream { Input, Output, Error };

bool is_terminal(StandardStream stream);

struct TerminalSize {
  int columns;
  int rows;
};

// Of the terminal at standard output; none if there is none or it does not know.
std::optional<TerminalSize> terminal_size();

struct Key {
  enum class Name {
    None,  // nothing was pressed in time
    Character,
    Up,
    Down,
    Left,
    Right,
    Escape,
    Interrupt,  // Ctrl-C or Ctrl-D
    Other,      // a key with a longer sequence that nothing here uses; it was read whole
    Closed      // the terminal is gone
  };
  Name name;
  char character = '\0';  // of a Character: one byte
};

class RawKeys {
 public:
  // Fails with `no_terminal` if standard input is none.
  static base::Result<RawKeys> enter();

  RawKeys(RawKeys&&) noexcept;
  RawKeys& operator=(RawKeys&&) = delete;
  ~RawKeys();

  // The next key, or None after `timeout`. A signal that arrives while waiting also returns None.
  Key read(std::chrono::milliseconds timeout);

 private:
  struct Saved;  // the mode to go back to
  explicit RawKeys(std::unique_ptr<Saved> saved);
  std::unique_ptr<Saved> saved_;
};

}  // namespace mercury::platform
