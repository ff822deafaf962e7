// Which SQL dialect a connection speaks.
//
// The client names it once per alias with Django's `connection.vendor`; the fingerprint needs it because the
// same bytes mean different things: `"x"` is a string in MySQL and an identifier elsewhere, `#` starts a comment
// in MySQL and a temporary table in SQL Server. A name that is not in the list is Unknown, never an error:
// a third-party backend must still be measured.
//
// Thread rules: pure. Cost: a few comparisons.
#pragma once

#include <cstdint>
#include <string_view>

namespace mercury::model {

enum class Vendor : std::uint8_t { Unknown, Sqlite, Postgresql, Mysql, Oracle, Mssql };

// Django's `connection.vendor`, exactly as Django spells it; MariaDB says "mysql" as well.
constexpr Vendor parse_vendor(std::string_view name) {
  if (name == "sqlite") return Vendor::Sqlite;
  if (name == "postgresql") return Vendor::Postgresql;
  if (name == "mysql") return Vendor::Mysql;
  if (name == "oracle") return Vendor::Oracle;
  if (name == "microsoft") return Vendor::Mssql;
  return Vendor::Unknown;
}

// The name again, as Django spells it; "" for Unknown.
constexpr std::string_view name_of(Vendor vendor) {
  switch (vendor) {
    case Vendor::Unknown: return "";
    case Vendor::Sqlite: return "sqlite";
    case Vendor::Postgresql: return "postgresql";
    case Vendor::Mysql: return "mysql";
    case Vendor::Oracle: return "oracle";
    case Vendor::Mssql: return "microsoft";
  }
  return "";
}

}  // namespace mercury::model
