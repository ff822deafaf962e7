#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "proto/limits.h"
#include "wire/bytes.h"
#include "wire/data_frames.h"

namespace mercury::wire {
namespace {

using base::Error;
using model::Site;

enum class SiteTag : std::uint16_t { Frame = 1, Template, Flags = 8, Anchor = 15 };

// The fields that are nothing but a text, in the order of their tags.
struct TextField {
  std::uint16_t tag;
  std::string Site::*text;
};
constexpr TextField kTextFields[] = {
    {3, &Site::view},     {4, &Site::serializer_field}, {5, &Site::admin_column}, {6, &Site::operation},
    {7, &Site::relation}, {9, &Site::relation_kind},    {10, &Site::owner_table}, {11, &Site::model},
    {12, &Site::state},   {13, &Site::joins},           {14, &Site::path},        {16, &Site::ignore},
};

Error reserved_error(std::string_view where) {
  return {"frame_reserved", fmt::format("a reserved field of {} is not 0", where)};
}

constexpr std::size_t kFramesMax = 64;

// What an honest client cuts; without it, what is made of sites (suggestions, rows, a snapshot) had no bound.
bool texts_fit(const Site& site) {
  const auto fits = [](const std::string& text) {
    return text.size() <= static_cast<std::size_t>(limits::name_bytes_max);
  };
  return fits(site.template_name) && fits(site.anchor.file) &&
         std::ranges::all_of(kTextFields, [&](const TextField& field) { return fits(site.*field.text); }) &&
         std::ranges::all_of(site.frames, [&](const model::SiteFrame& frame) {
           return fits(frame.file) && fits(frame.module) && fits(frame.function);
         });
}

base::Status read_frame(ByteReader& in, Site& site) {
  if (site.frames.size() == kFramesMax) {
    return Error{"define_invalid", fmt::format("a site has more than {} frames", kFramesMax)};
  }
  model::SiteFrame frame;
  frame.line = in.take<std::uint32_t>();
  const auto flags = in.take<std::uint32_t>();  // u8 flags and three reserved bytes
  if ((flags >> 8U) != 0) return reserved_error("a site's frame");
  frame.application = (flags & 1U) != 0;
  frame.file = in.take_str16();
  frame.module = in.take_str16();
  frame.function = in.take_str16();
  site.frames.push_back(std::move(frame));
  return base::Done{};
}

base::Status read_anchor(ByteReader& in, Site& site) {
  model::Anchor& anchor = site.anchor;
  anchor.line = in.take<std::uint32_t>();
  anchor.column = in.take<std::uint32_t>();
  const auto kind = in.take<std::uint32_t>();  // u8 kind and three reserved bytes
  if ((kind >> 8U) != 0) return reserved_error("a site's anchor");
  // A kind of a later version: nothing that this version could insert there.
  anchor.kind = kind <= 2 ? static_cast<model::AnchorKind>(kind) : model::AnchorKind::None;
  anchor.file = in.take_str16();
  return base::Done{};
}

// One field's value into `site`; unknown tags are skipped.
base::Status read_field(std::uint16_t tag, std::string_view value, Site& site) {
  ByteReader in(std::as_bytes(std::span(value)));
  base::Status fine = base::Done{};
  switch (static_cast<SiteTag>(tag)) {
    case SiteTag::Frame: fine = read_frame(in, site); break;
    case SiteTag::Template:
      site.template_line = in.take<std::uint32_t>();
      site.template_name = in.take_str16();
      break;
    case SiteTag::Flags: site.flags = in.take<std::uint16_t>(); break;
    case SiteTag::Anchor: fine = read_anchor(in, site); break;
    default:
      for (const TextField& field : kTextFields) {
        if (field.tag == tag) site.*field.text = value;
      }
  }
  if (in.failed()) return Error{"define_invalid", fmt::format("field {} of a site is shorter than it says", tag)};
  return fine;
}

void put_str16(std::string& to, std::string_view text) {
  put_u16(to, static_cast<std::uint16_t>(text.size()));
  to += text;
}

void put_field(std::string& to, std::uint16_t tag, std::string_view value) {
  put_u16(to, tag);
  put_str16(to, value);
}
void put_field(std::string& to, SiteTag tag, std::string_view value) {
  put_field(to, static_cast<std::uint16_t>(tag), value);
}

void put_frame(std::string& to, const model::SiteFrame& frame) {
  std::string value;
  put_u32(value, frame.line);
  put_u32(value, frame.application ? 1 : 0);
  put_str16(value, frame.file);
  put_str16(value, frame.module);
  put_str16(value, frame.function);
  put_field(to, SiteTag::Frame, value);
}

void put_template(std::string& to, const Site& site) {
  if (site.template_line == 0 && site.template_name.empty()) return;
  std::string value;
  put_u32(value, site.template_line);
  put_str16(value, site.template_name);
  put_field(to, SiteTag::Template, value);
}

void put_flags(std::string& to, const Site& site) {
  if (site.flags == 0) return;
  std::string value;
  put_u16(value, site.flags);
  put_field(to, SiteTag::Flags, value);
}

void put_anchor(std::string& to, const Site& site) {
  if (site.anchor.kind == model::AnchorKind::None) return;
  std::string value;
  put_u32(value, site.anchor.line);
  put_u32(value, site.anchor.column);
  put_u32(value, static_cast<std::uint32_t>(site.anchor.kind));
  put_str16(value, site.anchor.file);
  put_field(to, SiteTag::Anchor, value);
}

void put_texts(std::string& to, const Site& site, std::uint16_t from, std::uint16_t up_to) {
  for (const TextField& field : kTextFields) {
    if (field.tag >= from && field.tag < up_to && !(site.*field.text).empty())
      put_field(to, field.tag, site.*field.text);
  }
}

}  // namespace

base::Result<model::Site> decode_site(std::string_view fields) {
  ByteReader in(std::as_bytes(std::span(fields)));
  Site out;
  while (in.left() > 0) {
    const auto tag = in.take<std::uint16_t>();
    const std::string_view value = in.take_str16();
    if (in.failed()) return Error{"define_invalid", fmt::format("field {} of a site ends past the frame", tag)};
    if (auto fine = read_field(tag, value, out); !fine) return fine.error();
  }
  if (!texts_fit(out)) {
    return Error{"define_invalid", fmt::format("a text of a site is longer than {} bytes", limits::name_bytes_max)};
  }
  return out;
}

std::string encode_site(const model::Site& site) {
  std::string out;
  for (const model::SiteFrame& frame : site.frames) put_frame(out, frame);
  put_template(out, site);
  put_texts(out, site, 3, 8);
  put_flags(out, site);
  put_texts(out, site, 9, 15);
  put_anchor(out, site);
  put_texts(out, site, 16, 17);
  return out;
}

}  // namespace mercury::wire
