#include "base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <memory>

namespace mercury::base::log {
namespace {

constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%e%z %l %v";
constexpr const char* kJournalPattern = "<%*>%v";

// %* of the pattern above: the level as syslog(3) numbers it.
class Priority final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/, spdlog::memory_buf_t& out) override {
    out.push_back(digit_of(message.level));
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<Priority>(); }

 private:
  static char digit_of(spdlog::level::level_enum level) {
    switch (level) {
      case spdlog::level::critical:
      case spdlog::level::err: return '3';
      case spdlog::level::warn: return '4';
      case spdlog::level::debug:
      case spdlog::level::trace: return '7';
      default: return '6';
    }
  }
};

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::Debug: return spdlog::level::debug;
    case Level::Info: return spdlog::level::info;
    case Level::Warn: return spdlog::level::warn;
    case Level::Error: return spdlog::level::err;
    case Level::Off: return spdlog::level::off;
  }
  return spdlog::level::info;
}

std::shared_ptr<spdlog::logger> make_stderr(Stderr standard_error) {
  auto logger = std::make_shared<spdlog::logger>("mercuryd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  if (standard_error == Stderr::Plain) {
    logger->set_pattern(kPattern);
  } else {
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<Priority>('*').set_pattern(kJournalPattern);
    logger->set_formatter(std::move(formatter));
  }
  return logger;
}

// The one logger of the process; a function-local static so that a line before open() has somewhere to go.
std::shared_ptr<spdlog::logger>& current() {
  static std::shared_ptr<spdlog::logger> logger = make_stderr(Stderr::Plain);
  return logger;
}

void write(spdlog::level::level_enum level, std::string_view message, std::initializer_list<Field> fields) {
  auto logger = std::atomic_load(&current());
  if (!logger->should_log(level)) return;
  const std::string line = format_line(message, fields);
  logger->log(level, spdlog::string_view_t(line.data(), line.size()));
}

void append_value(std::string& out, std::string_view value) {
  const bool plain = !value.empty() && value.find_first_of(" \t\r\n\"=\\") == std::string_view::npos;
  if (plain) {
    out += value;
    return;
  }
  out += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

bool parse_level(std::string_view text, Level& level) {
  constexpr std::array<std::pair<std::string_view, Level>, 5> kNames{{{"debug", Level::Debug},
                                                                      {"info", Level::Info},
                                                                      {"warn", Level::Warn},
                                                                      {"error", Level::Error},
                                                                      {"off", Level::Off}}};
  for (const auto& [name, value] : kNames) {
    if (text == name) {
      level = value;
      return true;
    }
  }
  return false;
}

bool open(const Options& options) {
  std::shared_ptr<spdlog::logger> logger;
  if (options.file.empty()) {
    logger = make_stderr(options.standard_error);
  } else {
    try {
      logger = std::make_shared<spdlog::logger>(
          "mercuryd", std::make_shared<spdlog::sinks::rotating_file_sink_mt>(options.file, options.bytes_max, 1));
      logger->set_pattern(kPattern);
    } catch (const spdlog::spdlog_ex&) {
      return false;
    }
  }
  logger->set_level(to_spdlog(options.level));
  logger->flush_on(spdlog::level::info);
  std::atomic_store(&current(), std::move(logger));
  return true;
}

void debug(std::string_view message, std::initializer_list<Field> fields) {
  write(spdlog::level::debug, message, fields);
}
void info(std::string_view message, std::initializer_list<Field> fields) {
  write(spdlog::level::info, message, fields);
}
void warn(std::string_view message, std::initializer_list<Field> fields) {
  write(spdlog::level::warn, message, fields);
}
void error(std::string_view message, std::initializer_list<Field> fields) {
  write(spdlog::level::err, message, fields);
}

std::string format_line(std::string_view message, std::initializer_list<Field> fields) {
  std::string line(message);
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  return line;
}

}  // namespace mercury::base::log
