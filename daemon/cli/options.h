// The command line of mercuryctl, read once into one value.
//
// parse_options() gives either Options or a text to print and an exit code (help, --version, a wrong option: exit 2
// whatever the library that parses would say). Which options a command takes is settled here: an option that would
// have no effect is refused rather than ignored.
//
// Thread rules: pure function.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_code.h"

namespace mercury::cli {

enum class Command { Status, Top, Routes, Route, Findings, Explain, Statements, Units, Reset, Stop, Version, Doctor };
enum class Format { Text, Json };
enum class Colored { IfTerminal, Never };
enum class Confirm { Ask, Given };
enum class Show { Open, All };

// A condition that a build may not break, `--fail-on KIND[:LEVEL]`.
enum class FindingLevel { Notice, Warn, Fail };
struct Gate {
  std::string kind;  // or any
  FindingLevel level = FindingLevel::Fail;
  std::string text;  // as it was given
};

struct Options {
  Command command = Command::Status;
  Format format = Format::Text;
  Colored colored = Colored::IfTerminal;
  std::string address;  // empty: MERCURY_ADDRESS or the usual places
  std::chrono::milliseconds timeout{5000};
  std::string user;  // a name or an id; empty: all that this user may see
  std::string service;
  std::string window;  // 1m, 5m, 15m, all
  std::string sort;
  std::optional<std::size_t> limit;  // 0: all. None: the command's own for a page, all for --json
  std::string pattern;               // of `route`, `findings`, `explain`
  Show show = Show::Open;            // of `findings`, as the next two
  std::string kind;
  std::vector<Gate> gates;
  Confirm confirm = Confirm::Ask;  // of `reset`
};

struct ParsedOptions {
  std::optional<Options> options;
  std::string text;  // without options: what to print, to standard output if `exit` is Ok, else to standard error
  ExitCode exit = ExitCode::Ok;
};

ParsedOptions parse_options(int argc, const char* const* argv, const std::string& version);

}  // namespace mercury::cli
