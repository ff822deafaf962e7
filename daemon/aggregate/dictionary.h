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
#include <string>
#include <string_view>
#include <vector>

#include "aggregate/tables.h"
#include "base/result.h"
#include "model/vendor.h"

namespace mercury::aggregate {

enum class EntryKind : std::uint8_t { None, Statement, Site, Route, Alias, Cache };

struct DictionaryEntry {
  EntryKind kind = EntryKind::None;
  Statement* statement = nullptr;                 // of kind Statement
  std::string text;                               // of kinds Route, Alias, Cache
  std::shared_ptr<const model::JudgedSite> site;  // of kind Site; null: beyond the share of its user
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
  // Preconditions: check() was fine for this id.
  [[nodiscard]] Statement* statement(std::uint32_t id) const { return entries_[id - 1].statement; }
  [[nodiscard]] const std::shared_ptr<const model::JudgedSite>& site(std::uint32_t id) const {
    static const std::shared_ptr<const model::JudgedSite> kNone;
    return id == 0 ? kNone : entries_[id - 1].site;
  }
  [[nodiscard]] std::string_view text(std::uint32_t id) const {
    return id == 0 ? std::string_view{} : std::string_view(entries_[id - 1].text);
  }
  [[nodiscard]] bool is(std::uint32_t id, EntryKind kind) const {
    return id - 1 < entries_.size() && entries_[id - 1].kind == kind;
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  void clear();

 private:
  void release(DictionaryEntry& entry);
  base::Result<DictionaryEntry*> place(std::uint32_t id, EntryKind kind);

  UserTables* tables_ = nullptr;
  std::vector<DictionaryEntry> entries_;  // entries_[id - 1]
};

}  // namespace mercury::aggregate
