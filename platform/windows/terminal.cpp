#include "platform/terminal.h"

#include <algorithm>
#include <utility>

#include "platform/windows/win32.h"

namespace mercury::platform {
namespace {

using Clock = std::chrono::steady_clock;

HANDLE handle_of(StandardStream stream) {
  switch (stream) {
    case StandardStream::Input: return ::GetStdHandle(STD_INPUT_HANDLE);
    case StandardStream::Output: return ::GetStdHandle(STD_OUTPUT_HANDLE);
    case StandardStream::Error: return ::GetStdHandle(STD_ERROR_HANDLE);
  }
  return nullptr;
}

Key key_of(const KEY_EVENT_RECORD& event) {
  const bool control = (event.dwControlKeyState & (LEFT_CTRL_PRESSED | RIGHT_CTRL_PRESSED)) != 0;
  switch (event.wVirtualKeyCode) {
    case VK_UP: return {Key::Name::Up};
    case VK_DOWN: return {Key::Name::Down};
    case VK_LEFT: return {Key::Name::Left};
    case VK_RIGHT: return {Key::Name::Right};
    case VK_ESCAPE: return {Key::Name::Escape};
    case 'C':
    case 'D':
      if (control) return {Key::Name::Interrupt};
      break;
    default: break;
  }
  const wchar_t character = event.uChar.UnicodeChar;
  if (character >= 1 && character < 128) return {Key::Name::Character, static_cast<char>(character)};
  return {Key::Name::Other};
}

bool is_modifier(WORD key) {
  return key == VK_SHIFT || key == VK_CONTROL || key == VK_MENU || key == VK_CAPITAL || key == VK_NUMLOCK;
}

}  // namespace

bool is_terminal(StandardStream stream) {
  DWORD mode = 0;
  const HANDLE console = handle_of(stream);
  if (::GetConsoleMode(console, &mode) == 0) return false;
  // Escape sequences for colours must be asked for; a console that is too old for them shows none.
  if (stream != StandardStream::Input) ::SetConsoleMode(console, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
  return true;
}

std::optional<TerminalSize> terminal_size() {
  CONSOLE_SCREEN_BUFFER_INFO info{};
  if (::GetConsoleScreenBufferInfo(handle_of(StandardStream::Output), &info) == 0) return std::nullopt;
  const int columns = info.srWindow.Right - info.srWindow.Left + 1;
  const int rows = info.srWindow.Bottom - info.srWindow.Top + 1;
  if (columns <= 0 || rows <= 0) return std::nullopt;
  return TerminalSize{columns, rows};
}

struct RawKeys::Saved {
  DWORD mode;
};

RawKeys::RawKeys(std::unique_ptr<Saved> saved) : saved_(std::move(saved)) {}
RawKeys::RawKeys(RawKeys&&) noexcept = default;

base::Result<RawKeys> RawKeys::enter() {
  const HANDLE console = handle_of(StandardStream::Input);
  DWORD mode = 0;
  if (::GetConsoleMode(console, &mode) == 0) return base::Error{"no_terminal", "standard input is no terminal"};
  // Without ENABLE_PROCESSED_INPUT Ctrl-C is a key like any other.
  ::SetConsoleMode(console, mode & ~static_cast<DWORD>(ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT | ENABLE_PROCESSED_INPUT));
  return RawKeys(std::make_unique<Saved>(Saved{mode}));
}

RawKeys::~RawKeys() {
  if (saved_) ::SetConsoleMode(handle_of(StandardStream::Input), saved_->mode);
}

Key RawKeys::read(std::chrono::milliseconds timeout) {
  const HANDLE console = handle_of(StandardStream::Input);
  const Clock::time_point end = Clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (::WaitForSingleObject(console, static_cast<DWORD>(std::max<std::int64_t>(left, 0))) != WAIT_OBJECT_0) {
      return {Key::Name::None};
    }
    INPUT_RECORD record{};
    DWORD count = 0;
    if (::ReadConsoleInputW(console, &record, 1, &count) == 0) return {Key::Name::Closed};
    const bool pressed = count == 1 && record.EventType == KEY_EVENT && record.Event.KeyEvent.bKeyDown != 0;
    if (pressed && !is_modifier(record.Event.KeyEvent.wVirtualKeyCode)) return key_of(record.Event.KeyEvent);
  }
}

}  // namespace mercury::platform
