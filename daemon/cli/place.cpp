#include "cli/place.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "cli/field.h"
#include "cli/text.h"
#include "platform/durable_file.h"

namespace mercury::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kSourceBytesMax = 4 * 1024 * 1024;

std::optional<std::string> read_python(const std::string& path) {
  if (!path.ends_with(".py")) return std::nullopt;
  auto text = platform::read_all(path, kSourceBytesMax);
  if (!text) return std::nullopt;
  return std::move(*text);
}

std::string with_line(const std::string& name, const json& place, const char* line_key) {
  const auto line = field::number(place, {line_key});
  return line && *line > 0 ? fmt::format("{}:{:.0f}", name, *line) : name;
}

}  // namespace

Here this_directory() {
  std::error_code unknown;
  return {std::filesystem::current_path(unknown).string(), read_python};
}

std::string path_text(const std::string& file, const Here& here) {
  const std::string below = here.directory + "/";
  const bool inside = here.directory.size() > 1 && file.starts_with(below) && file.size() > below.size();
  return printable(inside ? file.substr(below.size()) : file);
}

std::string file_line_text(const json& place, const Here& here) {
  const std::string file = field::raw_text(place, {"file"});
  return file.empty() ? "" : with_line(path_text(file, here), place, "line");
}

std::string place_text(const json& place, const Here& here) {
  std::vector<std::string> parts;
  if (const std::string name = field::text(place, {"template"}); !name.empty())
    parts.push_back("template " + with_line(name, place, "template_line"));
  if (const std::string name = field::text(place, {"serializer_field"}); !name.empty())
    parts.push_back("serializer field " + name);
  if (const std::string name = field::text(place, {"admin_column"}); !name.empty())
    parts.push_back("admin column " + name);
  if (std::string line = file_line_text(place, here); !line.empty()) {
    const std::string function = field::text(place, {"function"});
    if (!function.empty() && function != "<module>") line += " in " + function;
    parts.push_back(std::move(line));
  } else if (const std::string view = field::text(place, {"view"}); !view.empty()) {
    parts.push_back("view " + view);
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace mercury::cli
