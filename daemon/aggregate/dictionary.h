// What the ids of one connection stand for, resolved to the engine's tables when they are defined.
//
// A DEFINE is rare and a record is not: the SQL text is normalised and looked up once, here, and a record costs
// one index into a vector. Ids are dense from 1; a second definition replaces the first (PROTOCOL.md §4).
//
// Ownership: holds counted references to Statements of the UserTables, which must outlive it; the destructor
// gives them back. Threads: the loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aggregate/tables.h"
#include "base/result.h"
#include "model/vendor.h"

namespace mercury::aggregate {

enum class EntryKind : std::uint8_t { None, Statement, Site, Route, Alias, Cache };

// What a record needs of an entry. They stand apart from the rest, so that a unit's records touch few cache lines.
struct Meaning {
  EntryKind kind = EntryKind::None;
  std::uint8_t kinds = 0;                   // what it may stand for: the bit of `kind`; of id 0, every bit
  Statement* statement = nullptr;           // of kind Statement
  const model::JudgedSite* site = nullptr;  // of kind Site; null: beyond the share of its user
};

struct Client;

// The series that units of a route went to last: the next one is most likely of the same.
struct KnownSeries {
  Series* series = nullptr;
  const Client* client = nullptr;  // whose units they were
  SeriesKey key{};
  std::uint64_t version = 0;  // of the tables; another one: the series may be gone
};

struct DictionaryEntry {
  std::string text;                               // of kinds Route, Alias, Cache
  std::shared_ptr<const model::JudgedSite> site;  // of kind Site; null: beyond the share of its user
  KnownSeries series;                             // of kind Route
};

class Dictionary {
 public:
  Dictionary() = default;
  ~Dictionary() { clear(); }
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  // Precondition of every other call but the destructor.
  void use(UserTables& tables) { tables_ = &tables; }

  // Errors: id_out_of_range.
  base::Status define_statement(std::uint32_t id, std::string_view sql, model::Vendor vendor);
  base::Status define_text(std::uint32_t id, EntryKind kind, std::string_view text);
  base::Status define_site(std::uint32_t id, model::Site site);

  // Errors: id_unknown, id_kind. Id 0 is always fine: nothing.
  [[nodiscard]] base::Status check(std::uint32_t id, EntryKind kind, const char* field) const;
  // By id, 0 for none included: a record is checked and resolved with one look at each.
  [[nodiscard]] std::span<const Meaning> meanings() const { return meanings_; }
  // Preconditions: check() was fine for this id.
  [[nodiscard]] Statement* statement(std::uint32_t id) const { return meanings_[id].statement; }
  [[nodiscard]] const std::shared_ptr<const model::JudgedSite>& site(std::uint32_t id) const {
    static const std::shared_ptr<const model::JudgedSite> kNone;
    return id == 0 ? kNone : entries_[id - 1].site;
  }
  [[nodiscard]] std::string_view text(std::uint32_t id) const {
    return id == 0 ? std::string_view{} : std::string_view(entries_[id - 1].text);
  }
  static constexpr std::uint8_t bit_of(EntryKind kind) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(kind));
  }
  [[nodiscard]] bool is(std::uint32_t id, EntryKind kind) const {
    return id < meanings_.size() && meanings_[id].kind == kind;
  }
  // Of the route with this id; id 0 has one as well.
  [[nodiscard]] KnownSeries& series_of(std::uint32_t id) { return id == 0 ? nameless_ : entries_[id - 1].series; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  void clear();

 private:
  void release(std::uint32_t id);
  base::Result<DictionaryEntry*> place(std::uint32_t id, EntryKind kind);

  UserTables* tables_ = nullptr;
  std::vector<DictionaryEntry> entries_;  // entries_[id - 1]
  static constexpr Meaning kNothing{.kinds = 0xff};
  std::vector<Meaning> meanings_{kNothing};  // meanings_[id]
  KnownSeries nameless_;
};

}  // namespace mercury::aggregate
