// Loads the golden vectors of proto/vectors for the C++ conformance tests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mercury::conformance {

using json = nlohmann::json;

struct Vector {
  std::string name;
  json content;
};

// All vectors of one folder, by name. MERCURY_VECTORS is set by CMake.
inline std::vector<Vector> load(const std::string& folder) {
  std::vector<Vector> out;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(MERCURY_VECTORS) / folder)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream in(entry.path());
    out.push_back({entry.path().stem().string(), json::parse(in)});
  }
  std::ranges::sort(out, {}, &Vector::name);
  return out;
}

// Pieces of hex, each perhaps repeated with counters in it (proto/README.md), as one string of bytes.
inline std::string bytes_of(const json& pieces) {
  std::string out;
  for (const json& piece : pieces) {
    const auto hex = piece.at("hex").get<std::string>();
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
      bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    const int repeat = piece.value("repeat", 1);
    for (int i = 0; i < repeat; ++i) {
      for (const json& counter : piece.value("counters", json::array())) {
        const auto value = counter.at("from").get<std::uint64_t>() + static_cast<std::uint64_t>(i);
        std::memcpy(bytes.data() + counter.at("offset").get<std::size_t>(), &value,
                    counter.at("size").get<std::size_t>());
      }
      out += bytes;
    }
  }
  return out;
}

}  // namespace mercury::conformance
