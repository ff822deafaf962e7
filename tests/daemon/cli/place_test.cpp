#include "cli/place.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/cli/finding_rows.h"
#include "platform/place.h"

namespace mercury::cli {
namespace {

using nlohmann::json;

TEST(PathText, IsRelativeBelowTheDirectoryOnly) {
  const Here here{"/srv/site", {}};
  EXPECT_EQ(path_text("/srv/site/shop/views.py", here), "shop/views.py");
  EXPECT_EQ(path_text("/srv/sites/views.py", here), "/srv/sites/views.py");
  EXPECT_EQ(path_text("/srv/site/", here), "/srv/site/");
  EXPECT_EQ(path_text("shop/views.py", here), "shop/views.py");
  EXPECT_EQ(path_text("/srv/site/a\x1b.py", here), "a\\x1b.py");
  for (const char* directory : {"", "/"}) EXPECT_EQ(path_text("/srv/a.py", {directory, {}}), "/srv/a.py");
}

TEST(PlaceText, SaysWhatIsKnown) {
  const Here here{"/srv/site", {}};
  json place = testing::no_place();
  EXPECT_EQ(place_text(place, here), "");
  EXPECT_EQ(place_text(nullptr, here), "");
  place["view"] = "shop.views.OrderList";
  EXPECT_EQ(place_text(place, here), "view shop.views.OrderList");
  place["serializer_field"] = "OrderSerializer.author";
  EXPECT_EQ(place_text(place, here), "serializer field OrderSerializer.author, view shop.views.OrderList");
  place["file"] = "/srv/site/shop/views.py";
  place["line"] = 14;
  EXPECT_EQ(place_text(place, here), "serializer field OrderSerializer.author, shop/views.py:14");
  place["function"] = "get_author";
  place["serializer_field"] = nullptr;
  EXPECT_EQ(place_text(place, here), "shop/views.py:14 in get_author");
  place["template"] = "shop/list.html";
  place["template_line"] = 3;
  EXPECT_EQ(place_text(place, here), "template shop/list.html:3, shop/views.py:14 in get_author");
  place = testing::no_place();
  place["admin_column"] = "OrderAdmin.author_name";
  EXPECT_EQ(place_text(place, here), "admin column OrderAdmin.author_name");
}

TEST(ThisDirectory, ReadsPythonFilesAndNothingElse) {
  const platform::testing::TemporaryDirectory directory;
  std::ofstream(directory / "a.py", std::ios::binary) << "x = 1\n";
  std::ofstream(directory / "a.txt") << "secret\n";
  std::filesystem::create_directory(directory / "b.py");
  const Here here = this_directory();
  EXPECT_EQ(here.directory, std::filesystem::current_path().string());
  EXPECT_EQ(here.read(directory / "a.py"), "x = 1\n");
  for (const char* name : {"a.txt", "b.py", "none.py"}) EXPECT_EQ(here.read(directory / name), std::nullopt) << name;
}

TEST(ThisDirectory, ReadsFourMebibytesAndNoByteMore) {
  const platform::testing::TemporaryDirectory directory;
  constexpr std::size_t kMost = 4 * 1024 * 1024;
  std::ofstream(directory / "large.py") << std::string(kMost, '#');
  EXPECT_TRUE(this_directory().read(directory / "large.py"));
  std::ofstream(directory / "large.py") << std::string(kMost + 1, '#');
  EXPECT_FALSE(this_directory().read(directory / "large.py"));
}

}  // namespace
}  // namespace mercury::cli
