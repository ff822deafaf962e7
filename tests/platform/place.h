// A directory that goes away again, an address that nobody else has, and results as words: what tests need of the world
// on every system. native/<system>/ has what each of them does in its own way.
#pragma once

#include <filesystem>
#include <string>

#include "native_place.h"
#include "platform/paths.h"

namespace mercury::platform::testing {

class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_(make_temporary_directory()) {}
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return file_in(path_, name); }
  // For the one daemon that a test has in here.
  [[nodiscard]] Address address() const { return {address_in(path_)}; }

 private:
  std::string path_;
};

// "ok", or the code of the error: what a child reports and a table compares.
template <typename Result>
std::string outcome(const Result& result) {
  return result ? "ok" : result.error().code;
}

template <typename Result>
std::string sentence(const Result& result) {
  return result ? "ok" : result.error().sentence;
}

}  // namespace mercury::platform::testing
