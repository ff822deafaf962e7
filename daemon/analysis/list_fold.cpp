#include "analysis/list_fold.h"

#include <algorithm>
#include <string_view>

namespace mercury::analysis {

bool ListFold::inside(Kind kind, std::size_t depth) const {
  return !lists_.empty() && lists_.back().kind == kind && lists_.back().depth == depth;
}

void ListFold::end_rows_unless(bool goes_on) {
  if (!goes_on && !lists_.empty() && lists_.back().between_rows) lists_.pop_back();
}

void ListFold::open(Kind kind, std::size_t depth) {
  lists_.push_back({.kind = kind, .depth = depth, .separator = out_.size(), .element = out_.size(), .kept = {}});
}

void ListFold::before_close(std::size_t depth) {
  if (!inside(Kind::Elements, depth)) return;
  end_element();
  lists_.pop_back();
}

void ListFold::after_close(std::size_t depth) {
  if (!inside(Kind::Rows, depth)) return;
  end_element();
  lists_.back().between_rows = true;
}

void ListFold::before_comma(std::size_t depth) {
  if (inside(Kind::Elements, depth)) {
    end_element();
  } else if (!inside(Kind::Rows, depth)) {
    return;
  }
  lists_.back().separator = out_.size();
}

void ListFold::after_comma(std::size_t depth) {
  if (lists_.empty() || lists_.back().depth != depth) return;
  lists_.back().element = out_.size();
  lists_.back().between_rows = false;
}

void ListFold::end_element() {
  List& list = lists_.back();
  std::size_t start = list.element;
  if (start < out_.size() && out_[start] == ' ') ++start;
  const std::string_view written = out_;
  const std::string_view element = written.substr(start);
  const auto reads_alike = [&](const auto& kept) { return written.substr(kept.first, kept.second) == element; };
  if (std::any_of(list.kept.begin(), list.kept.end(), reads_alike)) {
    out_.resize(list.separator);
  } else if (list.kept.size() < kElementsRemembered) {
    list.kept.emplace_back(start, element.size());
  }
}

void ListFold::finish() {
  for (; !lists_.empty(); lists_.pop_back()) {
    const List& list = lists_.back();
    if (!list.between_rows && !list.kept.empty()) out_.resize(list.kept.front().first + list.kept.front().second);
  }
}

}  // namespace mercury::analysis
