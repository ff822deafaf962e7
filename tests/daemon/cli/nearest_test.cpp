#include "cli/nearest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mercury::cli {
namespace {

const std::vector<std::string> kNames{"GET shop/orders/", "POST shop/orders/", "GET shop/customers/<int:pk>/",
                                      "GET admin/login/"};

TEST(Nearest, FindsANameWithALetterWrong) {
  EXPECT_EQ(nearest("shop/ordres", kNames, 2), (std::vector<std::string>{"GET shop/orders/", "POST shop/orders/"}));
  EXPECT_EQ(nearest("custumers", kNames, 1), (std::vector<std::string>{"GET shop/customers/<int:pk>/"}));
  EXPECT_EQ(nearest("admim", kNames, 1), (std::vector<std::string>{"GET admin/login/"}));
}

TEST(Nearest, GivesEachNameOnceAndNoMoreThanThereAre) {
  EXPECT_EQ(nearest("a", {"b", "b", "c"}, 5), (std::vector<std::string>{"b", "c"}));
  EXPECT_TRUE(nearest("a", {}, 3).empty());
  EXPECT_TRUE(nearest("a", kNames, 0).empty());
}

}  // namespace
}  // namespace mercury::cli
