// The daemon's log: one fact a line, a fixed message first, then key=value.
//
//   log::info("session closed", {{"peer_pid", 1000}, {"reason", "frame_too_large"}});
//   → session closed peer_pid=1000 reason=frame_too_large
//
// info: lifecycle. warn: someone must act. debug: per connection. Nothing per event; hot repeats are counted
// and shown by `mercuryctl status`. A value with a space or a quote in it is written in quotes, escaped.
//
// Where standard error is the journal of systemd, a line has no time and no level, which the journal keeps by itself:
// it begins with the priority of sd-daemon(3), `<3>` error, `<4>` warn, `<6>` info, `<7>` debug.
//
// Thread rules: every function may be called from any thread. Before `open()` lines go to standard error.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace mercury::base::log {

enum class Level { Debug, Info, Warn, Error, Off };

// "debug", "info", "warn", "error", "off" → level; anything else → false and `level` is untouched.
bool parse_level(std::string_view text, Level& level);

struct Field {
  template <std::integral T>
  Field(std::string_view field_key, T field_value) : key(field_key), value(std::to_string(field_value)) {}
  Field(std::string_view field_key, std::string_view field_value) : key(field_key), value(field_value) {}
  Field(std::string_view field_key, const char* field_value) : key(field_key), value(field_value) {}
  Field(std::string_view field_key, const std::string& field_value) : key(field_key), value(field_value) {}

  std::string_view key;
  std::string value;
};

enum class Stderr { Plain, Journal };

struct Options {
  Level level = Level::Info;
  std::string file;                         // empty: standard error
  std::size_t bytes_max = 5 * 1024 * 1024;  // of a file, then it is rotated; one old file is kept
  Stderr standard_error = Stderr::Plain;    // no meaning with a file
};

// (Re)opens the log. A file that cannot be opened: false, and the log stays where it was.
bool open(const Options& options);

void debug(std::string_view message, std::initializer_list<Field> fields = {});
void info(std::string_view message, std::initializer_list<Field> fields = {});
void warn(std::string_view message, std::initializer_list<Field> fields = {});
void error(std::string_view message, std::initializer_list<Field> fields = {});

// The text of a line without time and level; `info()` and the tests share it.
std::string format_line(std::string_view message, std::initializer_list<Field> fields);

}  // namespace mercury::base::log
