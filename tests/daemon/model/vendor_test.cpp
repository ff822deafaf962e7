#include "model/vendor.h"

#include <gtest/gtest.h>

namespace mercury::model {
namespace {

TEST(Vendor, IsNamedAsDjangoNamesIt) {
  EXPECT_EQ(parse_vendor("sqlite"), Vendor::Sqlite);
  EXPECT_EQ(parse_vendor("postgresql"), Vendor::Postgresql);
  EXPECT_EQ(parse_vendor("mysql"), Vendor::Mysql);
  EXPECT_EQ(parse_vendor("oracle"), Vendor::Oracle);
  EXPECT_EQ(parse_vendor("microsoft"), Vendor::Mssql);
}

TEST(Vendor, AnyOtherNameIsUnknown) {
  for (const char* name : {"", "SQLite", "postgres", "mssql", "cockroachdb", "sqlite "}) {
    EXPECT_EQ(parse_vendor(name), Vendor::Unknown) << name;
  }
}

}  // namespace
}  // namespace mercury::model
