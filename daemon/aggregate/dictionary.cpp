#include "aggregate/dictionary.h"

#include <fmt/format.h>

#include <array>

#include "proto/limits.h"

namespace mercury::aggregate {
namespace {

using base::Error;

constexpr std::array<std::string_view, 6> kKindNames{"nothing", "statement", "site", "route", "alias", "cache"};
std::string_view name_of(EntryKind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

}  // namespace

base::Result<DictionaryEntry*> Dictionary::place(std::uint32_t id, EntryKind kind) {
  const auto most = kind == EntryKind::Alias ? limits::alias_id_max : limits::dictionary_max;
  if (id == 0 || id > most) {
    return Error{"id_out_of_range", fmt::format("{} id {}, allowed are 1 to {}", name_of(kind), id, most)};
  }
  if (id > entries_.size() + 1) {
    return Error{"id_out_of_range", fmt::format("id {} leaves a gap, the next new id is {}", id, entries_.size() + 1)};
  }
  if (id == entries_.size() + 1) {
    entries_.emplace_back();
    meanings_.emplace_back();
  }
  release(id);
  entries_[id - 1] = DictionaryEntry{};
  meanings_[id] = Meaning{kind, bit_of(kind)};
  return &entries_[id - 1];
}

base::Status Dictionary::define_statement(std::uint32_t id, std::string_view sql, model::Vendor vendor) {
  if (auto entry = place(id, EntryKind::Statement); !entry) return entry.error();
  meanings_[id].statement = tables_->refer(sql, vendor);
  return base::Done{};
}

base::Status Dictionary::define_text(std::uint32_t id, EntryKind kind, std::string_view text) {
  auto entry = place(id, kind);
  if (!entry) return entry.error();
  if (tables_->dictionary_bytes + text.size() > static_cast<std::size_t>(limits::dictionary_user_bytes_max)) {
    return Error{"id_out_of_range", fmt::format("the names that user {} has defined take {} bytes, which is the limit",
                                                tables_->user(), limits::dictionary_user_bytes_max)};
  }
  (*entry)->text = text;
  tables_->dictionary_bytes += text.size();
  return base::Done{};
}

base::Status Dictionary::define_site(std::uint32_t id, model::Site site) {
  auto entry = place(id, EntryKind::Site);
  if (!entry) return entry.error();
  (*entry)->site = tables_->refer_site(std::move(site));
  meanings_[id].site = (*entry)->site.get();
  return base::Done{};
}

base::Status Dictionary::check(std::uint32_t id, EntryKind kind, const char* field) const {
  if (id == 0 || is(id, kind)) return base::Done{};
  if (id > entries_.size()) {
    return Error{"id_unknown", fmt::format("{} names id {}, {} are defined", field, id, entries_.size())};
  }
  return Error{"id_kind", fmt::format("{} names id {}, which is a {}, not a {}", field, id, name_of(meanings_[id].kind),
                                      name_of(kind))};
}

void Dictionary::release(std::uint32_t id) {
  if (meanings_[id].statement != nullptr) tables_->unrefer(meanings_[id].statement);
  tables_->dictionary_bytes -= entries_[id - 1].text.size();
}

void Dictionary::clear() {
  for (std::uint32_t id = 1; id <= entries_.size(); ++id) release(id);
  entries_.clear();
  meanings_.assign(1, kNothing);
  nameless_ = {};
}

}  // namespace mercury::aggregate
